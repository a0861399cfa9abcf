package fluidml.vm;

import fluidml.error.VerificationException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import java.util.List;

/**
 * The obvious check that a plan never loses a tensor that is still needed: walks the steps, notes
 * whose bytes each write covers, and refuses a read of bytes that somebody else has written since.
 * Looks at addresses only, neither at lifespans nor at the reasons for sharing a place, so it finds
 * wrong ones of both. A result in an operand's place is fine only where the kernel promises to read
 * before it writes.
 */
final class ShadowCheck {
  private static final String PHASE = "memory planning";

  /** Stands for the address of memory of the caller, far from every offset. */
  private static final long CALLER = Long.MIN_VALUE / 2;

  private final Executable executable;
  private final ArenaPlan plan;
  private final long[] begin;
  private final long[] end;
  private final int[] lostTo;
  private final boolean[] written;

  private ShadowCheck(Executable executable, ArenaPlan plan, long[] values) {
    this.executable = executable;
    this.plan = plan;
    int n = executable.roots().count();
    begin = new long[n];
    end = new long[n];
    lostTo = new int[n];
    written = new boolean[n];
    for (int i = 0; i < n; i++) {
      int buffer = plan.schedule().bufferOf(i);
      long base =
          plan.isDirect(buffer)
              ? CALLER + ((long) plan.schedule().externalOf(buffer) << 40)
              : plan.plan().offset(buffer);
      begin[i] = base;
      end[i] = base + values[executable.rootByteDims()[i]];
      lostTo[i] = -1;
    }
  }

  /**
   * Checks.
   *
   * @param values the numbers behind the program's dims
   * @throws VerificationException naming the tensor that is lost, the step that overwrites it and
   *     the one that reads it
   */
  static void check(Executable executable, ArenaPlan plan, long[] values) {
    new ShadowCheck(executable, plan, values).run();
  }

  private void run() {
    int steps = executable.instructions().size();
    executable.program().graph().inputs().forEach(v -> write(root(v), -1));
    for (int place = 0; place < steps; place++) {
      int number = plan.schedule().step(place);
      Step step = executable.program().steps().get(number);
      switch (step) {
        case Step.Call(KernelCall call) -> call(call, number);
        case Step.Interpret interpret -> {
          interpret.node().inputs().forEach(v -> read(root(v), number));
          interpret.node().outputs().forEach(v -> write(root(v), number));
        }
        case Step.Fill fill -> write(root(fill.value()), number);
      }
    }
    Graph graph = executable.program().graph();
    graph.outputs().forEach(v -> read(root(v), steps));
  }

  private int root(Value value) {
    Storage storage = executable.program().storage();
    return storage.isPlannable(value) ? executable.roots().of(storage.view(value).root()) : -1;
  }

  private void call(KernelCall call, int number) {
    List<Argument> arguments = call.arguments();
    for (int i = 0; i < arguments.size(); i++) {
      if (call.kernel().frameBuffers().get(i).access().canRead()) {
        read(root(arguments.get(i)), number);
      }
    }
    for (int i = 0; i < arguments.size(); i++) {
      if (call.kernel().frameBuffers().get(i).access().canWrite()) {
        int written = root(arguments.get(i));
        for (int k = 0; k < arguments.size(); k++) {
          int other = root(arguments.get(k));
          boolean promised = call.overwrites().contains(new KernelCall.Overwrite(k, i));
          if (other >= 0
              && other != written
              && overlap(other, written)
              && !(promised && begin[other] == begin[written])) {
            throw lost(other, number, number);
          }
        }
        write(written, number);
      }
    }
    int scratch = plan.schedule().scratchOf(number);
    if (scratch != Schedule.NONE) {
      long from = plan.plan().offset(scratch);
      long to = from + plan.problem().bytes(scratch);
      for (Argument argument : arguments) {
        int root = root(argument);
        if (root >= 0 && begin[root] < to && from < end[root]) {
          throw lost(root, number, number);
        }
      }
      clobber(from, to, number, -1);
    }
  }

  private int root(Argument argument) {
    return switch (argument) {
      case Argument.Memory memory -> executable.roots().of(memory.root());
      case Argument.Packed _ -> -1;
    };
  }

  private void read(int root, int step) {
    if (root >= 0 && written[root] && lostTo[root] >= 0 && begin[root] < end[root]) {
      throw lost(root, lostTo[root], step);
    }
  }

  private void write(int root, int step) {
    if (root >= 0) {
      clobber(begin[root], end[root], step, root);
      lostTo[root] = written[root] ? lostTo[root] : -1;
      written[root] = true;
    }
  }

  private void clobber(long from, long to, int step, int writer) {
    for (int i = 0; i < begin.length; i++) {
      if (i != writer && begin[i] < to && from < end[i] && lostTo[i] < 0) {
        lostTo[i] = Math.max(0, step);
      }
    }
  }

  private boolean overlap(int a, int b) {
    return begin[a] < end[b] && begin[b] < end[a];
  }

  private VerificationException lost(int root, int writer, int reader) {
    return new VerificationException(
        PHASE,
        "tensor '" + executable.roots().root(root).name() + "'",
        "step %d overwrites it before step %d reads it".formatted(writer, reader));
  }
}
