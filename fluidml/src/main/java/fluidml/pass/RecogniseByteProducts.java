package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Quantization.DequantizeLinear;
import fluidml.pass.ExactProducts.Quantized;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Products of dequantised bytes, as most quantised models write them, become products of these
 * bytes where {@link ByteProducts} takes them; scales are factors of the sums, which are exact.
 *
 * <pre>
 * before: return Conv(DequantizeLinear(x, s, z), DequantizeLinear(w, t), bias)
 * after:  return Cast{f32}(ConvInteger(x, w, z))·(s·t) + bias
 * </pre>
 */
public final class RecogniseByteProducts implements Pass {
  private static final List<Rule> RULES =
      List.of(
          Rule.of("a convolution of bytes", Conv.class, RecogniseByteProducts::convolution),
          Rule.of("a product of bytes", MatMul.class, RecogniseByteProducts::product),
          Rule.of("a product of bytes and a bias", Gemm.class, RecogniseByteProducts::gemm));

  private final boolean present;
  private final boolean allowed;

  /** Does nothing. */
  public RecogniseByteProducts() {
    this(false, false);
  }

  /**
   * Does something if both hold.
   *
   * @param present whether the machine has dot products of bytes
   * @param allowed whether scales may be factors of sums instead of their terms
   */
  public RecogniseByteProducts(boolean present, boolean allowed) {
    this.present = present;
    this.allowed = allowed;
  }

  /** The same for machines with or without dot products of bytes. */
  RecogniseByteProducts withBytes(boolean wanted) {
    return new RecogniseByteProducts(wanted, allowed);
  }

  @Override
  public String name() {
    return "recognise-byte-products";
  }

  @Override
  public Graph run(Graph graph) {
    return present && allowed ? Rewriter.rewrite(graph, RULES) : graph;
  }

  /**
   * A dequantised operand.
   *
   * @param bytes with their zero points
   * @param scale one number, or one for each place on {@code axis}
   */
  private record Dequantised(Quantized bytes, Value scale, int axis) {
    static Optional<Dequantised> of(Value value, Rewriter g) {
      Optional<Node> node = g.producer(value).filter(Dequantised::isSimple);
      return node.map(
          n -> {
            int axis = ((DequantizeLinear) n.op()).axis();
            int rank = n.input(0).shape().rank();
            return new Dequantised(
                new Quantized(n.input(0), n.input(2)), n.input(1), axis < 0 ? axis + rank : axis);
          });
    }

    private static boolean isSimple(Node node) {
      return node.op() instanceof DequantizeLinear op
          && op.blockSize() == 0
          && node.output().dtype() == DType.FLOAT32
          && node.input(1).dtype() == DType.FLOAT32
          && node.input(0).knownShape().isPresent()
          && node.input(1).knownShape().isPresent();
    }

    /** Whether there is one scale and one zero point. */
    boolean isUniform() {
      return SplitQuantized.isNumber(scale) && SplitQuantized.isNumber(bytes.zero());
    }

    /** Whether there is one scale, or they run along an axis, as zero points do. */
    boolean isAlong(int wanted) {
      return isUniform() || (axis == wanted && scale.shape().rank() == 1);
    }
  }

  private static Optional<Value> convolution(Node node, Rewriter g) {
    Conv op = (Conv) node.op();
    Optional<Dequantised> x = Dequantised.of(node.input(0), g).filter(Dequantised::isUniform);
    Optional<Dequantised> w = Dequantised.of(node.input(1), g).filter(d -> d.isAlong(0));
    if (x.isEmpty() || w.isEmpty() || node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    Value y = node.output();
    Value scale = scale(x.get(), w.get(), y, 1, g);
    return ByteProducts.conv(op, x.get().bytes, w.get().bytes, Value.ABSENT, y.shape(), g)
        .map(sums -> scaled(sums, scale, 1, node.input(2), g));
  }

  private static Optional<Value> product(Node node, Rewriter g) {
    return product(node, false, Value.ABSENT, g);
  }

  private static Optional<Value> gemm(Node node, Rewriter g) {
    Gemm op = (Gemm) node.op();
    Value bias = node.input(2);
    boolean supported =
        op.alpha() == 1
            && !op.transposeA()
            && (!bias.isPresent() || (op.beta() == 1 && bias.knownShape().isPresent()));
    return supported ? product(node, op.transposeB(), bias, g) : Optional.empty();
  }

  private static Optional<Value> product(Node node, boolean transposed, Value bias, Rewriter g) {
    Optional<Dequantised> a = Dequantised.of(node.input(0), g).filter(Dequantised::isUniform);
    int columns = transposed ? 0 : 1;
    Optional<Dequantised> b =
        Dequantised.of(node.input(1), g)
            .filter(d -> d.bytes.value().shape().rank() == 2 && d.isAlong(columns));
    if (a.isEmpty() || b.isEmpty() || node.output().knownShape().isEmpty()) {
      return Optional.empty();
    }
    Quantized right = b.get().bytes;
    if (transposed) {
      Optional<Tensor> matrix = g.constant(right.value());
      if (matrix.isEmpty() || !ByteProducts.isMatrix(matrix.get())) {
        return Optional.empty();
      }
      right = new Quantized(g.constant(SignedWeights.transposed(matrix.get())), right.zero());
    }
    int last = node.output().shape().rank() - 1;
    Value scale = scale(a.get(), b.get(), node.output(), last, g);
    return ByteProducts.matMul(a.get().bytes, right, g)
        .map(sums -> scaled(sums, scale, last, bias, g));
  }

  /**
   * The factor of the sums.
   *
   * @param result of the product
   * @param axis of it along which scales of the right operand run
   */
  private static Value scale(
      Dequantised left, Dequantised right, Value result, int axis, Rewriter g) {
    Value factor = SplitQuantized.along(result, right.scale, axis, g).orElseThrow();
    return g.binary(BinaryFunction.MUL, g.withoutAxes(left.scale), factor);
  }

  /**
   * The result of a product.
   *
   * @param axis of the result's channels or columns
   * @param bias of a convolution along that axis, else it broadcasts to the result
   */
  private static Value scaled(Value sums, Value scale, int axis, Value bias, Rewriter g) {
    Value result = g.binary(BinaryFunction.MUL, g.cast(sums, DType.FLOAT32), scale);
    if (!bias.isPresent()) {
      return result;
    }
    int rank = sums.shape().rank();
    boolean along = axis != rank - 1;
    return g.binary(BinaryFunction.ADD, result, along ? g.along(bias, axis, rank) : bias);
  }
}
