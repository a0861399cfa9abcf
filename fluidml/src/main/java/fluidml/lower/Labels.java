package fluidml.lower;

import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction;
import java.util.Locale;

/** Short names of ops for kernels and tables. */
final class Labels {
  private Labels() {}

  static String of(Op op) {
    return switch (op) {
      case Elementwise.Unary unary -> camel(unary.function());
      case Elementwise.ParametricUnary unary -> camel(unary.function());
      case Elementwise.Binary binary -> camel(binary.function());
      case Reduction.Reduce reduce -> "Reduce" + camel(reduce.function());
      default -> op.mnemonic();
    };
  }

  private static String camel(Enum<?> constant) {
    StringBuilder text = new StringBuilder();
    for (String word : constant.name().split("_", -1)) {
      text.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return text.toString();
  }
}
