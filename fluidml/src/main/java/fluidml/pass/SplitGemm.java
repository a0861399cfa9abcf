package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Transpose;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * Turns every Gemm into a product of (transposed views of) its operands and a sum, and vectors that
 * are multiplied into matrices, so that there is one form of product.
 *
 * <pre>
 * before: return Gemm{alpha=1,beta=1,transposeB}(a, b, c)
 * after:  m = MatMul(a, Transpose{[1,0]}(b)); return Add(m, c)
 * </pre>
 */
public final class SplitGemm implements Pass {
  private static final List<Rule> RULES =
      List.of(
          Rule.of("gemm is a product and a sum", Gemm.class, SplitGemm::split),
          Rule.of("a vector is a matrix of one row or column", MatMul.class, SplitGemm::vectors));

  @Override
  public String name() {
    return "split-gemm";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> split(Node node, Rewriter g) {
    Gemm gemm = (Gemm) node.op();
    if (!node.output().dtype().isFloat()) {
      return Optional.empty();
    }
    Value a = transposed(node.input(0), gemm.transposeA(), g);
    Value b = transposed(node.input(1), gemm.transposeB(), g);
    Value product = scaled(g.emit(new MatMul(), a, b), gemm.alpha(), g);
    if (!node.input(2).isPresent() || gemm.beta() == 0) {
      return Optional.of(product);
    }
    Value summand = scaled(node.input(2), gemm.beta(), g);
    return Optional.of(g.emit(new Binary(BinaryFunction.ADD), product, summand));
  }

  private static Optional<Value> vectors(Node node, Rewriter g) {
    Value a = node.input(0);
    Value b = node.input(1);
    Optional<Shape> result = node.output().knownShape();
    boolean known = a.knownShape().isPresent() && b.knownShape().isPresent() && result.isPresent();
    if (!known || (a.shape().rank() > 1 && b.shape().rank() > 1)) {
      return Optional.empty();
    }
    Value product =
        g.emit(
            new MatMul(),
            a.shape().rank() > 1 ? a : reshaped(a, Shape.of(Dim.ONE, a.shape().dim(0)), g),
            b.shape().rank() > 1 ? b : reshaped(b, Shape.of(b.shape().dim(0), Dim.ONE), g));
    return Optional.of(reshaped(product, result.get(), g));
  }

  private static Value reshaped(Value value, Shape shape, Rewriter g) {
    return g.emit(new Reshape(shape), value);
  }

  private static Value transposed(Value value, boolean transpose, Rewriter g) {
    return transpose ? g.emit(new Transpose(List.of(1, 0)), value) : value;
  }

  private static Value scaled(Value value, double factor, Rewriter g) {
    return factor == 1
        ? value
        : g.emit(
            new Binary(BinaryFunction.MUL),
            value,
            g.constant(Constants.scalar(value.dtype(), factor)));
  }
}
