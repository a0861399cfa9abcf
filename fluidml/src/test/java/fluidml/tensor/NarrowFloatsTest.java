package fluidml.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NarrowFloatsTest {
  private static final String NARROW =
      "FLOAT16|BFLOAT16|FLOAT8E4M3FN|FLOAT8E4M3FNUZ|FLOAT8E5M2|FLOAT8E5M2FNUZ|FLOAT4E2M1|FLOAT8E8M0";

  @ParameterizedTest
  @EnumSource(value = DType.class, mode = EnumSource.Mode.MATCH_ALL, names = NARROW)
  void everyValueEncodesToItself(DType dtype) {
    for (long bits = 0; bits < 1L << dtype.bits(); bits++) {
      double value = NarrowFloats.decode(dtype, bits);
      if (Double.isNaN(value)) {
        assertTrue(Double.isNaN(NarrowFloats.decode(dtype, NarrowFloats.encode(dtype, value))));
      } else if (Double.isInfinite(value)) {
        assertEquals(bits, NarrowFloats.encode(dtype, value, false));
      } else {
        assertEquals(bits, NarrowFloats.encode(dtype, value), dtype + " " + value);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, mode = EnumSource.Mode.MATCH_ALL, names = NARROW)
  void roundsToTheNearestEven(DType dtype) {
    if (dtype == DType.FLOAT8E8M0) {
      return;
    }
    TreeMap<Double, Long> values = new TreeMap<>();
    for (long bits = 0; bits < 1L << (dtype.bits() - 1); bits++) {
      double value = NarrowFloats.decode(dtype, bits);
      if (Double.isFinite(value)) {
        values.put(value, bits);
      }
    }
    double low = Double.NaN;
    for (double high : values.keySet()) {
      if (!Double.isNaN(low)) {
        double middle = (low + high) / 2;
        long even = values.get(low) % 2 == 0 ? values.get(low) : values.get(high);
        assertEquals(even, NarrowFloats.encode(dtype, middle), dtype + " " + middle);
        assertEquals(values.get(low), NarrowFloats.encode(dtype, Math.nextDown(middle)));
        assertEquals(values.get(high), NarrowFloats.encode(dtype, Math.nextUp(middle)));
      }
      low = high;
    }
  }

  @Test
  void rangeEnds() {
    assertEquals(0x7e, NarrowFloats.encode(DType.FLOAT8E4M3FN, 1e9));
    assertEquals(0x7f, NarrowFloats.encode(DType.FLOAT8E4M3FN, 1e9, false));
    assertEquals(0x7b, NarrowFloats.encode(DType.FLOAT8E5M2, 1e9));
    assertEquals(0x7c, NarrowFloats.encode(DType.FLOAT8E5M2, 1e9, false));
    assertEquals(0x80, NarrowFloats.encode(DType.FLOAT8E4M3FNUZ, Double.NaN));
    assertEquals(0, NarrowFloats.encode(DType.FLOAT8E5M2FNUZ, -0.0));
    assertEquals(0x7c00, NarrowFloats.encode(DType.FLOAT16, 1e9));
    assertEquals(0xfc00, NarrowFloats.encode(DType.FLOAT16, -65520.0));
    assertEquals(0x7bff, NarrowFloats.encode(DType.FLOAT16, 65519.0));
    assertEquals(0x7, NarrowFloats.encode(DType.FLOAT4E2M1, 100));
    assertEquals(0xf, NarrowFloats.encode(DType.FLOAT4E2M1, Double.NEGATIVE_INFINITY));
    assertEquals(127, NarrowFloats.encode(DType.FLOAT8E8M0, 1.25));
    assertEquals(0xff, NarrowFloats.encode(DType.FLOAT8E8M0, Double.NaN));
  }
}
