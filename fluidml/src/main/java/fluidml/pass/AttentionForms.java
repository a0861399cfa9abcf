package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Transpose;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The forms in which operands and results of {@link Attention} come, and the canonical one. */
final class AttentionForms {
  private static final List<Integer> SWAP = List.of(0, 2, 1, 3);

  private AttentionForms() {}

  /**
   * [b, g, t, d] of a value [b, g·r, t, d] that repeats each of its heads r times: a reshape of an
   * expansion of [b, g, 1, t, d].
   */
  static Optional<Value> unrepeated(Value value, Rewriter g) {
    Optional<Node> expand =
        g.producer(value)
            .filter(n -> n.op() instanceof Reshape)
            .flatMap(n -> g.producer(n.input(0)))
            .filter(n -> n.op() instanceof Expand && n.input(0).knownShape().isPresent());
    if (expand.isEmpty()) {
      return Optional.empty();
    }
    Shape from = expand.get().input(0).shape();
    Shape to = expand.get().output().shape();
    Shape heads = value.shape();
    boolean repeats =
        from.rank() == 5
            && to.rank() == 5
            && heads.rank() == 4
            && from.dim(2).is(1)
            && from.withDim(2, to.dim(2)).equals(to)
            && heads.dim(0).equals(to.dim(0))
            && heads.dim(1).equals(to.dim(1).times(to.dim(2)))
            && heads.dim(2).equals(to.dim(3))
            && heads.dim(3).equals(to.dim(4));
    return repeats
        ? Optional.of(
            g.emit(
                new Reshape(Shape.of(from.dim(0), from.dim(1), from.dim(3), from.dim(4))),
                expand.get().input(0)))
        : Optional.empty();
  }

  /** Rewrites attention with three axes or with past keys; empty if it has its form already. */
  static List<Value> canonical(Node node, Rewriter g) {
    Attention op = (Attention) node.op();
    boolean merged = op.queryHeads() != 0;
    boolean past = node.input(4).isPresent() && node.input(5).isPresent();
    boolean shaped =
        node.inputs().stream().limit(3).allMatch(v -> v.knownShape().isPresent())
            && node.output().knownShape().isPresent();
    boolean other = node.outputs().size() > 3 || node.input(6).isPresent() || (past && op.causal());
    if (!shaped || other || (!merged && !past && node.outputs().size() == 1)) {
      return List.of();
    }
    Value q = merged ? split(node.input(0), op.queryHeads(), g) : node.input(0);
    Value k = merged ? split(node.input(1), op.keyValueHeads(), g) : node.input(1);
    Value v = merged ? split(node.input(2), op.keyValueHeads(), g) : node.input(2);
    if (past) {
      k = g.emit(new Concat(2), node.input(4), k);
      v = g.emit(new Concat(2), node.input(5), v);
    }
    Attention plain =
        new Attention(scale(op, q), op.causal(), op.softcap(), 0, 0, op.scores(), op.softmaxType());
    List<Value> operands = new ArrayList<>(List.of(q, k, v));
    if (node.input(3).isPresent()) {
      operands.add(node.input(3));
    }
    Value y = g.emit(plain, operands, 1).getFirst();
    if (merged) {
      y = g.emit(new Reshape(node.output().shape()), g.emit(new Transpose(SWAP), y));
    }
    List<Value> results = new ArrayList<>(List.of(y));
    if (node.outputs().size() > 1) {
      results.add(k);
    }
    if (node.outputs().size() > 2) {
      results.add(v);
    }
    return results;
  }

  private static Value split(Value value, long heads, Rewriter g) {
    Shape shape = value.shape();
    Dim depth = shape.dim(2).floorDiv(heads);
    Shape four = Shape.of(shape.dim(0), shape.dim(1), Dim.of(heads), depth);
    return g.emit(new Transpose(SWAP), g.emit(new Reshape(four), value));
  }

  private static OptionalDouble scale(Attention op, Value q) {
    Dim depth = q.shape().dim(3);
    return op.scale().isPresent() || !depth.isConstant()
        ? op.scale()
        : OptionalDouble.of(1 / Math.sqrt((double) depth.constant().getAsLong()));
  }
}
