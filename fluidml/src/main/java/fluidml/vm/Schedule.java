package fluidml.vm;

import fluidml.graph.Value;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.memory.Buffer;
import fluidml.memory.MemoryProblem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One order of a program's steps, and when each buffer of the arena is live in it: inputs from time
 * 0, the step at place i at time i + 1, outputs to the end. A result that takes an operand's place
 * shares its buffer; private memory of a kernel is a buffer that lives for its step.
 */
final class Schedule {
  /** No buffer. */
  static final int NONE = -1;

  /** In the names of buffers that are private memory of a kernel. */
  static final String SCRATCH = ":scratch of ";

  private final int[] order;
  private final int[] bufferOf;
  private final int[] scratchOf;
  private final int[] externalOf;
  private final int[] first;
  private final int[] last;
  private final MemoryProblem problem;

  private Schedule(
      int[] order,
      int[] bufferOf,
      int[] scratchOf,
      int[] externalOf,
      int[] first,
      int[] last,
      MemoryProblem problem) {
    this.order = order;
    this.first = first;
    this.last = last;
    this.bufferOf = bufferOf;
    this.scratchOf = scratchOf;
    this.externalOf = externalOf;
    this.problem = problem;
  }

  /**
   * Finds the lifespans.
   *
   * @param order numbers of the steps as they run
   * @param overwrite whether results may take the place of operands
   */
  static Schedule of(LoweredProgram program, ArenaRoots roots, int[] order, boolean overwrite) {
    int n = roots.count();
    int end = order.length + 1;
    int[] first = new int[n];
    int[] last = new int[n];
    Arrays.fill(first, -1);
    for (Value input : program.graph().inputs()) {
      int root = roots.of(input);
      if (root >= 0) {
        first[root] = 0;
      }
    }
    for (int place = 0; place < order.length; place++) {
      for (int root : roots.touched(order[place])) {
        first[root] = first[root] < 0 ? place + 1 : first[root];
        last[root] = place + 1;
      }
    }
    for (Value output : program.graph().outputs()) {
      if (program.storage().isPlannable(output)) {
        int root = roots.of(program.storage().view(output).root());
        if (root >= 0) {
          first[root] = first[root] < 0 ? 0 : first[root];
          last[root] = end;
        }
      }
    }
    int[] takes = overwrite ? overwrites(program, roots, order, first, last) : none(n);
    return merged(program, roots, order, first, last, takes);
  }

  private static int[] none(int n) {
    int[] none = new int[n];
    Arrays.fill(none, NONE);
    return none;
  }

  /** For each root the one whose place it takes. */
  private static int[] overwrites(
      LoweredProgram program, ArenaRoots roots, int[] order, int[] first, int[] last) {
    int[] takes = none(roots.count());
    boolean[] taken = new boolean[takes.length];
    for (int place = 0; place < order.length; place++) {
      for (KernelCall.Overwrite o :
          StepGraph.overwrites(program.steps().get(order[place]), roots)) {
        int from = o.operand();
        int to = o.result();
        boolean dies = last[from] == place + 1;
        boolean born = first[to] == place + 1;
        boolean input = roots.external(from) != ArenaRoots.INTERNAL;
        if (dies
            && born
            && !input
            && !taken[from]
            && takes[to] == NONE
            && Storage.bytes(roots.root(from)).equals(Storage.bytes(roots.root(to)))) {
          takes[to] = from;
          taken[from] = true;
        }
      }
    }
    return takes;
  }

  private static Schedule merged(
      LoweredProgram program, ArenaRoots roots, int[] order, int[] first, int[] last, int[] takes) {
    int n = roots.count();
    int[] bufferOf = none(n);
    List<List<Integer>> members = new ArrayList<>();
    Integer[] byFirst = new Integer[n];
    Arrays.setAll(byFirst, i -> i);
    Arrays.sort(byFirst, (a, b) -> Integer.compare(first[a], first[b]));
    for (int root : byFirst) {
      if (takes[root] == NONE) {
        bufferOf[root] = members.size();
        members.add(new ArrayList<>());
      } else {
        bufferOf[root] = bufferOf[takes[root]];
      }
      members.get(bufferOf[root]).add(root);
    }
    List<Buffer> buffers = new ArrayList<>();
    List<Integer> externals = new ArrayList<>();
    for (List<Integer> group : members) {
      int lower = Integer.MAX_VALUE;
      int upper = 0;
      int external = ArenaRoots.INTERNAL;
      StringBuilder name = new StringBuilder().append(buffers.size()).append(':');
      for (int root : group) {
        lower = Math.min(lower, first[root]);
        upper = Math.max(upper, Math.max(first[root], last[root]) + 1);
        external = Math.max(external, roots.external(root));
        name.append(name.charAt(name.length() - 1) == ':' ? "" : " > ");
        name.append(roots.root(root).name());
      }
      buffers.add(Buffer.of(name.toString(), lower, upper, 0).aligned(NativeBuffer.ALIGNMENT));
      externals.add(external);
    }
    int[] scratchOf = none(program.steps().size());
    for (int place = 0; place < order.length; place++) {
      int step = order[place];
      if (program.steps().get(step) instanceof Step.Call(KernelCall call)
          && !call.kernel().scratchBuffers().isEmpty()) {
        scratchOf[step] = buffers.size();
        buffers.add(
            Buffer.of(buffers.size() + SCRATCH + call.label(), place + 1, place + 2, 0)
                .aligned(NativeBuffer.ALIGNMENT));
        externals.add(ArenaRoots.INTERNAL);
      }
    }
    return new Schedule(
        order,
        bufferOf,
        scratchOf,
        externals.stream().mapToInt(Integer::intValue).toArray(),
        first,
        last,
        MemoryProblem.of(buffers));
  }

  /** The number of the step at a place. */
  int step(int place) {
    return order[place];
  }

  /** The numbers of the steps as they run. */
  int[] order() {
    return order.clone();
  }

  /** When a root is live: from the first time to before the second. */
  int[] life(int root) {
    return new int[] {first[root], Math.max(first[root], last[root]) + 1};
  }

  /** The buffer of a root. */
  int bufferOf(int root) {
    return bufferOf[root];
  }

  /** The buffer of a step's private memory, or {@link #NONE}. */
  int scratchOf(int step) {
    return scratchOf[step];
  }

  /** Which memory of the caller a buffer may lie in, or {@link ArenaRoots#INTERNAL}. */
  int externalOf(int buffer) {
    return externalOf[buffer];
  }

  /** The lifespans; all sizes are 0. */
  MemoryProblem problem() {
    return problem;
  }
}
