package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.PanelSchedule;
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
      long groups,
      int columns,
      Lowering.Context context,
      CallBuilder call,
      List<KernelCall> before) {
    Value filters = node.input(1);
    if (context.constant(filters).isPresent()) {
      return call.packed(filters.dtype(), new FilterPanels(groups, columns), filters);
    }
    List<Dim> w = filters.shape().dims();
    long taps = taps(w);
    Dim perGroup = w.get(0).floorDiv(groups);
    Dim padded = perGroup.ceilDiv(Dim.of(columns)).times(columns);
    Dim elements = padded.times(groups).times(w.get(1)).times(taps);
    Value packed = context.temporary(filters.name() + ".panels", filters.dtype(), elements);
    CallBuilder packing = new CallBuilder("PackFilters");
    View flat = context.view(filters);
    BufferView from = packing.read(flat);
    Buffer to = packing.write(View.rowMajor(packed)).buffer();
    PanelSchedule.Problem problem =
        new PanelSchedule.Problem(
            from.buffer(),
            e ->
                from.index(
                    Windows.indices(List.of(e.filter(), e.channel()), e.tap(), packing, flat)),
            to,
            packing.parameter(Dim.of(groups)),
            packing.parameter(perGroup),
            packing.parameter(w.get(1)),
            packing.parameter(Dim.of(taps)),
            columns);
    Nest nest = PanelSchedule.write(problem);
    before.add(packing.build("PackFilters", List.of(node), elements, nest.extent(), nest.entry()));
    return call.read(View.rowMajor(packed)).buffer();
  }

  private static long taps(List<Dim> w) {
    return w.subList(2, w.size()).stream()
        .mapToLong(d -> d.constant().orElseThrow())
        .reduce(1, (a, b) -> a * b);
  }
}
