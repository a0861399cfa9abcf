package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.PanelSchedule;
import fluidml.tensor.Dim;
import java.util.List;

/** Weights as {@link FilterPanels}, packed at compile time if they are constant. */
final class PackedPanels {
  private PackedPanels() {}

  /** Where an element of the panels lies in the weights, as a kernel that packs them sees it. */
  @FunctionalInterface
  interface Place {
    List<Expr> indices(PanelSchedule.Element element, CallBuilder packing, View weights);
  }

  /**
   * The panels as an input of the call; if the weights are not constant, packed by another call.
   *
   * @param label of that other call
   * @param before takes it
   */
  static Buffer of(
      Node node,
      Value weights,
      FilterPanels panels,
      String label,
      Place place,
      Lowering.Context context,
      CallBuilder call,
      List<KernelCall> before) {
    if (context.constant(weights).isPresent()) {
      return call.packed(weights.dtype(), panels, weights);
    }
    Dim elements = Dim.of(panels.elements());
    Value packed = context.temporary(weights.name() + ".panels", weights.dtype(), elements);
    CallBuilder packing = new CallBuilder(label);
    View view = context.view(weights);
    BufferView from = packing.read(view);
    Buffer to = packing.write(View.rowMajor(packed)).buffer();
    PanelSchedule.Problem problem =
        new PanelSchedule.Problem(
            from.buffer(),
            e -> from.index(place.indices(e, packing, view)),
            to,
            packing.parameter(Dim.of(panels.groups())),
            packing.parameter(Dim.of(panels.filters())),
            packing.parameter(Dim.of(panels.channels())),
            packing.parameter(Dim.of(panels.taps())),
            panels.columns(),
            panels.lanes());
    Nest nest = PanelSchedule.write(problem);
    before.add(packing.build(label, List.of(node), elements, nest.extent(), nest.entry()));
    return call.read(View.rowMajor(packed)).buffer();
  }
}
