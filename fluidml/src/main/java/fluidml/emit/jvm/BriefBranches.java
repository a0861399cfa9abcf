package fluidml.emit.jvm;

import fluidml.loop.BinaryOp;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.Type;
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

  /**
   * A condition that does not hold where {@code amount} is not zero, if it is an order of int64
   * scalars or a conjunction with one; else the same condition.
   */
  static Expr skipped(Expr condition, Expr amount) {
    if (condition instanceof Expr.Binary b && b.op() == BinaryOp.AND) {
      return Exprs.and(skipped(b.left(), amount), skipped(b.right(), amount));
    }
    if (!(condition instanceof Expr.Compare c) || !c.left().type().equals(Type.I64)) {
      return condition;
    }
    return switch (c.op()) {
      case LT, LE -> Exprs.compare(c.op(), c.left(), c.right().plus(amount));
      case GT, GE -> Exprs.compare(c.op(), c.left().plus(amount), c.right());
      case EQ, NE -> condition;
    };
  }
}
