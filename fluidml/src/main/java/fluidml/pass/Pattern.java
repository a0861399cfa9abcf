package fluidml.pass;

import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Op;
import java.util.List;
import java.util.function.Predicate;

/** The form of an expression. */
sealed interface Pattern {
  /** Any value; the same one wherever {@code name} occurs. */
  record Any(String name) implements Pattern {}

  /**
   * A constant of one element close to {@code value}: to a relative error of 10⁻⁴, exactly for 0.
   */
  record Scalar(double value) implements Pattern {}

  /** Any constant of one element. */
  record AnyScalar(String name) implements Pattern {}

  /** An op over operands of these forms, in either order if {@code commutative}. */
  record Apply(Predicate<Op> op, List<Pattern> operands, boolean commutative) implements Pattern {}

  /** A form whose value gets a name. */
  record Named(String name, Pattern form) implements Pattern {}

  /** The first form that fits. */
  record OneOf(List<Pattern> forms) implements Pattern {}

  static Pattern any(String name) {
    return new Any(name);
  }

  static Pattern scalar(double value) {
    return new Scalar(value);
  }

  static Pattern scalar(String name) {
    return new AnyScalar(name);
  }

  static Pattern oneOf(Pattern... forms) {
    return new OneOf(List.of(forms));
  }

  static Pattern unary(UnaryFunction function, Pattern operand) {
    return op(new Elementwise.Unary(function), operand);
  }

  static Pattern binary(BinaryFunction function, Pattern left, Pattern right) {
    return new Apply(
        new Elementwise.Binary(function)::equals, List.of(left, right), function.isCommutative());
  }

  static Pattern add(Pattern left, Pattern right) {
    return binary(BinaryFunction.ADD, left, right);
  }

  static Pattern sub(Pattern left, Pattern right) {
    return binary(BinaryFunction.SUB, left, right);
  }

  static Pattern mul(Pattern left, Pattern right) {
    return binary(BinaryFunction.MUL, left, right);
  }

  static Pattern div(Pattern left, Pattern right) {
    return binary(BinaryFunction.DIV, left, right);
  }

  static Pattern pow(Pattern left, Pattern right) {
    return binary(BinaryFunction.POW, left, right);
  }

  static Pattern op(Op op, Pattern... operands) {
    return new Apply(op::equals, List.of(operands), false);
  }

  static Pattern op(Predicate<Op> op, Pattern... operands) {
    return new Apply(op, List.of(operands), false);
  }
}
