package fluidml.vm;

import fluidml.graph.Value;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.memory.order.OrderProblem;
import fluidml.memory.order.OrderSearch;
import fluidml.memory.order.OrderSolution;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Chooses the order of a program's steps that needs least memory. Extents that are not known yet
 * count as {@link #EXTENT}: sizes of tensors relative to each other depend little on it, and a
 * binding compares both orders with the true extents.
 */
final class OrderChoice {
  /** The value of every symbolic extent. */
  private static final long EXTENT = 64;

  private OrderChoice() {}

  /**
   * The chosen order beside the given one.
   *
   * @param overwrite whether results may take the place of operands
   * @return nothing if sizes cannot be computed
   */
  static Optional<OrderSolution> choose(
      LoweredProgram program, ArenaRoots roots, boolean overwrite) {
    try {
      return Optional.of(OrderSearch.solve(problem(program, roots, overwrite)));
    } catch (ArithmeticException e) {
      // An extent that divides by another one or overflows for these numbers.
      return Optional.empty();
    }
  }

  /** Steps and buffers of a program as an ordering problem. */
  static OrderProblem problem(LoweredProgram program, ArenaRoots roots, boolean overwrite) {
    List<Value> outputs =
        program.graph().outputs().stream()
            .filter(program.storage()::isPlannable)
            .map(v -> program.storage().view(v).root())
            .toList();
    List<OrderProblem.Item> buffers = new ArrayList<>();
    for (int i = 0; i < roots.count(); i++) {
      Value root = roots.root(i);
      long bytes = Math.max(0, number(Storage.bytes(root)));
      boolean input = program.graph().inputs().contains(root);
      buffers.add(new OrderProblem.Item(bytes, input, outputs.contains(root)));
    }
    StepGraph graph = new StepGraph(program);
    List<OrderProblem.Step> steps = new ArrayList<>();
    for (int i = 0; i < program.steps().size(); i++) {
      Step step = program.steps().get(i);
      List<OrderProblem.Overwrite> overwrites =
          StepGraph.overwrites(step, roots).stream()
              .filter(o -> overwrite && !program.graph().inputs().contains(roots.root(o.operand())))
              .map(o -> new OrderProblem.Overwrite(o.operand(), o.result()))
              .toList();
      List<Integer> touches = IntStream.of(roots.touched(i)).boxed().toList();
      steps.add(new OrderProblem.Step(graph.before(i), touches, overwrites, scratch(step)));
    }
    return new OrderProblem(buffers, steps);
  }

  private static long scratch(Step step) {
    if (!(step instanceof Step.Call(KernelCall call))) {
      return 0;
    }
    long[] sizes = call.sizes().stream().mapToLong(OrderChoice::number).toArray();
    return Math.max(0, call.kernel().scratchBytes(sizes));
  }

  /** An extent with every symbol at {@link #EXTENT}. */
  static long number(Dim dim) {
    return dim.evaluate(_ -> EXTENT);
  }
}
