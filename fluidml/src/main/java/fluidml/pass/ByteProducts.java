package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.PadMode;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.pass.ExactProducts.Quantized;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Products of eight-bit integers with constant weights as machines with dot products of bytes
 * compute them: unsigned bytes times signed ones, without zero points, and as many terms as fill
 * whole steps of four. Zero points are taken into account afterwards, in int32.
 *
 * <pre>
 * before: return MatMulInteger(a, b, aZero, bZero)
 * after:  return MatMulInteger(a, b) − aZero·(Σ_k b[k] − K·bZero) − bZero·Σ_k a[k]
 * </pre>
 *
 * <p>The last sum, of what a window covers, is a convolution with one filter of ones; weights
 * without zero points, which most are, need none.
 */
final class ByteProducts {
  /** Terms of a step. */
  private static final long STEP = 4;

  /** The most terms of a sum, so that a panel of columns fits an array. */
  private static final long MOST_TERMS = 1 << 24;

  /** Between a signed byte and the unsigned one with the same bits but the first. */
  private static final int SHIFT = 128;

  private final Rewriter g;

  private ByteProducts(Rewriter g) {
    this.g = g;
  }

  /** Whether a node is what this makes of products: there is nothing more to be done. */
  static boolean isFinal(Node node, Rewriter g) {
    Value left = node.input(0);
    Value right = node.input(1);
    if (left.dtype() != DType.UINT8
        || right.dtype() != DType.INT8
        || node.input(2).isPresent()
        || node.input(3).isPresent()) {
      return false;
    }
    if (node.op() instanceof ConvInteger(Window window, long groups)) {
      return window.padding() == Padding.VALID
          && isConvolution(window, groups, left, right, g)
          && right.shape().dim(1).times(window.kernel().getLast()).mod(Dim.of(STEP)).is(0);
    }
    return isProduct(left, right, g) && right.shape().dim(0).mod(Dim.of(STEP)).is(0);
  }

  private static boolean isProduct(Value left, Value right, Rewriter g) {
    return isByte(left)
        && isByte(right)
        && left.shape().rank() >= 2
        && right.shape().rank() == 2
        && g.constant(right).filter(t -> isUsual(t, t.dim(1))).isPresent();
  }

  private static boolean isConvolution(
      Window window, long groups, Value image, Value filters, Rewriter g) {
    return isByte(image)
        && isByte(filters)
        && groups == 1
        && window.rank() <= 2
        && (window.dilations().getLast() == 1 || window.kernel().getLast() == 1)
        && image.shape().dim(1).isConstant()
        && g.constant(filters).filter(t -> isUsual(t, t.dim(0))).isPresent();
  }

  /** Whether a matrix has bytes, and is small enough for its transpose to be a right operand. */
  static boolean isMatrix(Tensor matrix) {
    return (matrix.dtype() == DType.UINT8 || matrix.dtype() == DType.INT8)
        && isUsual(matrix, matrix.dim(0));
  }

  /** Whether there are weights, and no more than panels can hold. */
  private static boolean isUsual(Tensor weights, long columns) {
    return weights.elements() > 0
        && columns < Integer.MAX_VALUE
        && weights.elements() / columns <= MOST_TERMS;
  }

  /**
   * A matrix product in int32.
   *
   * @param b its zero point may be a number for each column
   * @return empty if the operands are no such bytes
   */
  static Optional<Value> matMul(Quantized a, Quantized b, Rewriter g) {
    return isProduct(a.value(), b.value(), g)
        ? new ByteProducts(g).product(a, b)
        : Optional.empty();
  }

  private Optional<Value> product(Quantized a, Quantized b) {
    Tensor matrix = g.constant(b.value()).orElseThrow();
    Optional<Tensor> points = b.points(g);
    long depth = matrix.dims()[0];
    int columns = Math.toIntExact(matrix.dims()[1]);
    if (points.isEmpty()) {
      return Optional.empty();
    }
    long padded = Math.ceilDiv(depth, STEP) * STEP;
    SignedWeights weights = SignedWeights.ofRows(matrix, padded);
    int[] zeros = zeros(points.get(), matrix.dtype(), columns);
    Value rows = unsigned(a.value());
    // Before the product, so that it can be finished with them in its own kernel.
    Value term = timesZero(a, weights.terms(depth, zeros), columns);
    Value ofRows = areZero(zeros) ? Value.ABSENT : rowTerm(rows, zeros);
    Value sums =
        g.emit(
            new MatMulInteger(),
            behind(rows, padded - depth),
            constant(weights, b.value(), matrix));
    return Optional.of(less(less(sums, term), ofRows));
  }

  private static boolean areZero(int[] zeros) {
    return Arrays.stream(zeros).allMatch(zero -> zero == 0);
  }

  /** The products of the sums of rows and the zero points of columns. */
  private Value rowTerm(Value rows, int[] zeros) {
    Reduce sum = new Reduce(ReduceFunction.SUM, List.of(rows.shape().rank() - 1), true, false);
    Value sums = g.emit(sum, g.cast(rows, DType.INT32));
    return g.binary(BinaryFunction.MUL, sums, g.constant(Tensor.of(zeros, zeros.length)));
  }

  /** Zero points of signed bytes, one for each column. */
  private static int[] zeros(Tensor points, DType dtype, int columns) {
    int shift = dtype == DType.UINT8 ? SHIFT : 0;
    int[] zeros = new int[columns];
    for (int c = 0; c < columns; c++) {
      zeros[c] = Math.toIntExact(points.getLong(points.elements() == 1 ? 0 : c)) - shift;
    }
    return zeros;
  }

  /**
   * A convolution in int32.
   *
   * @param bias of int32, one number for each filter; may be absent
   * @param result shape of the result
   * @return empty if the operands are no such bytes, or there are groups, more than two spatial
   *     axes, or windows with gaps in a line
   */
  static Optional<Value> conv(
      Conv op, Quantized x, Quantized w, Value bias, Shape result, Rewriter g) {
    Window window = op.window();
    if (!isConvolution(window, op.groups(), x.value(), w.value(), g)) {
      return Optional.empty();
    }
    Optional<List<Dim>> before = pads(window, x.value().shape(), result, true);
    Optional<List<Dim>> after = pads(window, x.value().shape(), result, false);
    return before.isEmpty() || after.isEmpty()
        ? Optional.empty()
        : new ByteProducts(g).convolution(window, x, w, bias, before.get(), after.get());
  }

  private Optional<Value> convolution(
      Window window, Quantized x, Quantized w, Value bias, List<Dim> before, List<Dim> after) {
    Tensor filters = g.constant(w.value()).orElseThrow();
    Optional<Tensor> points = w.points(g);
    if (points.isEmpty()) {
      return Optional.empty();
    }
    int count = Math.toIntExact(filters.dims()[0]);
    int[] zeros = zeros(points.get(), filters.dtype(), count);
    Filled filled = Filled.of(filters.dims()[1], window.kernel().getLast());
    SignedWeights weights = SignedWeights.ofFilters(filters, filled.channels, filled.width);
    List<Dim> first = new ArrayList<>(List.of(Dim.ZERO, Dim.ZERO));
    first.addAll(before);
    List<Dim> last =
        new ArrayList<>(List.of(Dim.ZERO, Dim.of(filled.channels - filters.dims()[1])));
    last.addAll(after);
    long wider = filled.width - window.kernel().getLast();
    last.add(last.removeLast().plus(wider));
    List<Long> kernel = new ArrayList<>(window.kernel());
    kernel.set(kernel.size() - 1, filled.width);
    // A window had no gaps in a line, or a single element there, which may have got neighbours.
    List<Long> dilations = new ArrayList<>(window.dilations());
    dilations.set(dilations.size() - 1, 1L);
    Value image = padded(x, new Pad(first, last, PadMode.CONSTANT));
    List<Long> none = Collections.nCopies(window.rank(), 0L);
    Window inside = new Window(kernel, window.strides(), dilations, none, none, Padding.VALID);
    long[] along = new long[window.rank() + 2];
    Arrays.fill(along, 1);
    along[1] = count;
    // Before the convolution, so that it can be finished with them in its own kernel.
    Value term = timesZero(x, weights.terms(filters.elements() / count, zeros), along);
    Value offset = bias.isPresent() ? less(g.along(bias, 1, along.length), term) : Value.ABSENT;
    Value ofWindows = Value.ABSENT;
    if (!areZero(zeros)) {
      Value ones = g.constant(SignedWeights.ones(filters, filled.channels, filled.width).tensor());
      Value windows = g.emit(new ConvInteger(inside, 1), image, ones);
      ofWindows = g.binary(BinaryFunction.MUL, windows, g.constant(Tensor.of(zeros, along)));
    }
    Value sums = g.emit(new ConvInteger(inside, 1), image, constant(weights, w.value(), filters));
    Value counted =
        bias.isPresent() ? g.binary(BinaryFunction.ADD, sums, offset) : less(sums, term);
    return Optional.of(less(counted, ofWindows));
  }

  /**
   * What a window covers of a line, so that it is a multiple of a step: more channels, or a wider
   * window, whichever adds less. Their weights are zero.
   */
  private record Filled(long channels, long width) {
    static Filled of(long channels, long width) {
      if (channels * width % STEP == 0) {
        return new Filled(channels, width);
      }
      long more = Math.ceilDiv(channels, STEP) * STEP;
      long wider = Math.ceilDiv(width, STEP) * STEP;
      return more * width < channels * wider
          ? new Filled(more, width)
          : new Filled(channels, wider);
    }
  }

  /** The image with zero points, which count nothing, around it. */
  private Value padded(Quantized x, Pad pad) {
    Value image = unsigned(x.value());
    if (pad.before().stream().allMatch(d -> d.is(0))
        && pad.after().stream().allMatch(d -> d.is(0))) {
      return image;
    }
    return g.emit(pad, image, g.cast(zero(x), DType.UINT8));
  }

  /** Pads of the spatial axes, where they are known. */
  private static Optional<List<Dim>> pads(Window window, Shape x, Shape y, boolean before) {
    List<Dim> pads = new ArrayList<>();
    for (int axis = 0; axis < window.rank(); axis++) {
      Dim input = x.dim(axis + 2);
      Dim output = y.dim(axis + 2);
      pads.add(before ? window.padBegin(axis, input, output) : window.padEnd(axis, input, output));
    }
    boolean known = pads.stream().allMatch(pad -> pad.constant().orElse(-1) >= 0);
    return known ? Optional.of(pads) : Optional.empty();
  }

  private static boolean isByte(Value value) {
    return value.knownShape().isPresent()
        && (value.dtype() == DType.UINT8 || value.dtype() == DType.INT8);
  }

  /** The same numbers, 128 more if they are signed. */
  private Value unsigned(Value value) {
    if (value.dtype() == DType.UINT8) {
      return value;
    }
    Value wide = g.cast(value, DType.INT32);
    return g.cast(g.binary(BinaryFunction.ADD, wide, g.scalar(DType.INT32, SHIFT)), DType.UINT8);
  }

  /** The zero point of unsigned bytes, int32. */
  private Value zero(Quantized left) {
    int shift = left.value().dtype() == DType.INT8 ? SHIFT : 0;
    if (!left.zero().isPresent()) {
      return g.scalar(DType.INT32, shift);
    }
    Optional<Tensor> known = g.constant(left.zero());
    if (known.isPresent()) {
      return g.scalar(DType.INT32, Math.toIntExact(known.get().getLong(0)) + shift);
    }
    Value wide = g.cast(g.withoutAxes(left.zero()), DType.INT32);
    return shift == 0 ? wide : g.binary(BinaryFunction.ADD, wide, g.scalar(DType.INT32, shift));
  }

  private Value constant(SignedWeights weights, Value before, Tensor tensor) {
    return weights.tensor().equals(tensor) ? before : g.constant(weights.tensor());
  }

  /** A difference; the first operand if the second is absent. */
  private Value less(Value a, Value b) {
    return b.isPresent() ? g.binary(BinaryFunction.SUB, a, b) : a;
  }

  /** The product of the zero point and some numbers; absent if the zero point is zero. */
  private Value timesZero(Quantized left, int[] numbers, long... dims) {
    Value zero = zero(left);
    Optional<Tensor> known = g.constant(zero);
    if (known.isPresent()) {
      int factor = Math.toIntExact(known.get().getLong(0));
      if (factor == 0) {
        return Value.ABSENT;
      }
      int[] products = new int[numbers.length];
      for (int i = 0; i < numbers.length; i++) {
        products[i] = factor * numbers[i];
      }
      return g.constant(Tensor.of(products, dims));
    }
    return g.binary(BinaryFunction.MUL, zero, g.constant(Tensor.of(numbers, dims)));
  }

  /** A value with some zeros behind it on its last axis. */
  private Value behind(Value value, long zeros) {
    if (zeros == 0) {
      return value;
    }
    List<Dim> none = Collections.nCopies(value.shape().rank(), Dim.ZERO);
    List<Dim> after = new ArrayList<>(none);
    after.set(after.size() - 1, Dim.of(zeros));
    return g.emit(new Pad(none, after, PadMode.CONSTANT), value);
  }
}
