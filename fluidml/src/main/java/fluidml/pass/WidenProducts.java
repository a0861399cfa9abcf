package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Products of sixteen-bit floats as products of float32 that are rounded once: sums are computed in
 * float32 anyway, and kernels for float32 exist for every product. Constant operands become float32
 * when the model is loaded and take twice the memory.
 *
 * <pre>
 * before: %y: f16[…] = MatMul() %a, %b
 * after:  %w: f32[…] = MatMul() Cast(a), Cast(b); %y: f16[…] = Cast(w)
 * </pre>
 */
public final class WidenProducts implements Pass {
  private static final List<Rule> RULES =
      List.of(
          Rule.of("product of narrow floats", MatMul.class, WidenProducts::widen),
          Rule.of("convolution of narrow floats", Conv.class, WidenProducts::widen),
          Rule.of(
              "transposed convolution of narrow floats", ConvTranspose.class, WidenProducts::widen),
          Rule.of("attention of narrow floats", Attention.class, WidenProducts::widen));

  @Override
  public String name() {
    return "widen-products";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static boolean isNarrow(Value value) {
    return value.isPresent()
        && value.isTensor()
        && (value.dtype() == DType.FLOAT16 || value.dtype() == DType.BFLOAT16);
  }

  private static Optional<Value> widen(Node node, Rewriter g) {
    boolean further = node.outputs().size() > 1 || isComputedNarrow(node);
    if (further
        || !isNarrow(node.output())
        || !node.inputs().stream().anyMatch(WidenProducts::isNarrow)) {
      return Optional.empty();
    }
    List<Value> operands = new ArrayList<>();
    for (Value operand : node.inputs()) {
      operands.add(isNarrow(operand) ? g.emit(new Cast(DType.FLOAT32), operand) : operand);
    }
    Value wide = g.emit((Contraction) node.op(), operands, 1).getFirst();
    return Optional.of(g.emit(new Cast(node.output().dtype()), wide));
  }

  /** Whether the operator says that something inside is rounded to narrow floats. */
  private static boolean isComputedNarrow(Node node) {
    return node.op() instanceof Attention attention && attention.softmaxType().isPresent();
  }
}
