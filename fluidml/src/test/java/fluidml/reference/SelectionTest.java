package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Reduction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class SelectionTest {
  private static final double[] SPECIAL = {
    Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, -0.0, 0, 0x1p-149
  };

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"STRING", "COMPLEX64", "COMPLEX128"})
  void firstElementsOfEveryTypeAreThoseOfASort(DType dtype) {
    Random random = new Random(7);
    for (int round = 0; round < 60; round++) {
      int outer = 1 + random.nextInt(3);
      int length = 1 + random.nextInt(round % 2 == 0 ? 20 : 200);
      int inner = round % 3 == 0 ? 1 + random.nextInt(3) : 1;
      Tensor x = Tensor.allocate(dtype, outer, length, inner);
      boolean fewValues = random.nextBoolean();
      for (long i = 0; i < x.elements(); i++) {
        if (dtype.isFloat() && random.nextInt(8) == 0) {
          x.setDouble(i, SPECIAL[random.nextInt(SPECIAL.length)]);
        } else {
          x.setRawBits(i, fewValues ? random.nextInt(4) : raw(dtype, random));
        }
      }
      int most = random.nextBoolean() ? length : Math.min(length, 8);
      checkAgainstSort(x, random.nextInt(most + 1), random.nextBoolean());
    }
  }

  /** The bits of any element; a bool is 0 or 1. */
  private static long raw(DType dtype, Random random) {
    return dtype == DType.BOOL ? random.nextInt(2) : random.nextLong();
  }

  private static void checkAgainstSort(Tensor x, int k, boolean largest) {
    List<Tensor> top = Single.all(new Reduction.TopK(1, largest, true), 2, x, Tensor.ofLongs(k));
    int length = (int) x.dim(1);
    int inner = (int) x.dim(2);
    assertArrayEquals(new long[] {x.dim(0), k, inner}, top.get(0).dims());
    assertArrayEquals(new long[] {x.dim(0), k, inner}, top.get(1).dims());
    for (int line = 0; line < x.dim(0) * inner; line++) {
      int from = line / inner * length * inner + line % inner;
      int to = line / inner * k * inner + line % inner;
      Comparator<Integer> ascending = (a, b) -> compare(x, from + a * inner, from + b * inner);
      int[] sorted =
          IntStream.range(0, length)
              .boxed()
              .sorted(largest ? ascending.reversed() : ascending)
              .mapToInt(i -> i)
              .toArray();
      for (int i = 0; i < k; i++) {
        assertEquals(sorted[i], top.get(1).getLong(to + i * inner), x + " line " + line);
        assertEquals(
            x.rawBits(from + sorted[i] * inner), top.get(0).rawBits(to + (long) i * inner));
      }
    }
  }

  private static int compare(Tensor x, long a, long b) {
    if (x.dtype().isFloat()) {
      double first = x.getDouble(a);
      double second = x.getDouble(b);
      return first == second ? 0 : Double.compare(first, second);
    }
    return x.dtype() == DType.UINT64
        ? Long.compareUnsigned(x.getLong(a), x.getLong(b))
        : Long.compare(x.getLong(a), x.getLong(b));
  }

  @Test
  void linesMayBeEmptyOrNone() {
    for (long[] dims : new long[][] {{2, 0, 1}, {0, 3, 1}, {2, 3, 0}}) {
      Tensor x = Tensor.allocate(DType.FLOAT32, dims);
      List<Tensor> top = Single.all(new Reduction.TopK(1, true, true), 2, x, Tensor.ofLongs(0));
      assertArrayEquals(new long[] {dims[0], 0, dims[2]}, top.get(0).dims());
      assertEquals(0, top.get(1).elements());
    }
  }
}
