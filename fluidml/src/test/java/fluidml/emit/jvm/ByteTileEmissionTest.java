package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.KernelFailureException;
import fluidml.error.VerificationException;
import fluidml.loop.Buffer;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.loop.Verifier;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ByteTileEmissionTest {
  private static final Target TARGET = new Target(512, false, true);
  private static final int ROWS = 3;
  private static final int STEPS = 2;

  private static Kernel kernel(DType left, DType panel, DType sums, int vectors) {
    KernelBuilder k = new KernelBuilder("tile");
    Buffer x = k.read("x", left);
    Buffer w = k.read("w", panel);
    Buffer y = k.write("y", sums);
    return k.entry(
        Exprs.index(1),
        (b, begin, end) ->
            b.byteTile(
                new Stmt.ByteTile(
                    x.name(),
                    begin,
                    Exprs.index(4 * STEPS),
                    Exprs.index(0),
                    w.name(),
                    begin,
                    y.name(),
                    begin,
                    Exprs.index(ROWS),
                    vectors,
                    Exprs.index(STEPS),
                    end)));
  }

  private static int[] run(Target target, long leftBytes, long panelBytes, long sumsBytes) {
    Kernel kernel = kernel(DType.UINT8, DType.INT8, DType.INT32, 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(24, 64).fill((byte) 200);
      MemorySegment w = arena.allocate(128, 64).fill((byte) -3);
      MemorySegment y = arena.allocate(4L * 16 * ROWS, 64);
      long[] frame = new long[kernel.frameLongs()];
      frame[0] = x.address();
      frame[1] = leftBytes;
      frame[2] = w.address();
      frame[3] = panelBytes;
      frame[4] = y.address();
      frame[5] = sumsBytes;
      new KernelCompiler(target).compile(kernel).run(frame, 0, 0, 1);
      return y.toArray(ValueLayout.JAVA_INT);
    }
  }

  @Test
  void everySumIsComputed() {
    int[] expected = new int[16 * ROWS];
    java.util.Arrays.fill(expected, 200 * -3 * 4 * STEPS);
    assertArrayEquals(expected, run(TARGET, 24, 128, 192));
    assertArrayEquals(expected, run(TARGET.withChecked(true), 24, 128, 192));
  }

  @ParameterizedTest
  @CsvSource({"23,128,192,x", "24,127,192,w", "24,128,188,y"})
  void checkedCodeLooksAtTheLastByteOfEveryOperand(
      long leftBytes, long panelBytes, long sumsBytes, String buffer) {
    String told =
        assertThrows(
                KernelFailureException.class,
                () -> run(TARGET.withChecked(true), leftBytes, panelBytes, sumsBytes))
            .getMessage();
    assertTrue(told.contains("'" + buffer + "'"), told);
  }

  @Test
  void otherTypesAndWidthsAreRefused() {
    for (Kernel wrong :
        new Kernel[] {
          kernel(DType.INT8, DType.INT8, DType.INT32, 1),
          kernel(DType.UINT8, DType.UINT8, DType.INT32, 1),
          kernel(DType.UINT8, DType.INT8, DType.INT64, 1),
          kernel(DType.UINT8, DType.INT8, DType.INT32, 3)
        }) {
      assertThrows(VerificationException.class, () -> Verifier.verify(wrong));
    }
    Kernel right = kernel(DType.UINT8, DType.INT8, DType.INT32, 2);
    Verifier.verify(right);
    Verifier.verify(right, TARGET);
    Target without = TARGET.withByteProducts(false);
    assertThrows(VerificationException.class, () -> Verifier.verify(right, without));
  }
}
