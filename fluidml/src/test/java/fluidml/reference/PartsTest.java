package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Elementwise.Cast;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors of more than one part, against their elements one at a time. */
final class PartsTest {
  private static final int N = 2 * Parts.SIZE + 5;

  private static Tensor numbers(DType dtype, long... dims) {
    Tensor x = Tensor.allocate(dtype, dims);
    for (long i = 0; i < x.elements(); i++) {
      x.setLong(i, dtype == DType.BOOL ? i % 3 : 7 * i % 251 - 120);
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOL", "INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT16", "BFLOAT16"})
  void castsEveryElement(DType from) {
    Tensor x = numbers(from, N);
    for (DType to : new DType[] {DType.FLOAT32, DType.INT32, DType.INT64, DType.INT16}) {
      Tensor y = Casts.cast(new Cast(to), x);
      for (long i = 0; i < N; i++) {
        assertEquals(x.getDouble(i), y.getDouble(i), from + " to " + to + " at " + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void broadcastsEitherOperand(boolean swapped) {
    Tensor wide = numbers(DType.FLOAT32, 3, N);
    Tensor column = numbers(DType.FLOAT32, 3, 1);
    Tensor y =
        swapped
            ? Loops.zipReal(column, wide, DType.FLOAT32, (a, b) -> a - b)
            : Loops.zipReal(wide, column, DType.FLOAT32, (a, b) -> a - b);
    for (long i = 0; i < 3 * N; i++) {
      double difference = wide.getDouble(i) - column.getDouble(i / N);
      assertEquals(swapped ? -difference : difference, y.getDouble(i), 0, "at " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOL", "INT8", "UINT8", "INT32", "INT64"})
  void mapsEveryInteger(DType dtype) {
    Tensor x = numbers(dtype, N);
    Tensor y = Loops.mapLong(x, DType.INT64, v -> 3 * v);
    for (long i = 0; i < N; i++) {
      assertEquals(3 * x.getLong(i), y.getLong(i), "at " + i);
    }
  }
}
