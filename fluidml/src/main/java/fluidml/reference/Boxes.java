package fluidml.reference;

import fluidml.tensor.Tensor;
import java.util.Arrays;

/** Selection of boxes in images. */
final class Boxes {
  private final Tensor boxes;
  private final boolean centerPoint;
  private final double maxOverlap;
  private final PlaceHeap candidates;
  private final Box[] taken;
  private final int[] places;

  /**
   * @param count boxes of an image
   * @param limit how many of them to take at most
   */
  private Boxes(Tensor boxes, boolean centerPoint, double maxOverlap, int count, int limit) {
    this.boxes = boxes;
    this.centerPoint = centerPoint;
    this.maxOverlap = maxOverlap;
    candidates = new PlaceHeap(count);
    taken = new Box[limit];
    places = new int[limit];
  }

  private record Box(double left, double top, double right, double bottom, double area) {
    static Box of(double left, double top, double right, double bottom) {
      return new Box(left, top, right, bottom, (right - left) * (bottom - top));
    }

    /** Area of the intersection divided by that of the union; 0 for degenerate boxes. */
    double overlap(Box other) {
      double width = Math.min(right, other.right) - Math.max(left, other.left);
      double height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
      if (width <= 0 || height <= 0) {
        return 0;
      }
      double union = area + other.area - width * height;
      return union <= 0 ? 0 : width * height / union;
    }

    boolean overlapsAny(Box[] others, int count, double maxOverlap) {
      for (int i = 0; i < count; i++) {
        if (overlap(others[i]) > maxOverlap) {
          return true;
        }
      }
      return false;
    }
  }

  /**
   * For each batch and class greedily by score, equal ones by their places: boxes that overlap none
   * of those taken before by more than a threshold.
   *
   * @param centerPoint whether boxes are (x, y, width, height) around a centre, not two corners (y,
   *     x)
   * @return int64 [count, 3]: batch, class, box
   */
  static Tensor nonMaxSuppression(Operands operands, boolean centerPoint) {
    Tensor scores = operands.tensor(1);
    long classes = scores.dim(1);
    int count = Math.toIntExact(scores.dim(2));
    int limit = Math.clamp(operands.scalarLong(2, 0), 0, count);
    Boxes boxes =
        new Boxes(operands.tensor(0), centerPoint, operands.scalarDouble(3, 0), count, limit);
    double[] row = new double[count];
    long[] selected = new long[3 * (limit + 1)];
    int size = 0;
    for (long i = 0; i < scores.dim(0) * classes; i++) {
      Loops.doubles(scores, i * count, count, row);
      boxes.propose(row, !operands.has(4), operands.scalarDouble(4, 0));
      int found = boxes.take(i / classes * count);
      if (selected.length - size < 3 * found) {
        selected = Arrays.copyOf(selected, 2 * selected.length);
      }
      for (int k = 0; k < found; k++) {
        selected[size++] = i / classes;
        selected[size++] = i % classes;
        selected[size++] = boxes.places[k];
      }
    }
    return Tensor.of(Arrays.copyOf(selected, size), size / 3, 3);
  }

  /** Makes candidates of all boxes or those of a score above the least. */
  private void propose(double[] scores, boolean all, double minScore) {
    candidates.clear();
    for (int i = 0; i < scores.length; i++) {
      if (all || scores[i] > minScore) {
        candidates.add(key(scores[i]), i);
      }
    }
  }

  /** Takes candidates of the image whose boxes begin at {@code first}; returns how many. */
  private int take(long first) {
    int size = 0;
    while (size < taken.length && !candidates.isEmpty()) {
      int place = candidates.remove();
      Box box = box((first + place) * 4);
      if (!box.overlapsAny(taken, size, maxOverlap)) {
        taken[size] = box;
        places[size++] = place;
      }
    }
    return size;
  }

  /** A number that falls while the score grows; NaN comes last. */
  private static long key(double score) {
    long bits = Double.doubleToLongBits(-score);
    return bits ^ ((bits >> 63) & Long.MAX_VALUE);
  }

  private Box box(long at) {
    double a = boxes.getDouble(at);
    double b = boxes.getDouble(at + 1);
    double c = boxes.getDouble(at + 2);
    double d = boxes.getDouble(at + 3);
    return centerPoint
        ? Box.of(a - c / 2, b - d / 2, a + c / 2, b + d / 2)
        : Box.of(Math.min(b, d), Math.min(a, c), Math.max(b, d), Math.max(a, c));
  }
}
