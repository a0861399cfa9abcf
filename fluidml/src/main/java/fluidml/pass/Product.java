package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A value as a product, however its multiplications, divisions by numbers and small powers nest.
 *
 * @param coefficient product of all numbers
 * @param factors the other factors, as often as they occur
 */
record Product(double coefficient, List<Value> factors) {
  private static final int MAX_FACTORS = 8;

  Product {
    factors = List.copyOf(factors);
  }

  /** Factors {@code value}; values in {@code whole} are not taken apart. */
  static Product of(Value value, Set<Value> whole, Rewriter graph) {
    List<Value> factors = new ArrayList<>();
    double coefficient = collect(value, whole, graph, factors);
    return new Product(coefficient, factors);
  }

  /** Factors what {@code node}, which may not be in the graph yet, computes. */
  static Product of(Node node, Set<Value> whole, Rewriter graph) {
    List<Value> factors = new ArrayList<>();
    double coefficient = collect(node, whole, graph, factors).orElse(1);
    return new Product(coefficient, factors);
  }

  private static double collect(
      Value value, Set<Value> whole, Rewriter graph, List<Value> factors) {
    OptionalDouble number = graph.scalar(value);
    if (number.isPresent()) {
      return number.getAsDouble();
    }
    Optional<Node> node = graph.producer(value);
    if (!whole.contains(value) && node.isPresent() && factors.size() < MAX_FACTORS) {
      OptionalDouble inside = collect(node.get(), whole, graph, factors);
      if (inside.isPresent()) {
        return inside.getAsDouble();
      }
    }
    factors.add(value);
    return 1;
  }

  /**
   * The coefficient of a multiplicative node whose factors were collected; empty for other nodes.
   */
  private static OptionalDouble collect(
      Node node, Set<Value> whole, Rewriter graph, List<Value> factors) {
    if (node.op() instanceof Unary(UnaryFunction function) && function == UnaryFunction.NEG) {
      return OptionalDouble.of(-collect(node.input(0), whole, graph, factors));
    }
    if (!(node.op() instanceof Binary(BinaryFunction function))) {
      return OptionalDouble.empty();
    }
    OptionalDouble right = graph.scalar(node.input(1));
    if (function == BinaryFunction.MUL) {
      double left = collect(node.input(0), whole, graph, factors);
      return OptionalDouble.of(left * collect(node.input(1), whole, graph, factors));
    }
    if (function == BinaryFunction.DIV && right.isPresent()) {
      return OptionalDouble.of(collect(node.input(0), whole, graph, factors) / right.getAsDouble());
    }
    if (function == BinaryFunction.POW && (isNumber(right, 2) || isNumber(right, 3))) {
      int times = (int) right.getAsDouble();
      double product = 1;
      for (int i = 0; i < times; i++) {
        product *= collect(node.input(0), whole, graph, factors);
      }
      return OptionalDouble.of(product);
    }
    return OptionalDouble.empty();
  }

  private static boolean isNumber(OptionalDouble number, double value) {
    return number.isPresent() && number.getAsDouble() == value;
  }

  /**
   * Whether this is {@code coefficient} (as models round it) times {@code value}, {@code power}
   * times.
   */
  boolean is(double expected, Value value, int power) {
    return Match.near(coefficient, expected)
        && factors.size() == power
        && factors.stream().allMatch(value::equals);
  }

  /** This without one occurrence of a factor. */
  Product without(Value factor) {
    List<Value> rest = new ArrayList<>(factors);
    rest.remove(factor);
    return new Product(coefficient, rest);
  }
}
