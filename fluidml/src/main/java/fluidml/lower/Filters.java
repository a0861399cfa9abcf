package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.PanelSchedule;
import fluidml.loop.schedule.TileShape;
import fluidml.tensor.Dim;
import java.util.List;

/** The filters of a convolution as panels. */
final class Filters {
  private Filters() {}

  /**
   * The packed filters as an input of the call; if they are not constant, packed by another call.
   */
  static Buffer panels(
      Node node,
      ConvolutionShape shape,
      TileShape tile,
      Lowering.Context context,
      CallBuilder call,
      List<KernelCall> before) {
    Value filters = node.input(1);
    if (context.constant(filters).isPresent()) {
      return call.packed(
          filters.dtype(), FilterPanels.of(shape, tile.columns(), tile.lanes()), filters);
    }
    Dim elements = Dim.of(shape.groups() * shape.paddedFilters(tile.columns()) * shape.depth());
    Value packed = context.temporary(filters.name() + ".panels", filters.dtype(), elements);
    CallBuilder packing = new CallBuilder("PackFilters");
    View view = context.view(filters);
    BufferView from = packing.read(view);
    Buffer to = packing.write(View.rowMajor(packed)).buffer();
    PanelSchedule.Problem problem =
        new PanelSchedule.Problem(
            from.buffer(),
            e ->
                from.index(
                    Windows.indices(
                        shape.index(e.group(), e.filter(), e.channel()), e.tap(), packing, view)),
            to,
            packing.parameter(Dim.of(shape.groups())),
            packing.parameter(Dim.of(shape.filters())),
            packing.parameter(Dim.of(shape.channels())),
            packing.parameter(Dim.of(shape.taps())),
            tile.columns(),
            tile.lanes());
    Nest nest = PanelSchedule.write(problem);
    before.add(packing.build("PackFilters", List.of(node), elements, nest.extent(), nest.entry()));
    return call.read(View.rowMajor(packed)).buffer();
  }
}
