package fluidml.lower;

import fluidml.graph.Graph;
import fluidml.graph.infer.Requirements;
import fluidml.loop.Target;
import fluidml.tensor.Dim;
import java.util.List;

/**
 * A graph turned into steps: shape-generic, nothing bound yet.
 *
 * @param graph the optimised graph
 * @param storage where every value lies
 * @param steps in execution order
 * @param requirements what must hold of the input shapes beyond the declared ones
 * @param slices the conditions under which slices lie inside what they cut
 * @param target the machine the kernels are for
 */
public record LoweredProgram(
    Graph graph,
    Storage storage,
    List<Step> steps,
    List<Requirement> requirements,
    List<Requirements.Inside> slices,
    Target target) {
  public LoweredProgram {
    slices = List.copyOf(slices);
    steps = List.copyOf(steps);
    requirements = List.copyOf(requirements);
  }

  /**
   * Two extents that must be equal for the steps to be right. Shape inference assumes it where two
   * symbolic extents meet in a broadcast.
   *
   * @param where the node that needs it
   */
  public record Requirement(String where, Dim left, Dim right) {}

  /** Steps that run on the interpreter. */
  public List<Step.Interpret> fallbacks() {
    return steps.stream()
        .filter(Step.Interpret.class::isInstance)
        .map(Step.Interpret.class::cast)
        .toList();
  }
}
