package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Extents that have two names in a graph that can run.
 *
 * <p>Models cut tables (positions, rotary caches, causal masks) to the length of a sequence: the
 * extent is {@code min(512, s)}. Where that meets {@code s} in a sum, both are equal: they are 1
 * together only, so neither broadcasts. Where it meets a number in a concat, it is that number;
 * where it is 1 at most and meets a 1, it is 1. From there on the slice has the extent {@code s},
 * which says that the table must be long enough.
 */
final class Agreements {
  private Agreements() {}

  /** Adds the pairs that nodes of {@code graph} show; whether there were new ones. */
  static boolean learn(Graph graph, Map<Dim, Dim> agreed) {
    int known = agreed.size();
    for (Node node : graph.nodes()) {
      switch (node.op()) {
        case Elementwise _ -> learnFromBroadcast(node, agreed);
        case Concat concat -> learnFromConcat(node, concat.axis(), agreed);
        default -> {}
      }
    }
    return agreed.size() > known;
  }

  private static List<Shape> shapes(Node node) {
    return node.inputs().stream().map(Value::knownShape).flatMap(Optional::stream).toList();
  }

  private static void learnFromConcat(Node node, int axis, Map<Dim, Dim> agreed) {
    List<Shape> shapes = shapes(node);
    for (Shape a : shapes) {
      for (Shape b : shapes) {
        for (int i = 0; i < a.rank() && a.rank() == b.rank(); i++) {
          boolean joined = i == axis || i == axis + a.rank();
          if (!joined && b.dim(i).isConstant() && !a.dim(i).isConstant()) {
            agreed.putIfAbsent(a.dim(i), b.dim(i));
          }
        }
      }
    }
  }

  private static void learnFromBroadcast(Node node, Map<Dim, Dim> agreed) {
    List<Shape> shapes = shapes(node);
    for (Shape a : shapes) {
      for (Shape b : shapes) {
        for (int i = 1; i <= Math.min(a.rank(), b.rank()); i++) {
          if (isCut(a.dim(-i), b.dim(-i)) || isAtMostOne(a.dim(-i), b.dim(-i))) {
            agreed.putIfAbsent(a.dim(-i), b.dim(-i));
          }
        }
      }
    }
  }

  /** Whether {@code cut} is {@code min(limit, whole)} with a limit above 1. */
  private static boolean isCut(Dim cut, Dim whole) {
    if (cut.equals(whole) || cut.isConstant() || whole.isConstant()) {
      return false;
    }
    long limit = cut.upperBound();
    return limit > 1 && limit < Long.MAX_VALUE && Dim.of(limit).min(whole).equals(cut);
  }

  /** Whether {@code cut} is 0 or 1 and meets a 1: it is 1 unless there is nothing to compute. */
  private static boolean isAtMostOne(Dim cut, Dim whole) {
    return whole.is(1) && !cut.isConstant() && cut.upperBound() == 1;
  }

  /** A slice with extents that were agreed; empty if it has none. */
  static Optional<Slice> apply(Slice slice, Map<Dim, Dim> agreed) {
    List<SliceAxis> axes =
        slice.axes().stream()
            .map(
                a ->
                    new SliceAxis(
                        a.axis(), a.start(), agreed.getOrDefault(a.size(), a.size()), a.step()))
            .toList();
    return axes.equals(slice.axes()) ? Optional.empty() : Optional.of(new Slice(axes));
  }
}
