package fluidml.loop.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Packing constant matrices, against the definition of the packed form. */
class PanelsTest {
  private static final int COLUMNS = 48;

  @Property(tries = 200)
  void packsMatricesWithDenseRowsOrDenseColumns(
      @ForAll @IntRange(min = 1, max = 300) int k,
      @ForAll @IntRange(min = 1, max = 130) int n,
      @ForAll @IntRange(min = 0, max = 5) int gap,
      @ForAll boolean rows) {
    int kStride = rows ? n + gap : 1;
    int nStride = rows ? 1 : k + gap;
    int offset = 3;
    float[] source = new float[offset + (k - 1) * kStride + (n - 1) * nStride + 1];
    for (int i = 0; i < source.length; i++) {
      source[i] = i + 1;
    }
    float[] packed = new float[(int) Panels.elements(k, n, COLUMNS)];
    long[] read = {0};

    Panels.pack(
        MemorySegment.ofArray(source),
        offset,
        k,
        n,
        kStride,
        nStride,
        COLUMNS,
        Float.BYTES,
        MemorySegment.ofArray(packed),
        bytes -> {
          assertTrue(bytes > read[0]);
          read[0] = bytes;
          // What is said to be read must not matter any more.
          Arrays.fill(source, 0, (int) (bytes / Float.BYTES), Float.NaN);
        });

    assertEquals((long) source.length * Float.BYTES, read[0]);
    MemorySegment result = MemorySegment.ofArray(packed);
    for (int row = 0; row < k; row++) {
      for (int column = 0; column < Panels.count(n, COLUMNS) * COLUMNS; column++) {
        int panel = column / COLUMNS;
        long at = ((long) panel * k + row) * COLUMNS + column % COLUMNS;
        float expected = column < n ? offset + row * kStride + column * nStride + 1 : 0;
        assertEquals(expected, result.getAtIndex(ValueLayout.JAVA_FLOAT, at));
      }
    }
  }

  @Property(tries = 20)
  void packsLargeRowsInSteps(@ForAll @IntRange(min = 1, max = 9) int k) {
    int n = 200_000;
    byte[] source = new byte[k * n];
    for (int i = 0; i < source.length; i++) {
      source[i] = (byte) (i * 31);
    }
    byte[] packed = new byte[(int) Panels.elements(k, n, COLUMNS)];
    int[] steps = {0};

    Panels.pack(
        MemorySegment.ofArray(source),
        0,
        k,
        n,
        n,
        1,
        COLUMNS,
        1,
        MemorySegment.ofArray(packed),
        _ -> steps[0]++);

    assertEquals(Math.ceilDiv(k, 5), steps[0]);
    for (int i = 0; i < source.length; i += 997) {
      int row = i / n;
      int column = i % n;
      assertEquals(source[i], packed[(column / COLUMNS * k + row) * COLUMNS + column % COLUMNS]);
    }
  }
}
