package fluidml.lower;

import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The loops over an index space: some axes of extent 1 dropped, the others in an order that suits
 * the results, neighbours merged to one loop wherever every view's elements lie so that one stride
 * will do.
 *
 * <p>Example: two row-major {@code [b, s, 768]} and a bias broadcast from {@code [768]} make loops
 * over {@code [b·s, 768]}; without the bias, over {@code [b·s·768]}.
 */
public final class LoopSpace {
  private final Shape shape;
  private final List<List<Integer>> groups;
  private final int rowLoops;

  private LoopSpace(Shape space, List<List<Integer>> groups, int rowLoops) {
    this.rowLoops = rowLoops;
    this.groups = groups;
    this.shape =
        new Shape(
            groups.stream()
                .map(g -> g.stream().map(space::dim).reduce(Dim.ONE, Dim::times))
                .toList());
  }

  /** One loop for each axis. */
  public static LoopSpace of(Shape space) {
    List<List<Integer>> groups = new ArrayList<>();
    for (int i = 0; i < space.rank(); i++) {
      groups.add(List.of(i));
    }
    return new LoopSpace(space, groups, 0);
  }

  /**
   * The fewest loops, in the order of memory of one view; at least one.
   *
   * @param views all views that are read and written, each of the shape {@code space}
   * @param order decides the order of the loops: smallest stride innermost
   */
  public static LoopSpace merged(Shape space, List<View> views, View order) {
    List<Integer> axes = longer(space, IntStream.range(0, space.rank()).boxed().toList());
    List<List<Integer>> groups = groups(space, byStride(axes, order), views);
    if (groups.isEmpty()) {
      groups.add(List.of());
    }
    return new LoopSpace(space, groups, 0);
  }

  /**
   * The fewest loops in the order of the axes, which come in sections that are not merged: the
   * rows, and what is in a row.
   *
   * @param rows outermost first; may have no loops
   * @param inRow outermost first; has at least one loop
   */
  public static LoopSpace rows(
      Shape space, List<Integer> rows, List<Integer> inRow, List<View> views) {
    List<List<Integer>> groups = groups(space, longer(space, rows), views);
    int count = groups.size();
    groups.addAll(groups(space, longer(space, inRow), views));
    if (groups.size() == count) {
      groups.add(List.of());
    }
    return new LoopSpace(space, groups, count);
  }

  /**
   * The fewest loops in the order of the axes, with a loop for each axis in {@code kept} even if
   * its extent is 1.
   */
  public static LoopSpace keeping(Shape space, List<Integer> kept, List<View> views) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < space.rank(); i++) {
      if (!space.dim(i).is(1) || kept.contains(i)) {
        axes.add(i);
      }
    }
    List<List<Integer>> groups = groups(space, axes, views);
    if (groups.isEmpty()) {
      groups.add(List.of());
    }
    return new LoopSpace(space, groups, 0);
  }

  /** The axes whose extent is not known to be 1. */
  private static List<Integer> longer(Shape space, List<Integer> axes) {
    return axes.stream().filter(a -> !space.dim(a).is(1)).toList();
  }

  /** Axes sorted by the strides of a view, the largest first. */
  static List<Integer> byStride(List<Integer> axes, View order) {
    List<Integer> sorted = new ArrayList<>(axes);
    // Extents are not known yet; with all symbols alike, strides still compare as their products
    // do.
    sorted.sort(Comparator.comparingLong(a -> -Math.abs(order.strides().get(a).evaluate(_ -> 61))));
    return sorted;
  }

  private static List<List<Integer>> groups(Shape space, List<Integer> axes, List<View> views) {
    List<List<Integer>> groups = new ArrayList<>();
    for (int axis : axes) {
      boolean joins = !groups.isEmpty();
      if (joins) {
        int outer = groups.getLast().getLast();
        for (View view : views) {
          Dim step = view.strides().get(axis).times(space.dim(axis));
          joins &= view.strides().get(outer).equals(step);
        }
      }
      if (joins) {
        groups.getLast().add(axis);
      } else {
        groups.add(new ArrayList<>(List.of(axis)));
      }
    }
    return groups;
  }

  /** The extents of the loops, outermost first. */
  public Shape shape() {
    return shape;
  }

  /** Number of loops. */
  public int rank() {
    return groups.size();
  }

  /** How many of the loops, the outermost ones, run over rows. */
  public int rowLoops() {
    return rowLoops;
  }

  /** The loop that covers an axis of the space, −1 if the axis was dropped. */
  public int loopOf(int axis) {
    for (int i = 0; i < groups.size(); i++) {
      if (groups.get(i).contains(axis)) {
        return i;
      }
    }
    return -1;
  }

  /** A view of the shape of the space as a view over the loops. */
  public View apply(View view) {
    List<Dim> strides =
        groups.stream().map(g -> g.isEmpty() ? Dim.ONE : view.strides().get(g.getLast())).toList();
    return new View(view.root(), view.dtype(), shape, view.offset(), strides);
  }
}
