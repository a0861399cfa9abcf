package fluidml.graph.infer;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * What must hold between extents for a graph to run, and cannot be proved before they are known.
 */
public final class Requirements {
  private Requirements() {}

  /**
   * One condition: elements {@code first} to {@code last}, if there are any, lie inside an axis.
   *
   * @param node name of the first node that needs it
   * @param first least index
   * @param last greatest index
   * @param size number of elements
   * @param extent extent of the axis
   */
  public record Inside(String node, Dim first, Dim last, Dim size, Dim extent) {
    /** Whether the condition holds under an assignment of the symbols. */
    public boolean holds(ToLongFunction<String> symbols) {
      long count = size.evaluate(symbols);
      return count == 0
          || (count > 0
              && first.evaluate(symbols) >= 0
              && last.evaluate(symbols) < extent.evaluate(symbols));
    }

    /** Whether an assignment of these symbols decides the condition. */
    public boolean isKnown(Set<String> symbols) {
      return Stream.of(first, last, size, extent)
          .allMatch(dim -> symbols.containsAll(dim.symbols()));
    }

    private boolean isCertain() {
      return size.is(0)
          || (size.lowerBound() >= 0
              && first.lowerBound() >= 0
              && extent.minus(last).lowerBound() >= 1);
    }
  }

  /** The conditions under which every slice lies inside what it cuts, each only once. */
  public static List<Inside> of(Graph graph) {
    Set<List<Dim>> seen = new HashSet<>();
    List<Inside> conditions = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (node.op() instanceof Slice(List<SliceAxis> axes)
          && node.input(0).knownShape().isPresent()) {
        for (SliceAxis axis : axes) {
          Inside inside = inside(node, axis);
          if (!inside.isCertain()
              && seen.add(List.of(inside.first, inside.last, inside.size, inside.extent))) {
            conditions.add(inside);
          }
        }
      }
    }
    return conditions;
  }

  private static Inside inside(Node node, SliceAxis axis) {
    Dim reach = axis.size().plus(-1).times(axis.step());
    Dim end = axis.start().plus(reach);
    boolean forward = axis.step() > 0;
    return new Inside(
        node.name(),
        forward ? axis.start() : end,
        forward ? end : axis.start(),
        axis.size(),
        node.input(0).shape().dim(axis.axis()));
  }
}
