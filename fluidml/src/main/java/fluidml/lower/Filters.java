package fluidml.lower;

import fluidml.graph.Node;
import fluidml.loop.Buffer;
import fluidml.loop.schedule.TileShape;
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
    return PackedPanels.of(
        node,
        node.input(1),
        FilterPanels.of(shape, tile.columns(), tile.lanes()),
        "PackFilters",
        (e, packing, view) ->
            Windows.indices(
                shape.index(e.group(), e.filter(), e.channel()), e.tap(), packing, view),
        context,
        call,
        before);
  }
}
