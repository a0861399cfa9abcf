package fluidml.emit.jvm;

import fluidml.loop.Expr;
import fluidml.loop.Register;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.loop.Walk;
import java.util.HashSet;
import java.util.Set;

/**
 * How far the counter of a loop goes with each turn.
 *
 * <p>A micro-kernel whose sums fill the registers must be compiled as it is written. Where a
 * machine has 16 vector registers, C2 spoils it in two ways: it writes four turns as one, unless
 * the counter's stride is large ({@code LoopNode::policy_unroll}), and it loads elements of the
 * left operand one after the other before there is anything to multiply them with. Both end when
 * the counter counts bytes of the panel: the panel's address is then at hand at once, those of
 * broadcast elements come two instructions later. Without, two of twelve sums are kept on the
 * stack, at half of the speed.
 */
final class PacedLoops {
  /** What the counter of such a loop counts for each unit of the variable: bytes of two vectors. */
  private static final int PACE = 64;

  /** From this many sums on a loop is better left alone by C2. */
  private static final int MANY_SUMS = 4;

  private PacedLoops() {}

  /** What a loop's counter counts for each unit of its variable: a power of two. */
  static int pace(Stmt.For loop, Target target) {
    boolean few = target.vectorBits() > 0 && target.vectorRegisters() == 16;
    return few && sums(loop.body()) >= MANY_SUMS ? PACE : 1;
  }

  /** Vectors that a loop without loops in it adds products to. */
  private static int sums(Stmt.Block body) {
    Set<Register> sums = new HashSet<>();
    boolean[] nested = {false};
    Walk.visit(
        body,
        statement -> {
          if (statement instanceof Stmt.Assign a && isVectorProduct(a.value())) {
            sums.add(a.register());
          }
          nested[0] |= statement instanceof Stmt.For || statement instanceof Stmt.Call;
        },
        _ -> {});
    return nested[0] ? 0 : sums.size();
  }

  private static boolean isVectorProduct(Expr expr) {
    return expr.type().isVector() && expr instanceof Expr.Fma;
  }
}
