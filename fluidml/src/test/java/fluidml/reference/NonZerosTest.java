package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Indexing;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class NonZerosTest {
  private static final long[][] SHAPES = {
    {}, {0}, {3, 0, 2}, {1}, {1025}, {3000, 1}, {1, 2049}, {700, 3}, {5, 1, 411}, {3, 5, 7, 11}
  };

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "FLOAT8E8M0")
  void coordinatesOfEveryTypeThatHasZero(DType dtype) {
    Random random = new Random(11);
    for (long[] dims : SHAPES) {
      for (int share : new int[] {0, 1, 50, 100}) {
        boolean[] set = new boolean[(int) NdIndex.product(dims)];
        Elements elements = new Elements(dtype, dims);
        for (int i = 0; i < set.length; i++) {
          set[i] = random.nextInt(100) < share;
          if (set[i]) {
            set(elements, dtype, i);
          }
        }
        check(elements.build(), set);
      }
    }
  }

  private static void set(Elements elements, DType dtype, int i) {
    switch (dtype) {
      case STRING -> elements.setString(i, "s");
      case COMPLEX64, COMPLEX128 -> elements.build().setComplex(i, i % 2, 1 - i % 2);
      default -> elements.build().setRawBits(i, 1);
    }
  }

  private static void check(Tensor x, boolean[] set) {
    List<long[]> expected = new ArrayList<>();
    for (int i = 0; i < set.length; i++) {
      if (set[i]) {
        expected.add(NdIndex.coordinates(i, x.dims()));
      }
    }
    Tensor y = Single.run(new Indexing.NonZero(), x);
    assertArrayEquals(new long[] {x.rank(), expected.size()}, y.dims());
    for (int i = 0; i < expected.size(); i++) {
      for (int axis = 0; axis < x.rank(); axis++) {
        assertEquals(expected.get(i)[axis], y.getLong((long) axis * expected.size() + i));
      }
    }
  }

  @Test
  void negativeZeroIsZeroAndNanIsNot() {
    Tensor x = Tensor.of(new float[] {-0f, Float.NaN, 0, Float.MIN_VALUE}, 4);
    assertArrayEquals(new long[] {1, 3}, Single.run(new Indexing.NonZero(), x).toLongs());
  }
}
