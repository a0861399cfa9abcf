package fluidml.vm;

import fluidml.graph.Value;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.memory.order.OrderProblem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Computes cheap tensors again instead of keeping them over the peak: a kernel call whose result is
 * live at the peak but not used there, and whose operands are there anyway when it is needed next,
 * is repeated before that use. The same kernel on the same operands gives the same bits.
 *
 * <p>Greedy: of all such calls the one that lowers the peak most, or the number of steps at the
 * peak, is repeated, until none does. Costs time in each run, so somebody has to ask for it.
 */
final class Recomputation {
  /** A call is cheap if it does at most this many operations for a byte of its result. */
  private static final long OPERATIONS_PER_BYTE = 16;

  private static final int MOST_REPEATED = 256;

  /** Programs that may be compared. */
  private static final int BUDGET = 20_000;

  /** In the names of results of repeated calls. */
  private static final String AGAIN = ":again";

  private final boolean overwrite;
  private LoweredProgram program;
  private OrderProblem problem;
  private ArenaRoots roots;
  private int[] first;
  private int[] last;
  private Peak peak;
  private int repeated;
  private int tried;

  /** The largest memory of any step, and at how many steps. */
  private record Peak(long bytes, long steps, int[] at) {
    boolean isBelow(Peak other) {
      return bytes < other.bytes || (bytes == other.bytes && steps < other.steps);
    }
  }

  private Recomputation(LoweredProgram program, boolean overwrite) {
    this.overwrite = overwrite;
    set(program);
  }

  /**
   * The program with calls repeated; empty if that does not lower its need for memory, or sizes
   * cannot be computed.
   *
   * @param order the order of the steps to start from
   * @param overwrite whether results may take the place of operands
   */
  static Optional<LoweredProgram> of(LoweredProgram program, int[] order, boolean overwrite) {
    List<Step> steps = IntStream.of(order).mapToObj(program.steps()::get).toList();
    try {
      return new Recomputation(with(program, steps), overwrite).run();
    } catch (ArithmeticException e) {
      // An extent that divides by another one or overflows for the numbers that are assumed.
      return Optional.empty();
    }
  }

  private static LoweredProgram with(LoweredProgram program, List<Step> steps) {
    return new LoweredProgram(
        program.graph(),
        program.storage(),
        steps,
        program.requirements(),
        program.slices(),
        program.target());
  }

  private Optional<LoweredProgram> run() {
    long before = peak.bytes;
    Optional<LoweredProgram> best = Optional.empty();
    long least = before;
    while (repeated < MOST_REPEATED && tried < BUDGET && improve()) {
      repeated++;
      if (peak.bytes < least) {
        least = peak.bytes;
        best = Optional.of(program);
      }
    }
    return best;
  }

  private void set(LoweredProgram next) {
    program = next;
    roots = new ArenaRoots(program);
    problem = OrderChoice.problem(program, roots, overwrite);
    int n = roots.count();
    first = new int[n];
    last = new int[n];
    Arrays.fill(first, -1);
    for (int step = 0; step < problem.steps().size(); step++) {
      for (int root : problem.steps().get(step).touches()) {
        first[root] = first[root] < 0 ? step : first[root];
        last[root] = step;
      }
    }
    peak = peak(problem);
  }

  private static Peak peak(OrderProblem problem) {
    long[] live = problem.live(problem.given());
    long most = Arrays.stream(live).max().orElse(0);
    int[] at = IntStream.range(0, live.length).filter(i -> live[i] == most).toArray();
    return new Peak(most, at.length, at);
  }

  /** Repeats the call that helps most. */
  private boolean improve() {
    LoweredProgram chosen = null;
    Peak lowest = peak;
    int time = peak.at.length == 0 ? 0 : peak.at[0];
    for (int root = 0; root < roots.count(); root++) {
      Optional<LoweredProgram> candidate = without(root, time);
      if (candidate.isEmpty() || tried >= BUDGET) {
        continue;
      }
      tried++;
      ArenaRoots theirs = new ArenaRoots(candidate.get());
      Peak next = peak(OrderChoice.problem(candidate.get(), theirs, overwrite));
      if (next.isBelow(lowest)) {
        lowest = next;
        chosen = candidate.get();
      }
    }
    if (chosen == null) {
      return false;
    }
    set(chosen);
    return true;
  }

  /** The program in which a root is not live at a step, because it is computed again after it. */
  private Optional<LoweredProgram> without(int root, int time) {
    boolean kept = problem.buffers().get(root).fromStart() || problem.buffers().get(root).toEnd();
    if (kept || first[root] >= time || last[root] <= time || touches(time, root)) {
      return Optional.empty();
    }
    Optional<KernelCall> writer = onlyWriter(root);
    int next = time + 1;
    while (!touches(next, root)) {
      next++;
    }
    if (writer.isEmpty()
        || !isCheap(writer.get(), root)
        || !operandsThere(writer.get(), root, next)) {
      return Optional.empty();
    }
    Value old = roots.root(root);
    Value again = new Value(old.name() + AGAIN + repeated, old.type());
    List<Step> steps = new ArrayList<>(program.steps());
    for (int i = next; i < steps.size(); i++) {
      if (touches(i, root)) {
        steps.set(i, new Step.Call(renamed(((Step.Call) steps.get(i)).call(), old, again)));
      }
    }
    steps.add(next, new Step.Call(renamed(writer.get(), old, again)));
    return Optional.of(with(program, steps));
  }

  private boolean touches(int step, int root) {
    return problem.steps().get(step).touches().contains(root);
  }

  /** The one call that writes a root, if nothing but calls touch it and it writes nothing else. */
  private Optional<KernelCall> onlyWriter(int root) {
    Value value = roots.root(root);
    KernelCall writer = null;
    for (int i = first[root]; i <= last[root]; i++) {
      if (!touches(i, root)) {
        continue;
      }
      if (!(program.steps().get(i) instanceof Step.Call(KernelCall call))) {
        return Optional.empty();
      }
      Set<Value> written = written(call);
      if (written.contains(value)) {
        if (writer != null || written.size() > 1 || i != first[root]) {
          return Optional.empty();
        }
        writer = call;
      }
    }
    return Optional.ofNullable(writer);
  }

  private static Set<Value> written(KernelCall call) {
    Set<Value> written = new HashSet<>();
    for (int i = 0; i < call.arguments().size(); i++) {
      if (call.kernel().frameBuffers().get(i).access().canWrite()
          && call.arguments().get(i) instanceof Argument.Memory memory) {
        written.add(memory.root());
      }
    }
    return written;
  }

  private boolean isCheap(KernelCall call, int root) {
    long bytes = problem.buffers().get(root).bytes();
    return OrderChoice.number(call.work()) <= OPERATIONS_PER_BYTE * bytes;
  }

  /** Whether everything the call reads is there when it runs again, without living longer. */
  private boolean operandsThere(KernelCall call, int root, int next) {
    for (Argument argument : call.arguments()) {
      if (argument instanceof Argument.Memory(Value value, var _)) {
        int operand = roots.of(value);
        boolean there =
            operand < 0
                || operand == root
                || problem.buffers().get(operand).fromStart()
                || problem.buffers().get(operand).toEnd()
                || last[operand] >= next;
        if (!there || (operand >= 0 && operand != root && overwritten(operand, root, next))) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether a step between the one that writes a root and a later one writes an operand. */
  private boolean overwritten(int operand, int root, int next) {
    for (int i = first[root] + 1; i < next; i++) {
      boolean writes =
          switch (program.steps().get(i)) {
            case Step.Call(KernelCall call) -> written(call).contains(roots.root(operand));
            case Step.Interpret _, Step.Fill _ -> touches(i, operand);
          };
      if (writes) {
        return true;
      }
    }
    return false;
  }

  private static KernelCall renamed(KernelCall call, Value old, Value again) {
    List<Argument> arguments =
        call.arguments().stream()
            .map(
                a ->
                    a instanceof Argument.Memory(Value root, var offset) && root.equals(old)
                        ? new Argument.Memory(again, offset)
                        : a)
            .toList();
    return new KernelCall(
        call.label(),
        call.kernel(),
        arguments,
        call.sizes(),
        call.nodes(),
        call.work(),
        call.overwrites());
  }
}
