package fluidml.pass;

import static fluidml.pass.Pattern.add;
import static fluidml.pass.Pattern.any;
import static fluidml.pass.Pattern.div;
import static fluidml.pass.Pattern.mul;
import static fluidml.pass.Pattern.pow;
import static fluidml.pass.Pattern.scalar;
import static fluidml.pass.Pattern.sub;
import static fluidml.pass.Pattern.unary;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Expand;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Identities of arithmetic and casts. */
final class ArithmeticRules {
  private static final Pattern X = any("x");
  private static final Pattern Y = any("y");
  private static final Pattern C = scalar("c");

  /** Larger constants are not looked through. */
  private static final long MAX_ELEMENTS = 1 << 16;

  static final List<Rule> RULES =
      List.of(
          binary("x + 0 = x", add(X, scalar(0)), m -> m.get("x")),
          binary("x - 0 = x", sub(X, scalar(0)), m -> m.get("x")),
          exactly("x * 1 = x", mul(X, C), 1, m -> m.get("x")),
          exactly("x / 1 = x", div(X, C), 1, m -> m.get("x")),
          exactly("x ^ 1 = x", pow(X, C), 1, m -> m.get("x")),
          exactly("x ^ 2 = x * x", pow(X, C), 2, ArithmeticRules::square),
          exactly(
              "x ^ 3 = x * x * x",
              pow(X, C),
              3,
              m -> m.emit(BinaryFunction.MUL, square(m), m.get("x"))),
          exactly("x * -1 = -x", mul(X, C), -1, m -> m.emit(UnaryFunction.NEG, m.get("x"))),
          unaryRule("-(-x) = x", UnaryFunction.NEG, unary(UnaryFunction.NEG, X), m -> m.get("x")),
          binary(
              "x + -y = x - y",
              add(X, unary(UnaryFunction.NEG, Y)),
              m -> m.emit(BinaryFunction.SUB, m.get("x"), m.get("y"))),
          binary(
              "x - -y = x + y",
              sub(X, unary(UnaryFunction.NEG, Y)),
              m -> m.emit(BinaryFunction.ADD, m.get("x"), m.get("y"))),
          Rule.of("x / 2^n = x * 2^-n", Binary.class, ArithmeticRules::divideByPowerOfTwo),
          Rule.of("x * c * 2^n = x * (c * 2^n)", Binary.class, ArithmeticRules::scaleOnce),
          Rule.of("expand(x) op y = x op y", Binary.class, ArithmeticRules::broadcastItself),
          unaryRule(
              "relu(relu(x)) = relu(x)",
              UnaryFunction.RELU,
              any("x"),
              m -> isUnary(m, m.get("x"), UnaryFunction.RELU) ? m.get("x") : null),
          Rule.of("identity(x) = x", Unary.class, ArithmeticRules::identity),
          Rule.of("cast to the same type", Cast.class, ArithmeticRules::castNothing),
          Rule.of("cast of an exact cast", Cast.class, ArithmeticRules::castOnce));

  private ArithmeticRules() {}

  private static Rule binary(String name, Pattern pattern, Function<Match, Value> action) {
    return Rule.of(name, Binary.class, pattern, action);
  }

  private static Rule unaryRule(
      String name, UnaryFunction function, Pattern operand, Function<Match, Value> action) {
    return Rule.of(name, Unary.class, unary(function, operand), action);
  }

  /** A rule whose constant {@code c} is {@code value} to the last bit. */
  private static Rule exactly(
      String name, Pattern pattern, double value, Function<Match, Value> action) {
    return Rule.of(
        name,
        Binary.class,
        (node, g) -> g.match(pattern, node).filter(m -> m.number("c") == value).map(action));
  }

  private static Value square(Match match) {
    return match.emit(BinaryFunction.MUL, match.get("x"), match.get("x"));
  }

  private static boolean isUnary(Match match, Value value, UnaryFunction function) {
    return match
        .graph()
        .producer(value)
        .filter(n -> n.op().equals(new Unary(function)))
        .isPresent();
  }

  /** Whether all elements are powers of two whose inverses the type has, too. */
  private static boolean arePowersOfTwo(Tensor tensor) {
    int most = tensor.dtype() == DType.FLOAT64 ? 1000 : 120;
    for (long i = 0; i < tensor.elements(); i++) {
      double value = Math.abs(tensor.getDouble(i));
      int exponent = Math.getExponent(value);
      if (value != Math.scalb(1.0, exponent) || Math.abs(exponent) > most) {
        return false;
      }
    }
    return true;
  }

  private static boolean isWideFloat(Value value) {
    return value.isTensor() && (value.dtype() == DType.FLOAT32 || value.dtype() == DType.FLOAT64);
  }

  private static Optional<Value> divideByPowerOfTwo(Node node, Rewriter g) {
    return g.match(div(X, Y), node)
        .filter(m -> isWideFloat(m.get("x")))
        .flatMap(m -> smallConstant(m.get("y"), g))
        .filter(ArithmeticRules::arePowersOfTwo)
        .map(
            divisors -> {
              Value inverses = g.constant(Constants.map(divisors, d -> 1 / d));
              return g.emit(new Binary(BinaryFunction.MUL), node.input(0), inverses);
            });
  }

  private static Optional<Value> scaleOnce(Node node, Rewriter g) {
    return g.match(mul(mul(X, Y), any("z")), node)
        .filter(m -> isWideFloat(node.output()))
        .flatMap(
            m ->
                scaleOnce(m.get("x"), m.get("y"), m.get("z"), g)
                    .or(() -> scaleOnce(m.get("y"), m.get("x"), m.get("z"), g)));
  }

  private static Optional<Value> scaleOnce(Value x, Value y, Value z, Rewriter g) {
    Optional<Tensor> first = smallConstant(y, g);
    Optional<Tensor> second = smallConstant(z, g);
    if (first.isEmpty()
        || second.isEmpty()
        || !(arePowersOfTwo(first.get()) || arePowersOfTwo(second.get()))
        || !areOrdinary(first.get())
        || !areOrdinary(second.get())) {
      return Optional.empty();
    }
    Binary mul = new Binary(BinaryFunction.MUL);
    return Optional.of(g.emit(mul, x, product(y, z, first.get(), second.get(), g)));
  }

  private static Value product(Value y, Value z, Tensor a, Tensor b, Rewriter g) {
    if (a.elements() == 1 && b.rank() >= a.rank()) {
      return g.constant(Constants.map(b, v -> v * a.getDouble(0)));
    }
    if (b.elements() == 1 && a.rank() >= b.rank()) {
      return g.constant(Constants.map(a, v -> v * b.getDouble(0)));
    }
    return g.emit(new Binary(BinaryFunction.MUL), y, z);
  }

  private static Optional<Tensor> smallConstant(Value value, Rewriter g) {
    return g.constant(value).filter(t -> t.elements() <= MAX_ELEMENTS);
  }

  /** Whether products of two such numbers neither overflow nor lose bits. */
  private static boolean areOrdinary(Tensor tensor) {
    double most = tensor.dtype() == DType.FLOAT64 ? 1e150 : 1e15;
    for (long i = 0; i < tensor.elements(); i++) {
      double value = Math.abs(tensor.getDouble(i));
      if (value < 1 / most || value > most) {
        return false;
      }
    }
    return true;
  }

  private static Optional<Value> broadcastItself(Node node, Rewriter g) {
    for (int i = 0; i < 2; i++) {
      Optional<Node> expand = g.producer(node.input(i)).filter(n -> n.op() instanceof Expand);
      Value other = node.input(1 - i);
      if (expand.isPresent()
          && other.isTensor()
          && node.output().isTensor()
          && other.knownShape().isPresent()
          && other.knownShape().equals(node.output().knownShape())) {
        Value small = expand.get().input(0);
        return Optional.of(
            i == 0 ? g.emit(node.op(), small, other) : g.emit(node.op(), other, small));
      }
    }
    return Optional.empty();
  }

  private static Optional<Value> identity(Node node, Rewriter g) {
    return node.op().equals(new Unary(UnaryFunction.IDENTITY))
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> castNothing(Node node, Rewriter g) {
    return node.input(0).isTensor()
            && node.op() instanceof Cast cast
            && node.input(0).dtype() == cast.to()
        ? Optional.of(node.input(0))
        : Optional.empty();
  }

  private static Optional<Value> castOnce(Node node, Rewriter g) {
    return g.producer(node.input(0))
        .filter(
            inner ->
                inner.op() instanceof Cast(DType middle, _, _)
                    && inner.input(0).isTensor()
                    && isExact(inner.input(0).dtype(), middle))
        .map(inner -> g.emit(node.op(), inner.input(0)));
  }

  /** Whether every value of one type is a value of the other. */
  static boolean isExact(DType from, DType to) {
    return switch (from) {
      case BOOL -> (to.isInteger() && to.bits() >= 8) || isWide(to);
      case INT8, INT16, INT32, INT64 ->
          (to.kind() == DType.Kind.SIGNED && to.bits() >= from.bits())
              || (isWide(to) && to.bits() > from.bits());
      case UINT8, UINT16, UINT32, UINT64 ->
          (to.kind() == DType.Kind.UNSIGNED && to.bits() >= from.bits())
              || (to.kind() == DType.Kind.SIGNED && to.bits() > from.bits())
              || (isWide(to) && to.bits() > from.bits());
      case FLOAT16, BFLOAT16 -> isWide(to);
      case FLOAT32 -> to == DType.FLOAT64;
      case FLOAT64, STRING, COMPLEX64, COMPLEX128, FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2 ->
          false;
      case FLOAT8E5M2FNUZ, FLOAT8E8M0, FLOAT4E2M1, UINT4, INT4, UINT2, INT2 -> false;
    };
  }

  private static boolean isWide(DType type) {
    return type == DType.FLOAT32 || type == DType.FLOAT64;
  }
}
