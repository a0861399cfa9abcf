package fluidml.reference;

import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Selection of boxes in images. */
final class Boxes {
  private Boxes() {}

  private record Box(double left, double top, double right, double bottom) {
    double area() {
      return (right - left) * (bottom - top);
    }

    /** Area of the intersection divided by that of the union; 0 for degenerate boxes. */
    double overlap(Box other) {
      double width = Math.min(right, other.right) - Math.max(left, other.left);
      double height = Math.min(bottom, other.bottom) - Math.max(top, other.top);
      if (width <= 0 || height <= 0) {
        return 0;
      }
      double union = area() + other.area() - width * height;
      return union <= 0 ? 0 : width * height / union;
    }
  }

  /**
   * For each batch and class greedily by score: boxes that overlap none of those taken before by
   * more than a threshold.
   *
   * @param centerPoint whether boxes are (x, y, width, height) around a centre, not two corners (y,
   *     x)
   * @return int64 [count, 3]: batch, class, box
   */
  static Tensor nonMaxSuppression(Operands operands, boolean centerPoint) {
    Tensor boxes = operands.tensor(0);
    Tensor scores = operands.tensor(1);
    long limit = operands.scalarLong(2, 0);
    double maxOverlap = operands.scalarDouble(3, 0);
    double minScore = operands.scalarDouble(4, Double.NEGATIVE_INFINITY);
    long batches = scores.dim(0);
    long classes = scores.dim(1);
    int count = Math.toIntExact(scores.dim(2));
    List<Long> selected = new ArrayList<>();
    for (long batch = 0; batch < batches; batch++) {
      for (long c = 0; c < classes; c++) {
        long row = (batch * classes + c) * count;
        List<Integer> candidates = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          if (!operands.has(4) || scores.getDouble(row + i) > minScore) {
            candidates.add(i);
          }
        }
        candidates.sort(Comparator.comparingDouble(i -> -scores.getDouble(row + i)));
        List<Box> taken = new ArrayList<>();
        for (int i : candidates) {
          if (taken.size() >= limit) {
            break;
          }
          Box box = box(boxes, (batch * count + i) * 4, centerPoint);
          if (taken.stream().noneMatch(t -> t.overlap(box) > maxOverlap)) {
            taken.add(box);
            selected.addAll(List.of(batch, c, (long) i));
          }
        }
      }
    }
    return Tensor.of(
        selected.stream().mapToLong(Long::longValue).toArray(), selected.size() / 3, 3);
  }

  private static Box box(Tensor boxes, long at, boolean centerPoint) {
    double a = boxes.getDouble(at);
    double b = boxes.getDouble(at + 1);
    double c = boxes.getDouble(at + 2);
    double d = boxes.getDouble(at + 3);
    return centerPoint
        ? new Box(a - c / 2, b - d / 2, a + c / 2, b + d / 2)
        : new Box(Math.min(b, d), Math.min(a, c), Math.max(b, d), Math.max(a, c));
  }
}
