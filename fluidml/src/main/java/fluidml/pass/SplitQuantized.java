package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Contraction.QLinearConv;
import fluidml.graph.op.Contraction.QLinearMatMul;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.BitCast;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Elementwise.Where;
import fluidml.graph.op.Quantization.DequantizeLinear;
import fluidml.graph.op.Quantization.DynamicQuantizeLinear;
import fluidml.graph.op.Quantization.QuantizeLinear;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.pass.ExactProducts.Quantized;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Turns operators on quantised numbers of 8 and 16 bits into elementwise arithmetic and products of
 * exact numbers: {@link ExactProducts} in float32, int32 for other matrix products, float64, which
 * holds every sum of products of bytes, for other convolutions. Scales for blocks or rows, and
 * other types, stay.
 *
 * <pre>
 * before: return QuantizeLinear(x, scale, zero)
 * after:  t = Add(Add(Div(x, scale), 1.5·2²³), Cast{f32}(zero))
 *         b = BitCast{i32}(Where(IsNaN(t), 1.5·2²³, t))
 *         return Cast{uint8}(Clip(b, 0x4b400000, 0x4b4000ff))
 * </pre>
 */
public final class SplitQuantized implements Pass {
  /** Floats around it are whole, and its bits end with 16 zeros at least. */
  private static final float SHIFT = 0x1.8p23f;

  private final List<Rule> rules;
  private final boolean bytes;
  private final boolean single;

  /** Every product as exact numbers of other types, results rounded from float64. */
  public SplitQuantized() {
    this(false, false);
  }

  /**
   * For a machine, and for some accuracy.
   *
   * @param bytes whether products of bytes stay what they are, see {@link ByteProducts}
   * @param single whether products are scaled in float32, which may change a result by one where it
   *     lies in the middle between two
   */
  public SplitQuantized(boolean bytes, boolean single) {
    this.bytes = bytes;
    this.single = single;
    this.rules =
        List.of(
            Rule.of("quantising is arithmetic", QuantizeLinear.class, SplitQuantized::quantize),
            Rule.of(
                "dequantising is arithmetic", DequantizeLinear.class, SplitQuantized::dequantize),
            new Rule(
                "a range is two reductions", DynamicQuantizeLinear.class, SplitQuantized::dynamic),
            Rule.of("a product of integers", MatMulInteger.class, this::integerProduct),
            Rule.of("a quantised product", QLinearMatMul.class, this::quantisedProduct),
            Rule.of("a convolution of integers", ConvInteger.class, this::integerConv),
            Rule.of("a quantised convolution", QLinearConv.class, this::quantisedConv));
  }

  /** The same for machines with or without dot products of bytes. */
  SplitQuantized withBytes(boolean wanted) {
    return new SplitQuantized(wanted, single);
  }

  /** The same with another accuracy. */
  SplitQuantized withSingle(boolean wanted) {
    return new SplitQuantized(bytes, wanted);
  }

  @Override
  public String name() {
    return "split-quantized";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, rules);
  }

  private static Optional<Value> quantize(Node node, Rewriter g) {
    QuantizeLinear op = (QuantizeLinear) node.op();
    Value x = node.input(0);
    Value scale = node.input(1);
    boolean usual = op.precision().orElse(DType.FLOAT32) == DType.FLOAT32;
    if (op.blockSize() > 0
        || !usual
        || x.dtype() != DType.FLOAT32
        || scale.dtype() != DType.FLOAT32
        || !isNarrow(node.output().dtype())) {
      return Optional.empty();
    }
    return along(x, scale, op.axis(), g)
        .flatMap(
            s ->
                along(x, node.input(2), op.axis(), g)
                    .map(zero -> quantized(x, s, zero, node.output().dtype(), g)));
  }

  private static Value quantized(Value x, Value scale, Value zero, DType to, Rewriter g) {
    return shiftedAndQuantized(g.binary(BinaryFunction.DIV, x, scale), true, zero, to, g);
  }

  /** Round to the nearest, to even in the middle, then add the zero point, within the range. */
  private static Value roundedAndQuantized(Value ratio, Value zero, DType to, Rewriter g) {
    Value whole = g.emit(new Unary(UnaryFunction.ROUND), ratio);
    Value sum =
        zero.isPresent() ? g.binary(BinaryFunction.ADD, whole, g.cast(zero, ratio.dtype())) : whole;
    return g.cast(bounded(sum, to, g), to);
  }

  /**
   * The same for float32: a number that has no fraction bits, added, rounds, and leaves the result
   * in the low bits of the sum. Bits of positive floats compare as these do, so that they are kept
   * in range as integers; where the ratio is too large for all that, the sum is far outside, too.
   * NaN gives 0.
   *
   * @param mayBeNan whether that has to be looked for
   */
  private static Value shiftedAndQuantized(
      Value ratio, boolean mayBeNan, Value zero, DType to, Rewriter g) {
    Value shift = g.scalar(DType.FLOAT32, SHIFT);
    Value rounded = g.binary(BinaryFunction.ADD, ratio, shift);
    Value sum =
        zero.isPresent()
            ? g.binary(BinaryFunction.ADD, rounded, g.cast(zero, DType.FLOAT32))
            : rounded;
    Value bits = g.emit(new BitCast(DType.INT32), mayBeNan ? number(sum, shift, g) : sum);
    double origin = Float.floatToIntBits(SHIFT);
    Value bounded =
        g.emit(
            new Clip(),
            bits,
            g.scalar(DType.INT32, origin + least(to)),
            g.scalar(DType.INT32, origin + greatest(to)));
    return g.cast(bounded, to);
  }

  /** A number; the other one for NaN. */
  private static Value number(Value x, Value otherwise, Rewriter g) {
    return g.emit(new Where(), g.emit(new Unary(UnaryFunction.IS_NAN), x), otherwise, x);
  }

  private static Value bounded(Value x, DType to, Rewriter g) {
    return g.emit(new Clip(), x, g.scalar(x.dtype(), least(to)), g.scalar(x.dtype(), greatest(to)));
  }

  private static double least(DType to) {
    return to.kind() == DType.Kind.SIGNED ? -Math.scalb(1.0, to.bits() - 1) : 0;
  }

  private static double greatest(DType to) {
    return least(to) + Math.scalb(1.0, to.bits()) - 1;
  }

  private static Optional<Value> dequantize(Node node, Rewriter g) {
    DequantizeLinear op = (DequantizeLinear) node.op();
    Value x = node.input(0);
    Value scale = node.input(1);
    if (op.blockSize() > 0
        || scale.dtype() != DType.FLOAT32
        || node.output().dtype() != DType.FLOAT32
        || !(isNarrow(x.dtype()) || (x.dtype() == DType.INT32 && !node.input(2).isPresent()))) {
      return Optional.empty();
    }
    return along(x, scale, op.axis(), g)
        .flatMap(
            s ->
                along(x, node.input(2), op.axis(), g)
                    .map(
                        zero ->
                            g.binary(
                                BinaryFunction.MUL,
                                new Quantized(x, zero).shifted(DType.FLOAT32, g),
                                s)));
  }

  /** As the specification's function: the range includes zero, 255 steps. */
  private static List<Value> dynamic(Node node, Rewriter g) {
    Value x = node.input(0);
    if (x.dtype() != DType.FLOAT32 || x.knownShape().isEmpty()) {
      return List.of();
    }
    Value zero = g.scalar(x.dtype(), 0);
    Value least = g.binary(BinaryFunction.MIN, whole(ReduceFunction.MIN, x, g), zero);
    Value most = g.binary(BinaryFunction.MAX, whole(ReduceFunction.MAX, x, g), zero);
    Value range = g.binary(BinaryFunction.SUB, most, least);
    Value scale = g.binary(BinaryFunction.DIV, range, g.scalar(x.dtype(), 255));
    // All zeros: any divisor will do.
    Value none = g.binary(BinaryFunction.EQUAL, scale, zero);
    Value divisor = g.emit(new Where(), none, g.scalar(x.dtype(), 1), scale);
    Value negated = g.binary(BinaryFunction.SUB, zero, least);
    Value point = quantized(negated, divisor, Value.ABSENT, DType.UINT8, g);
    return List.of(quantized(x, divisor, point, DType.UINT8, g), scale, point);
  }

  private static Value whole(ReduceFunction function, Value x, Rewriter g) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = 0; axis < x.shape().rank(); axis++) {
      axes.add(axis);
    }
    return axes.isEmpty() ? x : g.emit(new Reduce(function, axes, false, false), x);
  }

  private Optional<Value> integerProduct(Node node, Rewriter g) {
    if ((bytes && ByteProducts.isFinal(node, g))
        || !isNumber(node.input(2))
        || !isNumberOrColumns(node.input(3))) {
      return Optional.empty();
    }
    Quantized a = new Quantized(node.input(0), node.input(2));
    Quantized b = new Quantized(node.input(1), node.input(3));
    return Optional.of(g.cast(sums(a, b, g), DType.INT32));
  }

  /** Exact sums: int32 of bytes, float32 where these hold them, else int32. */
  private Value sums(Quantized a, Quantized b, Rewriter g) {
    return (bytes ? ByteProducts.matMul(a, b, g) : Optional.<Value>empty())
        .or(() -> ExactProducts.matMul(a, b, g))
        .orElseGet(
            () -> g.emit(new MatMul(), a.shifted(DType.INT32, g), b.shifted(DType.INT32, g)));
  }

  private Optional<Value> quantisedProduct(Node node, Rewriter g) {
    boolean supported =
        isNumber(node.input(1))
            && isNumber(node.input(2))
            && isNumberOrColumns(node.input(4))
            && isNumberOrColumns(node.input(5))
            && isNumber(node.input(6))
            && isNumber(node.input(7))
            && isNarrow(node.output().dtype());
    if (!supported) {
      return Optional.empty();
    }
    Quantized a = new Quantized(node.input(0), node.input(2));
    Quantized b = new Quantized(node.input(3), node.input(5));
    return Optional.of(requantized(sums(a, b, g), node, node.input(4), g));
  }

  /**
   * From exact sums to the result; scales are operands 1 and 6, the last operand but the bias 7.
   */
  private Value requantized(Value sums, Node node, Value weightScale, Rewriter g) {
    DType real = single ? DType.FLOAT32 : DType.FLOAT64;
    Value scales =
        g.binary(BinaryFunction.MUL, g.cast(node.input(1), real), g.cast(weightScale, real));
    Value scale = g.binary(BinaryFunction.DIV, scales, g.cast(node.input(6), real));
    Value ratio = g.binary(BinaryFunction.MUL, g.cast(sums, real), scale);
    DType to = node.output().dtype();
    return single
        ? shiftedAndQuantized(ratio, !areFinite(node, g), node.input(7), to, g)
        : roundedAndQuantized(ratio, node.input(7), to, g);
  }

  /** Whether the scales of a node are constants by which integers become numbers. */
  private static boolean areFinite(Node node, Rewriter g) {
    return Stream.of(1, 4, 6)
        .map(i -> g.constant(node.input(i)))
        .allMatch(scale -> scale.isPresent() && areNormal(scale.get()));
  }

  /** So near to one that the products and quotients of three such numbers are finite. */
  private static boolean areNormal(Tensor scales) {
    return LongStream.range(0, scales.elements())
        .mapToDouble(scales::getDouble)
        .allMatch(scale -> scale > 1e-12 && scale < 1e12);
  }

  private Optional<Value> integerConv(Node node, Rewriter g) {
    ConvInteger op = (ConvInteger) node.op();
    if ((bytes && ByteProducts.isFinal(node, g)) || !isNumber(node.input(2))) {
      return Optional.empty();
    }
    return perFilter(node.input(3), node.input(1), g)
        .map(
            zero -> {
              Quantized x = new Quantized(node.input(0), node.input(2));
              Quantized w = new Quantized(node.input(1), zero);
              Conv conv = new Conv(op.window(), op.groups());
              return g.cast(sums(conv, x, w, Value.ABSENT, node, g), DType.INT32);
            });
  }

  private Optional<Value> quantisedConv(Node node, Rewriter g) {
    QLinearConv op = (QLinearConv) node.op();
    boolean supported =
        isNumber(node.input(1))
            && isNumber(node.input(2))
            && isNumber(node.input(6))
            && isNumber(node.input(7))
            && node.output().knownShape().isPresent()
            && isNarrow(node.output().dtype());
    Optional<Value> zero = perFilter(node.input(5), node.input(3), g);
    Optional<Value> scale =
        supported ? along(node.output(), node.input(4), 1, g) : Optional.empty();
    if (zero.isEmpty() || scale.isEmpty()) {
      return Optional.empty();
    }
    Quantized x = new Quantized(node.input(0), node.input(2));
    Quantized w = new Quantized(node.input(3), zero.get());
    Value sums = sums(new Conv(op.window(), op.groups()), x, w, node.input(8), node, g);
    return Optional.of(requantized(sums, node, scale.get(), g));
  }

  /**
   * Exact sums: int32 of bytes, float32 where these hold them, int32 of several parts, or float64.
   *
   * @param bias added to them; of int32, it may be absent
   */
  private Value sums(Conv conv, Quantized x, Quantized w, Value bias, Node node, Rewriter g) {
    Optional<Value> ofBytes =
        bytes && node.output().knownShape().isPresent()
            ? ByteProducts.conv(conv, x, w, bias, node.output().shape(), g)
            : Optional.empty();
    if (ofBytes.isPresent()) {
      return ofBytes.get();
    }
    Value sums =
        ExactProducts.conv(conv, x, w, g)
            .orElseGet(
                () -> g.emit(conv, x.shifted(DType.FLOAT64, g), w.shifted(DType.FLOAT64, g)));
    if (!bias.isPresent()) {
      return sums;
    }
    Value offsets = g.along(bias, 1, node.output().shape().rank());
    return g.binary(BinaryFunction.ADD, g.cast(sums, DType.INT32), offsets);
  }

  /** Operand with one number for each place on an axis of x, so that it broadcasts. */
  static Optional<Value> along(Value x, Value parameter, int axis, Rewriter g) {
    if (isNumber(parameter)) {
      return Optional.of(parameter.isPresent() ? g.withoutAxes(parameter) : parameter);
    }
    if (x.knownShape().isEmpty() || parameter.shape().rank() != 1) {
      return Optional.empty();
    }
    int rank = x.shape().rank();
    int at = axis < 0 ? axis + rank : axis;
    return at < 0 || at >= rank ? Optional.empty() : Optional.of(g.along(parameter, at, rank));
  }

  private static Optional<Value> perFilter(Value parameter, Value weights, Rewriter g) {
    return along(weights, parameter, 0, g);
  }

  /** Whether there is no operand, or one that is a single number. */
  static boolean isNumber(Value parameter) {
    return !parameter.isPresent()
        || parameter
            .knownShape()
            .map(s -> s.rank() == 0 || (s.rank() == 1 && s.dim(0).is(1)))
            .orElse(false);
  }

  private static boolean isNumberOrColumns(Value parameter) {
    return isNumber(parameter) || parameter.knownShape().map(s -> s.rank() == 1).orElse(false);
  }

  private static boolean isNarrow(DType dtype) {
    return switch (dtype) {
      case INT8, UINT8, INT16, UINT16 -> true;
      default -> false;
    };
  }
}
