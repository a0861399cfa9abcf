package fluidml.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
  private static boolean isReal(DType dtype) {
    return dtype != DType.STRING && dtype.kind() != DType.Kind.COMPLEX;
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void numbersComeBack(DType dtype) {
    if (!isReal(dtype)) {
      return;
    }
    Tensor tensor = Tensor.allocate(dtype, 3, 3);
    for (int i = 0; i < 9; i++) {
      tensor.setLong(i, i % 2);
    }
    tensor.setDouble(4, 1);
    for (int i = 0; i < 9; i++) {
      boolean scale = dtype == DType.FLOAT8E8M0;
      double expected = i == 4 ? 1 : scale && i % 2 == 0 ? 0x1p-127 : i % 2;
      assertEquals(expected, tensor.getDouble(i), dtype + " " + i);
      assertEquals((float) expected, tensor.getFloat(i));
      assertEquals((long) expected, tensor.getLong(i));
      assertEquals(expected != 0, tensor.getBoolean(i));
    }
    assertArrayEquals(tensor.toLongs(), tensor.copy().reshaped(9).toLongs());
    assertEquals(tensor.data().byteSize(), dtype.byteSize(9));
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void integersTruncateAndKeepTheirRange(DType dtype) {
    if (!dtype.isInteger()) {
      return;
    }
    Tensor tensor = Tensor.allocate(dtype, 5);
    boolean signed = dtype.kind() == DType.Kind.SIGNED;
    long low = signed ? -1L << (dtype.bits() - 1) : 0;
    long high = signed ? ~low : dtype.bits() == 64 ? -1L : (1L << dtype.bits()) - 1;
    tensor.setLong(1, low);
    tensor.setLong(3, high);
    assertEquals(low, tensor.getLong(1));
    assertEquals(high, tensor.getLong(3));
    assertEquals(0, tensor.getLong(0) | tensor.getLong(2) | tensor.getLong(4));
    tensor.setDouble(2, 1.9);
    assertEquals(1, tensor.getLong(2));
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void rawBitsComeBack(DType dtype) {
    if (!isReal(dtype)) {
      return;
    }
    Tensor tensor = Tensor.allocate(dtype, 67);
    long mask = dtype.bits() == 64 ? -1L : (1L << dtype.bits()) - 1;
    for (int i = 0; i < 67; i++) {
      tensor.setRawBits(i, i * 0x9e3779b97f4a7c15L);
    }
    for (int i = 0; i < 67; i++) {
      assertEquals((i * 0x9e3779b97f4a7c15L) & mask, tensor.rawBits(i) & mask);
    }
  }

  @Test
  void wideNumbers() {
    Tensor unsigned = Tensor.allocate(DType.UINT64, 2);
    unsigned.setDouble(0, 0x1p63);
    unsigned.setLong(1, -1);
    assertEquals(0x1p63, unsigned.getDouble(0));
    assertEquals(0x1p64, unsigned.getDouble(1));
    Tensor complex = Tensor.allocate(DType.COMPLEX64, 2);
    complex.setComplex(1, 0.5, -2);
    assertEquals(0.5, complex.getReal(1));
    assertEquals(-2, complex.getImaginary(1));
    assertThrows(UnsupportedOperationException.class, () -> complex.getDouble(0));
  }

  @Test
  void stringsAndShapes() {
    Tensor strings = Tensor.ofStrings(List.of("a", "b"), 2);
    assertEquals("b", strings.getString(1));
    assertEquals("string[2]", strings.toString());
    assertThrows(IllegalArgumentException.class, () -> Tensor.ofStrings(List.of("a"), 2));
    assertThrows(IllegalArgumentException.class, () -> strings.reshaped(3));
    assertEquals(Shape.of(2, 3), Tensor.of(new float[6], 2, 3).shape());
    assertEquals(3, Tensor.of(new float[6], 2, 3).dim(-1));
    MemorySegment five = MemorySegment.ofArray(new byte[5]);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(DType.FLOAT32, five, 1));
    assertEquals(9, Tensor.wrap(DType.INT4, five, 9).elements());
    assertThrows(IllegalArgumentException.class, () -> Tensor.allocate(DType.INT8, -1));
    assertThrows(ArithmeticException.class, () -> Tensor.allocate(DType.INT8, 1L << 40, 1L << 40));
  }

  @Test
  void codesAndTextsNameTypes() {
    for (DType dtype : DType.values()) {
      assertEquals(dtype, DType.ofOnnxCode(dtype.onnxCode()).orElseThrow());
      assertEquals(dtype, DType.ofText(dtype.toString()).orElseThrow());
    }
    assertTrue(DType.ofOnnxCode(0).isEmpty() && DType.ofOnnxCode(99).isEmpty());
    assertEquals(3, DType.INT4.byteSize(5));
  }
}
