package fluidml.emit.jvm;

import fluidml.loop.Kernel;
import fluidml.loop.Procedure;
import fluidml.loop.Stmt;
import fluidml.loop.Walk;
import java.util.HashSet;
import java.util.Set;

/**
 * How long the loops of a procedure run in a warm-up.
 *
 * <p>The JVM compiles a method with C2 when it was called 600 times and went round its loops 15,000
 * times in all; the launchers' options make that 13 calls and 105 rounds. A method that goes round
 * 40,000 times before it was called that often is compiled twice: first a variant that is entered
 * in the middle of the loop, which takes longer to compile than the method itself and is of no use
 * afterwards. Few rounds for each call avoid that, and with the launchers' options the least
 * interpreted work is what both numbers ask for: eight rounds a call.
 *
 * <p>A loop that ends early accesses less than the whole loop, but leaves results undone. Those may
 * be any numbers, but not what somebody uses as an index: procedures that write int32 or int64
 * always run whole.
 */
final class BriefLoops {
  private static final int ROUNDS = 8;

  private BriefLoops() {}

  /**
   * Iterations of every loop such that one call goes round about 8 times, at least 2; 0 if loops
   * must not end early.
   */
  static int iterations(Kernel kernel, Procedure procedure) {
    if (writesIndices(kernel, procedure)) {
      return 0;
    }
    int iterations = ROUNDS;
    while (iterations > 2 && rounds(procedure.body(), iterations) > ROUNDS) {
      iterations--;
    }
    return iterations;
  }

  private static boolean writesIndices(Kernel kernel, Procedure procedure) {
    Set<String> written = new HashSet<>();
    Walk.visit(
        procedure.body(),
        statement -> {
          if (statement instanceof Stmt.Store store) {
            written.add(store.buffer());
          }
        },
        _ -> {});
    return kernel.buffers().stream()
        .anyMatch(buffer -> buffer.mayHoldIndices() && written.contains(buffer.name()));
  }

  private static long rounds(Stmt.Block block, int iterations) {
    long rounds = 0;
    for (Stmt statement : block.statements()) {
      rounds +=
          switch (statement) {
            case Stmt.Block b -> rounds(b, iterations);
            case Stmt.For f ->
                f.kind() == Stmt.LoopKind.UNROLLED
                    ? rounds(f.body(), iterations)
                    : iterations * (1 + rounds(f.body(), iterations));
            case Stmt.If i ->
                Math.max(rounds(i.whenTrue(), iterations), rounds(i.whenFalse(), iterations));
            case Stmt.Declare _,
                Stmt.Assign _,
                Stmt.Store _,
                Stmt.Require _,
                Stmt.ByteTile _,
                Stmt.Call _ ->
                0;
          };
    }
    return rounds;
  }
}
