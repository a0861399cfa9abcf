package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import fluidml.graph.op.Indexing.NonMaxSuppression;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BoxesTest {
  @Test
  void selectsAsAPlainSearchDoes() {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      int batches = 1 + random.nextInt(2);
      int classes = 1 + random.nextInt(3);
      int count = random.nextInt(60);
      boolean center = random.nextBoolean();
      Tensor boxes = Tensor.allocate(DType.FLOAT32, batches, count, 4);
      for (long i = 0; i < boxes.elements(); i++) {
        boxes.setDouble(i, center && i % 4 > 1 ? random.nextInt(5) : random.nextInt(10));
      }
      Tensor scores = Tensor.allocate(DType.FLOAT32, batches, classes, count);
      for (long i = 0; i < scores.elements(); i++) {
        scores.setDouble(i, score(random));
      }
      int limit = random.nextInt(6) * random.nextInt(6);
      float maxOverlap = random.nextInt(11) / 10f;
      float minScore = random.nextInt(10) / 10f - 0.5f;
      Tensor all = Tensor.ofLongs(limit);
      NonMaxSuppression op = new NonMaxSuppression(center);
      Tensor y =
          Single.run(op, boxes, scores, all, Tensor.scalar(maxOverlap), Tensor.scalar(minScore));
      assertArrayEquals(expected(boxes, scores, center, limit, maxOverlap, minScore), y.toLongs());
      Tensor anyScore = Single.run(op, boxes, scores, all, Tensor.scalar(maxOverlap));
      assertArrayEquals(
          expected(boxes, scores, center, limit, maxOverlap, Double.NaN), anyScore.toLongs());
    }
  }

  private static double score(Random random) {
    return switch (random.nextInt(12)) {
      case 0 -> -0.0;
      case 1 -> Double.NaN;
      case 2 -> random.nextGaussian();
      default -> random.nextInt(10) / 10.0 - 0.3;
    };
  }

  @Test
  void nothingIsSelectedWithoutALimit() {
    Tensor boxes = Single.random(1, 1, 4, 4);
    Tensor scores = Single.random(2, 1, 2, 4);
    Tensor y = Single.run(new NonMaxSuppression(false), boxes, scores);
    assertArrayEquals(new long[] {0, 3}, y.dims());
  }

  /** Batch, class and box of what is to be selected; without {@code minScore} if that is NaN. */
  private static long[] expected(
      Tensor boxes, Tensor scores, boolean center, long limit, double maxOverlap, double minScore) {
    List<Long> selected = new ArrayList<>();
    int count = (int) scores.dim(2);
    for (long row = 0; row < scores.dim(0) * scores.dim(1); row++) {
      long batch = row / scores.dim(1);
      long first = row * count;
      List<Integer> order =
          IntStream.range(0, count)
              .boxed()
              .filter(i -> Double.isNaN(minScore) || scores.getDouble(first + i) > minScore)
              .sorted(Comparator.comparingDouble(i -> -scores.getDouble(first + i)))
              .toList();
      List<double[]> taken = new ArrayList<>();
      for (int i : order) {
        double[] box = corners(boxes, (batch * count + i) * 4, center);
        if (taken.size() < limit && taken.stream().allMatch(t -> overlap(t, box) <= maxOverlap)) {
          taken.add(box);
          selected.addAll(List.of(batch, row % scores.dim(1), (long) i));
        }
      }
    }
    return selected.stream().mapToLong(i -> i).toArray();
  }

  /** Least and largest position on either axis. */
  private static double[] corners(Tensor boxes, long at, boolean center) {
    double[] box = new double[4];
    for (int i = 0; i < 2; i++) {
      double a = boxes.getDouble(at + i);
      double b = boxes.getDouble(at + 2 + i);
      box[i] = center ? a - b / 2 : Math.min(a, b);
      box[2 + i] = center ? a + b / 2 : Math.max(a, b);
    }
    return box;
  }

  private static double overlap(double[] a, double[] b) {
    double first = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    double second = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (first <= 0 || second <= 0) {
      return 0;
    }
    double union = area(a) + area(b) - first * second;
    return union <= 0 ? 0 : first * second / union;
  }

  private static double area(double[] box) {
    return (box[2] - box[0]) * (box[3] - box[1]);
  }
}
