package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Identities of logic, selection and bounds. */
final class LogicRules {
  static final List<Rule> RULES =
      List.of(
          Rule.of(
              "not(not(x)) = x",
              Unary.class,
              Pattern.unary(UnaryFunction.NOT, Pattern.unary(UnaryFunction.NOT, Pattern.any("x"))),
              m -> m.get("x")),
          Rule.of("x op x = x", Binary.class, LogicRules::idempotent),
          Rule.of("x and true, x or false = x", Binary.class, LogicRules::neutral),
          Rule.of("where with a known condition", Where.class, LogicRules::chooseNow),
          Rule.of("where of equal branches", Where.class, LogicRules::noChoice),
          Rule.of("where(not c, x, y) = where(c, y, x)", Where.class, LogicRules::swapBranches),
          Rule.of("clip without bounds", Clip.class, LogicRules::unbounded));

  private LogicRules() {}

  private static Optional<Value> idempotent(Node node, Rewriter g) {
    if (!node.input(0).equals(node.input(1)) || !(node.op() instanceof Binary(var function))) {
      return Optional.empty();
    }
    return switch (function) {
      case MIN, MAX, AND, OR, BITWISE_AND, BITWISE_OR -> Optional.of(node.input(0));
      case ADD, SUB, MUL, DIV, POW, MOD, FMOD, XOR, EQUAL, LESS, LESS_OR_EQUAL, GREATER -> {
        yield Optional.empty();
      }
      case GREATER_OR_EQUAL, BITWISE_XOR, SHIFT_LEFT, SHIFT_RIGHT, PRELU -> Optional.empty();
    };
  }

  private static Optional<Value> neutral(Node node, Rewriter g) {
    if (!(node.op() instanceof Binary(BinaryFunction function))
        || (function != BinaryFunction.AND && function != BinaryFunction.OR)) {
      return Optional.empty();
    }
    double neutral = function == BinaryFunction.AND ? 1 : 0;
    for (int i = 0; i < 2; i++) {
      OptionalDouble number = g.scalar(node.input(i));
      if (number.isPresent() && number.getAsDouble() == neutral) {
        return Optional.of(node.input(1 - i));
      }
    }
    return Optional.empty();
  }

  private static Optional<Value> chooseNow(Node node, Rewriter g) {
    OptionalDouble condition = g.scalar(node.input(0));
    return condition.isPresent()
        ? Optional.of(node.input(condition.getAsDouble() != 0 ? 1 : 2))
        : Optional.empty();
  }

  private static Optional<Value> noChoice(Node node, Rewriter g) {
    return node.input(1).equals(node.input(2)) ? Optional.of(node.input(1)) : Optional.empty();
  }

  private static Optional<Value> swapBranches(Node node, Rewriter g) {
    return g.producer(node.input(0))
        .filter(not -> not.op().equals(new Unary(UnaryFunction.NOT)))
        .map(not -> g.emit(node.op(), not.input(0), node.input(2), node.input(1)));
  }

  private static Optional<Value> unbounded(Node node, Rewriter g) {
    boolean below = isBound(node.input(1), Double.NEGATIVE_INFINITY, g);
    boolean above = isBound(node.input(2), Double.POSITIVE_INFINITY, g);
    if (!below && !above) {
      return Optional.empty();
    }
    if (below && above) {
      return Optional.of(node.input(0));
    }
    if (above && node.input(2).isPresent()) {
      return Optional.of(g.emit(node.op(), node.input(0), node.input(1)));
    }
    if (below && node.input(1).isPresent()) {
      return Optional.of(g.emit(node.op(), node.input(0), Value.ABSENT, node.input(2)));
    }
    return Optional.empty();
  }

  /** Whether a bound is missing or bounds nothing. */
  private static boolean isBound(Value bound, double infinity, Rewriter g) {
    if (!bound.isPresent()) {
      return true;
    }
    OptionalDouble number = g.scalar(bound);
    return number.isPresent() && number.getAsDouble() == infinity;
  }
}
