package fluidml.emit.jvm;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/**
 * Limits a long on the operand stack, without a call and without a branch that is taken: in a large
 * method the JIT leaves calls alone, and around a call everything in vector registers goes to the
 * stack and back.
 */
final class LongLimits {
  private LongLimits() {}

  /** Replaces the long by zero if it is negative. */
  private static void notNegative(CodeBuilder code) {
    code.dup2().bipush(Long.SIZE - 1).lshr().loadConstant(-1L).lxor().land();
  }

  /**
   * Replaces the long by a limit if it is greater.
   *
   * @param limit pushes a long, twice; the difference of both must not overflow
   */
  static void atMost(CodeBuilder code, Runnable limit) {
    limit.run();
    code.lsub().dup2().bipush(Long.SIZE - 1).lshr().land();
    limit.run();
    code.ladd();
  }

  /**
   * Makes the long the end of an int loop from 0: zero if it is negative.
   *
   * @param step added to the counter each turn; counting past the end must not overflow, which is
   *     an ArithmeticException
   */
  static void loopEnd(CodeBuilder code, int step) {
    notNegative(code);
    Label fits = code.newLabel();
    code.dup2().loadConstant((long) Integer.MAX_VALUE - step).lcmp().ifle(fits);
    code.invokestatic(Descs.MEMORY, "tooManyTurns", Descs.TOO_MANY_TURNS).athrow();
    code.labelBinding(fits).l2i();
  }

  /**
   * Pushes mask bits of the first of some lanes.
   *
   * @param count pushes how many
   * @param lanes there are, less than 64
   */
  static void laneBits(CodeBuilder code, Runnable count, int lanes) {
    code.loadConstant(-1L);
    count.run();
    atMost(code, () -> code.loadConstant((long) lanes));
    notNegative(code);
    code.l2i().lshl().loadConstant(-1L).lxor();
  }
}
