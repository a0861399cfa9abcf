package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.graph.op.Movement.PadMode;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MovesTest {
  private static Tensor iota(long... dims) {
    Tensor x = Tensor.allocate(DType.INT64, dims);
    for (long i = 0; i < x.elements(); i++) {
      x.setLong(i, i);
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyTypeIsTransposedAlike(DType dtype) {
    Tensor positions = Moves.transpose(iota(3, 2, 5), new int[] {2, 0, 1});
    Elements source = new Elements(dtype, 3, 2, 5);
    for (int i = 0; i < 30; i++) {
      set(source, dtype, i);
    }
    Tensor x = source.build();
    Tensor y = Moves.transpose(x, new int[] {2, 0, 1});
    assertArrayEquals(new long[] {5, 3, 2}, y.dims());
    for (int i = 0; i < 30; i++) {
      assertEquals(text(x, positions.getLong(i)), text(y, i));
    }
  }

  private static void set(Elements elements, DType dtype, int i) {
    switch (dtype) {
      case STRING -> elements.setString(i, "s" + i);
      case COMPLEX64, COMPLEX128 -> elements.build().setComplex(i, i, -i);
      default -> elements.build().setRawBits(i, i % (1L << Math.min(dtype.bits(), 7)));
    }
  }

  private static String text(Tensor x, long i) {
    return switch (x.dtype()) {
      case STRING -> x.getString(i);
      case COMPLEX64, COMPLEX128 -> x.getReal(i) + "," + x.getImaginary(i);
      default -> Long.toString(x.rawBits(i));
    };
  }

  @Test
  void reflectsMoreThanOnce() {
    Tensor y =
        Moves.pad(
            Tensor.ofLongs(1, 2, 3),
            new long[] {5},
            new long[] {4},
            PadMode.REFLECT,
            Optional.empty());
    assertArrayEquals(new long[] {2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3}, y.toLongs());
  }

  @Test
  void negativePadsCrop() {
    Tensor y =
        Moves.pad(
            iota(2, 3),
            new long[] {-1, 1},
            new long[] {1, -2},
            PadMode.CONSTANT,
            Optional.of(Tensor.scalar(9L)));
    assertArrayEquals(new long[] {2, 2}, y.dims());
    assertArrayEquals(new long[] {9, 3, 9, 9}, y.toLongs());
  }

  @Test
  void joinsWhatItSplit() {
    Tensor x = iota(2, 7, 3);
    List<Tensor> parts = Moves.split(x, 1, new long[] {4, 0, 3});
    assertArrayEquals(new long[] {2, 0, 3}, parts.get(1).dims());
    assertArrayEquals(x.toLongs(), Moves.concat(parts, -2).toLongs());
    assertThrows(IllegalArgumentException.class, () -> Moves.concat(List.of(x, iota(2, 7, 4)), 1));
  }

  @Test
  void tilesAndSlicesBackwards() {
    assertArrayEquals(
        new long[] {0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3},
        Moves.tile(iota(2, 2), new long[] {2, 2}).toLongs());
    assertArrayEquals(
        new long[] {5, 3, 1},
        Moves.slice(iota(6), new long[] {5}, new long[] {3}, new long[] {-2}).toLongs());
  }

  @Test
  void infersOneExtent() {
    assertArrayEquals(
        new long[] {2, 6}, Extents.reshape(new long[] {2, 3, 2}, new long[] {0, -1}, false));
    assertArrayEquals(
        new long[] {0, 3}, Extents.reshape(new long[] {3, 0}, new long[] {0, 3}, true));
    assertThrows(
        IllegalArgumentException.class,
        () -> Extents.reshape(new long[] {4}, new long[] {3, -1}, false));
  }
}
