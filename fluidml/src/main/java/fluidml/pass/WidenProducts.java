package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Products of sixteen-bit floats as products of float32 that are rounded once: sums are computed in
 * float32 anyway, and kernels for float32 exist for every product. Constant operands become float32
 * when the model is loaded and take twice the memory.
 *
 * <p>On request, what lies between products stays float32, too, and is not rounded after every
 * operator: only casts of the model itself, inputs, outputs and what other operators read are
 * sixteen bits. That is more exact than the definition, and what other runtimes do on processors
 * without such arithmetic.
 *
 * <pre>
 * before: %y: f16[…] = MatMul() %a, %b
 * after:  %w: f32[…] = MatMul() Cast(a), Cast(b); %y: f16[…] = Cast(w)
 * </pre>
 */
public final class WidenProducts implements Pass {
  private final boolean everything;

  /** Rounds after every operator, as the model says. */
  public WidenProducts() {
    this(false);
  }

  /**
   * A pass.
   *
   * @param everything whether what lies between products stays float32
   */
  public WidenProducts(boolean everything) {
    this.everything = everything;
  }

  @Override
  public String name() {
    return "widen-products";
  }

  @Override
  public Graph run(Graph graph) {
    Work work = new Work(everything);
    List<Rule> products =
        Stream.of(MatMul.class, Conv.class, ConvTranspose.class, Attention.class)
            .map(op -> new Rule("product of narrow floats", op, work::widen))
            .toList();
    List<Rule> rules = new ArrayList<>(products);
    if (everything) {
      for (Class<? extends Op> op :
          List.of(Elementwise.class, Normalization.class, Reduction.class, Movement.class)) {
        rules.add(new Rule("narrow floats between products", op, work::widen));
      }
    }
    return Rewriter.rewrite(graph, rules);
  }

  private static boolean isNarrow(Value value) {
    return value.isPresent()
        && value.isTensor()
        && (value.dtype() == DType.FLOAT16 || value.dtype() == DType.BFLOAT16);
  }

  /** The work on one graph. */
  private static final class Work {
    private final boolean everything;

    /** Results in float32 of what the graph has in sixteen bits. */
    private final Set<Value> wide = new HashSet<>();

    Work(boolean everything) {
      this.everything = everything;
    }

    List<Value> widen(Node node, Rewriter g) {
      boolean product = node.op() instanceof Contraction;
      if (node.op() instanceof Cast
          || (product && node.outputs().size() > 1)
          || isComputedNarrow(node)
          || node.inputs().stream().noneMatch(WidenProducts::isNarrow)
          || node.outputs().stream().noneMatch(WidenProducts::isNarrow)
          || !node.outputs().stream().allMatch(Value::isPresent)) {
        return List.of();
      }
      if (node.op() instanceof Movement
          && node.inputs().stream().noneMatch(v -> wideOf(v, g).isPresent())) {
        return List.of();
      }
      List<Value> operands = new ArrayList<>();
      for (Value operand : node.inputs()) {
        operands.add(
            isNarrow(operand)
                ? wideOf(operand, g).orElseGet(() -> g.emit(new Cast(DType.FLOAT32), operand))
                : operand);
      }
      List<Value> results = g.emit(node.op(), operands, node.outputs().size());
      List<Value> narrow = new ArrayList<>();
      for (int i = 0; i < results.size(); i++) {
        Value result = results.get(i);
        Value old = node.output(i);
        if (isNarrow(old) && result.dtype() == DType.FLOAT32) {
          wide.add(result);
          narrow.add(g.emit(new Cast(old.dtype()), result));
        } else {
          narrow.add(result);
        }
      }
      return narrow;
    }

    /** What a value was rounded from by this pass. */
    private Optional<Value> wideOf(Value operand, Rewriter g) {
      return g.producer(operand)
          .filter(n -> everything && n.op() instanceof Cast && wide.contains(n.input(0)))
          .map(n -> n.input(0));
    }

    /** Whether the operator says that something inside is rounded to narrow floats. */
    private static boolean isComputedNarrow(Node node) {
      return node.op() instanceof Attention attention && attention.softmaxType().isPresent();
    }
  }
}
