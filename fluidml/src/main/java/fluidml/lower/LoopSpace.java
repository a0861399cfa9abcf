package fluidml.lower;

import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

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

  private LoopSpace(Shape space, List<List<Integer>> groups) {
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
    return new LoopSpace(space, groups);
  }

  /**
   * The fewest loops, in the order of memory of one view; at least one.
   *
   * @param views all views that are read and written, each of the shape {@code space}
   * @param order decides the order of the loops: smallest stride innermost
   */
  public static LoopSpace merged(Shape space, List<View> views, View order) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < space.rank(); i++) {
      if (!space.dim(i).is(1)) {
        axes.add(i);
      }
    }
    // Extents are not known yet; with all symbols alike, strides still compare as their products
    // do.
    axes.sort(Comparator.comparingLong(a -> -Math.abs(order.strides().get(a).evaluate(_ -> 61))));
    return merge(space, axes, views);
  }

  /**
   * The fewest loops in the order of the axes.
   *
   * @param axes what to loop over, outermost first
   */
  public static LoopSpace ordered(Shape space, List<Integer> axes, List<View> views) {
    return merge(space, axes.stream().filter(a -> !space.dim(a).is(1)).toList(), views);
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
    return merge(space, axes, views);
  }

  private static LoopSpace merge(Shape space, List<Integer> axes, List<View> views) {
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
    if (groups.isEmpty()) {
      groups.add(List.of());
    }
    return new LoopSpace(space, groups);
  }

  /** The extents of the loops, outermost first. */
  public Shape shape() {
    return shape;
  }

  /** Number of loops. */
  public int rank() {
    return groups.size();
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
