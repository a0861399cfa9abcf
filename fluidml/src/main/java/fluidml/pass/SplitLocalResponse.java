package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.PadMode;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Normalization.LocalResponseNorm;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Turns the normalisation by neighbouring channels into elementwise arithmetic: squares, padded
 * with zeros along the channels, are summed as parts that lie one channel apart, which are views.
 *
 * <pre>
 * before: return LocalResponseNorm{alpha,beta,bias,size=3}(x)
 * after:  p = Pad(Mul(x, x)); s = Add(Add(p[0:c], p[1:c+1]), p[2:c+2])
 *         return Div(x, Pow(Add(Mul(s, alpha/3), bias), beta))
 * </pre>
 */
public final class SplitLocalResponse implements Pass {
  /** More neighbours than this are left alone: every one is an operand. */
  private static final long MOST = 32;

  private static final int CHANNELS = 1;

  private static final List<Rule> RULES =
      List.of(
          Rule.of(
              "neighbouring channels are views",
              LocalResponseNorm.class,
              SplitLocalResponse::split));

  @Override
  public String name() {
    return "split-local-response";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> split(Node node, Rewriter g) {
    LocalResponseNorm norm = (LocalResponseNorm) node.op();
    Value x = node.input(0);
    Optional<Shape> shape = x.knownShape();
    // Squares of narrower types would be rounded, or overflow.
    boolean exact = x.dtype() == DType.FLOAT32 || x.dtype() == DType.FLOAT64;
    if (shape.isEmpty() || !exact || norm.size() < 1 || norm.size() > MOST) {
      return Optional.empty();
    }
    Value squares = g.binary(BinaryFunction.MUL, x, x);
    long before = (norm.size() - 1) / 2;
    Value padded =
        g.emit(
            new Pad(
                amounts(shape.get().rank(), before),
                amounts(shape.get().rank(), norm.size() - 1 - before),
                PadMode.CONSTANT),
            squares);
    Value sum = null;
    for (long first = 0; first < norm.size(); first++) {
      SliceAxis part = new SliceAxis(CHANNELS, Dim.of(first), shape.get().dim(CHANNELS), 1);
      Value slice = g.emit(new Slice(List.of(part)), padded);
      sum = sum == null ? slice : g.binary(BinaryFunction.ADD, sum, slice);
    }
    Value scaled =
        g.binary(BinaryFunction.MUL, sum, g.scalar(x.dtype(), norm.alpha() / norm.size()));
    Value base = g.binary(BinaryFunction.ADD, scaled, g.scalar(x.dtype(), norm.bias()));
    return Optional.of(g.binary(BinaryFunction.DIV, x, power(base, norm, g)));
  }

  /** The power that is divided by: by roots where that is as exact. */
  private static Value power(Value base, LocalResponseNorm norm, Rewriter g) {
    double exponent = norm.beta();
    boolean positive = norm.alpha() >= 0 && norm.bias() >= 0;
    if (positive && (exponent == 0.5 || exponent == 0.75)) {
      Value root = g.emit(new Unary(UnaryFunction.SQRT), base);
      return exponent == 0.5
          ? root
          : g.binary(BinaryFunction.MUL, root, g.emit(new Unary(UnaryFunction.SQRT), root));
    }
    return g.binary(BinaryFunction.POW, base, g.scalar(base.dtype(), exponent));
  }

  private static List<Dim> amounts(int rank, long ofChannels) {
    List<Dim> amounts = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      amounts.add(axis == CHANNELS ? Dim.of(ofChannels) : Dim.ZERO);
    }
    return amounts;
  }
}
