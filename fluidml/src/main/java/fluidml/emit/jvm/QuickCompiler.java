package fluidml.emit.jvm;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.function.Consumer;

/**
 * Keeps methods away from the quick compiler (C1).
 *
 * <p>A method that computes with vectors is a long row of Vector API calls that are inlined by
 * force. C1 makes slow code of it, and for the larger ones gives up («out of virtual registers»). A
 * method whose profiled compilation it gives up on stays in its unprofiled C1 code for ever,
 * thousands of times slower than what C2 makes. Without C1 it goes from the interpreter straight to
 * C2, and is hot several times sooner.
 *
 * <p>C1 refuses every method with an exception handler that is also reached without an exception,
 * on its first look and for good; no Java compiler writes one. For the verifier, the interpreter
 * and C2 it is a method like others. {@code QuickCompilerTest} tells if a JVM compiles them.
 */
final class QuickCompiler {
  private QuickCompiler() {}

  /**
   * Writes the beginning of a method that returns nothing: a handler of what one instruction may
   * throw that throws nothing.
   *
   * @param jumpAlways jumps to a label, in a way that no compiler knows before the method runs
   */
  static void refuse(CodeBuilder code, Consumer<Label> jumpAlways) {
    Label handler = code.newLabel();
    Label begin = code.newLabel();
    Label end = code.newLabel();
    jumpAlways.accept(begin);
    code.aconst_null().labelBinding(handler).pop().return_();
    code.labelBinding(begin).nop().labelBinding(end);
    code.exceptionCatchAll(begin, end, handler);
  }
}
