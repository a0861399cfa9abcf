package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Contraction.AttentionScores;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Normalization.RotaryEmbedding;
import fluidml.graph.op.Reduction.Softmax;
import fluidml.onnx.proto.GraphProto;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Attention with its variants. */
final class Attentions {
  /** What ONNX's {@code qk_matmul_output_mode} numbers mean: the cap comes before the mask. */
  private static final Map<Long, AttentionScores> SCORES =
      Map.of(
          0L, AttentionScores.RAW,
          1L, AttentionScores.CAPPED,
          2L, AttentionScores.MASKED,
          3L, AttentionScores.SOFTMAX);

  private Attentions() {}

  static void register(Operators to) {
    to.add("Attention", 23, 3, 6, Attentions::attention);
    to.add("Attention", 24, 3, 7, Attentions::attention);
    to.add("Attention", 25, 3, 7, Attentions::windowedAttention);
    to.add("RotaryEmbedding", 23, 3, 4, Attentions::rotaryEmbedding);
    to.add(Operators.PREVIEW, "FlexAttention", 1, 3, 3, Attentions::flexAttention);
  }

  private static List<Value> attention(Call c) {
    Attributes a = c.attributes();
    long mode = a.integer("qk_matmul_output_mode", 0);
    AttentionScores scores = SCORES.get(mode);
    if (scores == null) {
      throw c.unsupported("attribute 'qk_matmul_output_mode' is " + mode + "; use 0, 1, 2 or 3");
    }
    if (c.has(4) != c.has(5)) {
      throw c.invalid("past_key and past_value must be given together");
    }
    double softcap = a.real("softcap", 0);
    return c.out(
        new Attention(
            a.real("scale"),
            a.flag("is_causal", false),
            softcap,
            a.integer("q_num_heads", 0),
            a.integer("kv_num_heads", 0),
            scores,
            a.dtype("softmax_precision")),
        c.operands());
  }

  private static List<Value> windowedAttention(Call c) {
    for (String side : List.of("left_window_size", "right_window_size")) {
      long size = c.attributes().integer(side, -1);
      if (size != -1) {
        throw c.unsupported(
            "attribute '"
                + side
                + "' is "
                + size
                + "; only -1 is supported: give the window as mask");
      }
    }
    return attention(c);
  }

  private static List<Value> rotaryEmbedding(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new RotaryEmbedding(
            a.flag("interleaved", false),
            a.integer("num_heads", 0),
            a.integer("rotary_embedding_dim", 0)),
        c.operands());
  }

  /** softmax(score_mod(q·kᵀ·scale)), then prob_mod, then ·v; the modifications are subgraphs. */
  private static List<Value> flexAttention(Call c) {
    Shape shape = c.shape(c.in(0), 4);
    DType dtype = c.dtype(c.in(0));
    DType precise =
        c.attributes()
            .dtype("softmax_precision")
            .orElse(dtype == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32);
    Value q = c.cast(c.in(0), precise);
    Value k = c.cast(repeatHeads(c, c.in(1), shape.dim(1)), precise);
    Value v = c.cast(repeatHeads(c, c.in(2), shape.dim(1)), precise);
    Value scores = c.add(new MatMul(), q, c.transpose(k, 0, 1, 3, 2));
    scores = c.times(scores, scale(c, c.attributes().real("scale"), shape.dim(3), precise));
    scores = modify(c, "score_mod", scores);
    Value probabilities = modify(c, "prob_mod", c.add(new Softmax(3), scores));
    if (precise == dtype) {
      return c.out(new MatMul(), probabilities, v);
    }
    return c.out(new Cast(dtype), c.add(new MatMul(), probabilities, v));
  }

  private static Value modify(Call c, String attribute, Value scores) {
    Optional<GraphProto> graph = c.attributes().graph(attribute);
    return graph.isEmpty() ? scores : c.inline(graph.get(), List.of(scores)).getFirst();
  }

  /** The factor of the scores: as given, or 1/√depth. */
  static Value scale(Call c, OptionalDouble given, Dim depth, DType dtype) {
    if (given.isPresent()) {
      return c.scalar(dtype, given.getAsDouble());
    }
    long constant =
        depth
            .constant()
            .orElseThrow(() -> c.unsupported("the head size is not constant; give 'scale'"));
    return c.scalar(dtype, 1 / Math.sqrt((double) constant));
  }

  /** Key or value heads repeated so that each query head has its own. */
  private static Value repeatHeads(Call c, Value x, Dim heads) {
    Shape s = c.shape(x, 4);
    if (s.dim(1).equals(heads)) {
      return x;
    }
    Dim group = heads.floorDiv(s.dim(1));
    Value split = c.add(new Unsqueeze(List.of(2)), x);
    Shape repeated = Shape.of(s.dim(0), s.dim(1), group, s.dim(2), s.dim(3));
    return c.reshape(c.add(new Expand(repeated), split), s.dim(0), heads, s.dim(2), s.dim(3));
  }
}
