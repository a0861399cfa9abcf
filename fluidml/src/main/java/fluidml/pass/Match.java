package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Op;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;

/** The values that a {@link Pattern} found, and the graph to put new ones into. */
final class Match {
  private static final double TOLERANCE = 1e-4;

  private final Rewriter graph;
  private final Map<String, Value> values = new HashMap<>();

  private Match(Rewriter graph) {
    this.graph = graph;
  }

  /** Matches the expression that {@code node}, which may not be in the graph yet, computes. */
  static Optional<Match> find(Pattern pattern, Node node, Rewriter graph) {
    Match match = new Match(graph);
    boolean found =
        switch (pattern) {
          case Pattern.Apply apply -> match.apply(apply, node, () -> true);
          case Pattern.OneOf(List<Pattern> forms) ->
              forms.stream()
                  .anyMatch(
                      form ->
                          form instanceof Pattern.Apply apply
                              && match.apply(apply, node, () -> true));
          case Pattern.Named _, Pattern.Any _, Pattern.Scalar _, Pattern.AnyScalar _ ->
              throw new IllegalArgumentException("the root of a rule is an op: " + pattern);
        };
    return found ? Optional.of(match) : Optional.empty();
  }

  /** Matches the expression that computes {@code value}. */
  static Optional<Match> find(Pattern pattern, Value value, Rewriter graph) {
    Match match = new Match(graph);
    return match.fits(pattern, value, () -> true) ? Optional.of(match) : Optional.empty();
  }

  private boolean fits(Pattern pattern, Value value, BooleanSupplier rest) {
    return switch (pattern) {
      case Pattern.Any(String name) -> bind(name, value, rest);
      case Pattern.Scalar(double expected) -> {
        OptionalDouble found = graph.scalar(value);
        yield found.isPresent() && near(found.getAsDouble(), expected) && rest.getAsBoolean();
      }
      case Pattern.AnyScalar(String name) ->
          graph.scalar(value).isPresent() && bind(name, value, rest);
      case Pattern.Apply apply ->
          graph.producer(value).map(node -> apply(apply, node, rest)).orElse(false);
      case Pattern.Named(String name, Pattern form) ->
          fits(form, value, () -> bind(name, value, rest));
      case Pattern.OneOf(List<Pattern> forms) ->
          forms.stream().anyMatch(form -> fits(form, value, rest));
    };
  }

  private boolean apply(Pattern.Apply pattern, Node node, BooleanSupplier rest) {
    if (!pattern.op().test(node.op()) || node.inputs().size() != pattern.operands().size()) {
      return false;
    }
    if (operands(pattern, node.inputs(), 0, rest)) {
      return true;
    }
    return pattern.commutative()
        && node.inputs().size() == 2
        && operands(pattern, node.inputs().reversed(), 0, rest);
  }

  private boolean operands(
      Pattern.Apply pattern, List<Value> inputs, int index, BooleanSupplier rest) {
    if (index == inputs.size()) {
      return rest.getAsBoolean();
    }
    return fits(
        pattern.operands().get(index),
        inputs.get(index),
        () -> operands(pattern, inputs, index + 1, rest));
  }

  private boolean bind(String name, Value value, BooleanSupplier rest) {
    Value bound = values.get(name);
    if (bound != null) {
      return bound.equals(value) && rest.getAsBoolean();
    }
    values.put(name, value);
    if (rest.getAsBoolean()) {
      return true;
    }
    values.remove(name);
    return false;
  }

  /** Whether a constant in a model means a number, given that models round them. */
  static boolean near(double found, double expected) {
    return found == expected || Math.abs(found - expected) <= TOLERANCE * Math.abs(expected);
  }

  /** The value with a name of the pattern. */
  Value get(String name) {
    return values.get(name);
  }

  /** The number with a name of the pattern. */
  double number(String name) {
    return graph.scalar(get(name)).orElseThrow();
  }

  /** The same match with two names exchanged. */
  Match swapped(String first, String second) {
    Match match = new Match(graph);
    match.values.putAll(values);
    match.values.put(first, get(second));
    match.values.put(second, get(first));
    return match;
  }

  /** The graph. */
  Rewriter graph() {
    return graph;
  }

  /** Emits an op. */
  Value emit(Op op, Value... operands) {
    return graph.emit(op, operands);
  }

  /** Emits a function of one operand. */
  Value emit(UnaryFunction function, Value operand) {
    return graph.emit(new Unary(function), operand);
  }

  /** Emits a function of two operands. */
  Value emit(BinaryFunction function, Value left, Value right) {
    return graph.emit(new Binary(function), left, right);
  }
}
