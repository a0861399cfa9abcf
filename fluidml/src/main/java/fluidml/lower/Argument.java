package fluidml.lower;

import fluidml.graph.Value;
import fluidml.tensor.Dim;

/** What a kernel's buffer is bound to. */
public sealed interface Argument {
  /**
   * The buffer of a value, from an element on.
   *
   * @param root a value that owns a buffer: graph input, constant, intermediate or temporary
   * @param offset in elements of the root's type
   */
  record Memory(Value root, Dim offset) implements Argument {}

  /**
   * A constant in the form a kernel wants to read it, made once when the model is compiled and
   * shared by all sessions. Equal packings of the same constant share memory.
   *
   * @param packing how it is made
   * @param source the constant
   */
  record Packed(Packing packing, Value source) implements Argument {}

  /** The argument for a view. */
  static Argument of(View view) {
    return new Memory(view.root(), view.offset());
  }
}
