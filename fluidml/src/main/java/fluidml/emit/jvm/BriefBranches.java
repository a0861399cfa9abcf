package fluidml.emit.jvm;

import fluidml.loop.BinaryOp;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.Stmt;
import fluidml.loop.Type;
import fluidml.loop.Walk;
import java.lang.classfile.CodeBuilder;

/**
 * Conditional statements that a warm-up leaves out in some of its runs.
 *
 * <p>C2 does not compile what its profile has never seen. A warm-up sees the tiles at the beginning
 * of an image, which are whole: for every row of a tile it learns that the row exists. The first
 * tile at an edge then ends in the interpreter, one row after the other, and the micro-kernel is
 * compiled again each time. Where a warm-up has also left rows out, the branch is compiled with
 * both ways.
 *
 * <p>Leaving out what would be done is as safe as ending loops early ({@link BriefLoops}); doing
 * what should not be is not, so statements with an alternative stay as they are.
 */
final class BriefBranches {
  private BriefBranches() {}

  /** Whether a warm-up can leave anything out. */
  static boolean occur(Stmt.Block body) {
    boolean[] found = {false};
    Walk.visit(
        body,
        statement ->
            found[0] |=
                statement instanceof Stmt.If i
                    && i.whenFalse().statements().isEmpty()
                    && isOrder(i.condition()),
        _ -> {});
    return found[0];
  }

  private static boolean isOrder(Expr condition) {
    if (condition instanceof Expr.Binary b && b.op() == BinaryOp.AND) {
      return isOrder(b.left()) || isOrder(b.right());
    }
    return condition instanceof Expr.Compare c
        && c.left().type().equals(Type.I64)
        && c.op() != CompareOp.EQ
        && c.op() != CompareOp.NE;
  }

  /**
   * Pushes what makes conditions false in a warm-up that leaves statements out, else zero.
   *
   * @param slackSlot holds {@link Kernel#SKIPPING} less what is in the kernel's frame
   */
  static void amount(CodeBuilder code, int slackSlot) {
    code.lload(slackSlot).lload(slackSlot).bipush(Long.numberOfTrailingZeros(Kernel.SKIPPING));
    code.lshl().lor().loadConstant(Kernel.SKIPPING).land();
    code.loadConstant(Kernel.SKIPPING).lsub();
  }

  /** A condition that does not hold where {@code amount} is not zero. */
  static Expr skipped(Expr condition, Expr amount) {
    if (!isOrder(condition)) {
      return condition;
    }
    if (condition instanceof Expr.Binary b) {
      return isOrder(b.left())
          ? Exprs.and(skipped(b.left(), amount), b.right())
          : Exprs.and(b.left(), skipped(b.right(), amount));
    }
    Expr.Compare c = (Expr.Compare) condition;
    boolean less = c.op() == CompareOp.LT || c.op() == CompareOp.LE;
    return less
        ? new Expr.Compare(c.op(), c.left(), c.right().plus(amount))
        : new Expr.Compare(c.op(), c.left().plus(amount), c.right());
  }
}
