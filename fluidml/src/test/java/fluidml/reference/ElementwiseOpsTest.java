package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.KernelFailureException;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseOpsTest {
  private static Tensor binary(BinaryFunction function, Tensor a, Tensor b) {
    return Single.run(new Elementwise.Binary(function), a, b);
  }

  @ParameterizedTest
  @CsvSource({"UINT8,200,100,44", "INT8,100,100,-56", "INT32,2147483647,1,-2147483648"})
  void integersWrapAround(DType dtype, double a, double b, long sum) {
    Tensor y = binary(BinaryFunction.ADD, Single.of(dtype, a), Single.of(dtype, b));
    assertEquals(dtype, y.dtype());
    assertEquals(sum, y.getLong(0));
  }

  @Test
  void uint64IsComparedAndDividedWithoutSign() {
    Tensor large = Tensor.allocate(DType.UINT64, 1);
    large.setLong(0, -2);
    Tensor two = Single.of(DType.UINT64, 2);
    assertEquals(1, binary(BinaryFunction.GREATER, large, two).getLong(0));
    assertEquals(Long.MAX_VALUE, binary(BinaryFunction.DIV, large, two).getLong(0));
    assertEquals(-2, binary(BinaryFunction.MAX, large, two).getLong(0));
  }

  @Test
  void remaindersTakeTheSignOfDivisorOrDividend() {
    Tensor a = Tensor.ofLongs(-7, 7, -7, 7);
    Tensor b = Tensor.ofLongs(3, -3, -3, 3);
    assertArrayEquals(new long[] {2, -2, -1, 1}, binary(BinaryFunction.MOD, a, b).toLongs());
    assertArrayEquals(new long[] {-1, 1, -1, 1}, binary(BinaryFunction.FMOD, a, b).toLongs());
  }

  @Test
  void powersOfIntegersAreExact() {
    Tensor y = binary(BinaryFunction.POW, Tensor.ofLongs(3, -3, 2), Tensor.ofLongs(39, 3, 62));
    assertArrayEquals(new long[] {4052555153018976267L, -27, 1L << 62}, y.toLongs());
  }

  @Test
  void bothOperandsBroadcast() {
    Tensor a = Tensor.of(new float[] {1, 2, 3}, 3, 1);
    Tensor b = Tensor.of(new float[] {10, 20}, 1, 1, 2);
    Tensor y = binary(BinaryFunction.ADD, a, b);
    assertArrayEquals(new long[] {1, 3, 2}, y.dims());
    assertArrayEquals(new float[] {11, 21, 12, 22, 13, 23}, y.toFloats());
  }

  @Test
  void extentsThatDoNotBroadcastNameTheNode() {
    Exception e =
        assertThrows(
            KernelFailureException.class,
            () -> binary(BinaryFunction.ADD, Tensor.ofLongs(1, 2), Tensor.ofLongs(1, 2, 3)));
    assertEquals(
        "kernel 'node': Binary on (i64[2], i64[3]): extents do not broadcast: [[2], [3]]",
        e.getMessage());
  }

  @Test
  void stringsCanBeComparedAndSelected() {
    Tensor a = Tensor.ofStrings(List.of("a", "b"), 2);
    Tensor b = Tensor.ofStrings(List.of("b"), 1);
    Tensor same = binary(BinaryFunction.EQUAL, a, b);
    assertArrayEquals(new long[] {0, 1}, same.toLongs());
    assertEquals(List.of("b", "b"), Single.run(new Elementwise.Where(), same, a, b).strings());
  }

  @ParameterizedTest
  @CsvSource({
    "0.1,0.1124629160182849",
    "1,0.8427007929497149",
    "2.9,0.9999589021219005",
    "3.1,0.9999883513426328",
    "-2,-0.9953222650189527"
  })
  void erfIsAccurate(double x, double expected) {
    Tensor y = Single.run(new Elementwise.Unary(UnaryFunction.ERF), Single.of(DType.FLOAT64, x));
    assertEquals(expected, y.getDouble(0), 1e-15);
  }

  @Test
  void nanSurvivesMinMaxAndClip() {
    Tensor nan = Tensor.of(new float[] {Float.NaN}, 1);
    Tensor one = Tensor.of(new float[] {1}, 1);
    assertEquals(Float.NaN, binary(BinaryFunction.MAX, nan, one).getFloat(0));
    assertEquals(Float.NaN, binary(BinaryFunction.MIN, one, nan).getFloat(0));
    assertEquals(
        Float.NaN, Single.run(new Elementwise.Clip(), nan, Tensor.scalar(0f), one).getFloat(0));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"COMPLEX64", "COMPLEX128", "STRING"},
      mode = EnumSource.Mode.EXCLUDE)
  void oneCanBeCastToEveryTypeAndBack(DType dtype) {
    Tensor there = Single.run(new Cast(dtype), Tensor.of(new float[] {1, 0, 1}, 3));
    Tensor back = Single.run(new Cast(DType.FLOAT32), there);
    float zero = dtype == DType.FLOAT8E8M0 ? 0x1p-127f : 0;
    assertEquals(dtype, there.dtype());
    assertArrayEquals(new float[] {1, zero, 1}, back.toFloats());
  }

  @Test
  void numbersAreWrittenAndRead() {
    Tensor x = Tensor.of(new float[] {0.1f, Float.NaN, Float.NEGATIVE_INFINITY}, 3);
    Tensor text = Single.run(new Cast(DType.STRING), x);
    assertEquals(List.of("0.1", "NaN", "-INF"), text.strings());
    Tensor read = Single.run(new Cast(DType.FLOAT32), text);
    assertArrayEquals(x.toFloats(), read.toFloats());
  }
}
