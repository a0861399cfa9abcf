package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.KernelFailureException;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loads and stores of every storage type, with and without masks, at every width. */
class AccessTest {

  private static Kernel copy(DType from, DType to, int lanes) {
    KernelBuilder k = new KernelBuilder("copy");
    Buffer x = k.read("x", from);
    Buffer y = k.write("y", to);
    Expr n = k.size("n");
    return k.entry(
        n,
        (b, begin, end) ->
            b.vectorLoop(
                "i",
                begin,
                end,
                lanes,
                (i, mask) ->
                    b.store(
                        y,
                        i,
                        Exprs.convert(Exprs.registerType(to), b.load(x, i, lanes, mask)),
                        mask)));
  }

  static Stream<DType> dtypes() {
    return Arrays.stream(DType.values()).filter(d -> ScalarType.ofStorage(d).isPresent());
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void copiesEveryBitAndNothingElse(DType dtype) {
    for (KernelCompiler compiler : KernelRunner.compilers().toList()) {
      Target target = compiler.target();
      Kernel kernel = copy(dtype, dtype, target.lanes(List.of(dtype)));
      for (int n : new int[] {1, 3, 7, 8, 16, 37}) {
        try (Arena arena = Arena.ofConfined()) {
          byte[] bytes = new byte[n * dtype.bytes()];
          new Random(n).nextBytes(bytes);
          if (dtype == DType.BOOL) {
            for (int i = 0; i < n; i++) {
              bytes[i] &= 1;
            }
          } else if (dtype.isFloat()) {
            for (int i = dtype.bytes() - 1; i < bytes.length; i += dtype.bytes()) {
              bytes[i] &= (byte) 0x83;
            }
          }
          MemorySegment x = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
          MemorySegment y = arena.allocate(bytes.length + 64).fill((byte) 0x55);
          KernelRunner.run(
              compiler, kernel, new MemorySegment[] {x, y.asSlice(0, bytes.length)}, n);
          byte[] expected = Arrays.copyOf(bytes, bytes.length + 64);
          Arrays.fill(expected, bytes.length, expected.length, (byte) 0x55);
          assertEquals(
              Arrays.toString(expected),
              Arrays.toString(y.toArray(ValueLayout.JAVA_BYTE)),
              dtype + " at " + compiler + ", n = " + n);
        }
      }
    }
  }

  @Test
  void convertsHalfFloatsAsJavaDoes() {
    float[] values = {
      0f,
      -0f,
      1f,
      -1.5f,
      65504f,
      65519.9f,
      65520f,
      1e-8f,
      5.96e-8f,
      2.98e-8f,
      2.99e-8f,
      6.1e-5f,
      6.09e-5f,
      Float.NaN,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      0.1f,
      2049f,
      2051f,
      1e20f
    };
    for (KernelCompiler compiler : KernelRunner.compilers().toList()) {
      Target target = compiler.target();
      int lanes = target.lanes(ScalarType.F32);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment x = KernelRunner.floats(arena, values);
        MemorySegment half = arena.allocate(2L * values.length, 64);
        MemorySegment back = arena.allocate(4L * values.length, 64);
        KernelRunner.run(
            compiler,
            copy(DType.FLOAT32, DType.FLOAT16, lanes),
            new MemorySegment[] {x, half},
            values.length);
        KernelRunner.run(
            compiler,
            copy(DType.FLOAT16, DType.FLOAT32, lanes),
            new MemorySegment[] {half, back},
            values.length);
        for (int i = 0; i < values.length; i++) {
          short expected = Float.floatToFloat16(values[i]);
          assertEquals(
              expected, half.getAtIndex(ValueLayout.JAVA_SHORT, i), values[i] + " at " + compiler);
          assertEquals(
              Float.float16ToFloat(expected),
              back.getAtIndex(ValueLayout.JAVA_FLOAT, i),
              values[i] + " at " + compiler);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fluidml.emit.jvm.KernelRunner#targets")
  void checkedModeNamesKernelBufferAndOffset(Target target) {
    Kernel kernel = copy(DType.FLOAT32, DType.FLOAT32, target.lanes(ScalarType.F32));
    if (!target.checked()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] buffers = {arena.allocate(40), arena.allocate(36)};
      KernelFailureException failure =
          assertThrows(
              KernelFailureException.class, () -> KernelRunner.run(target, kernel, buffers, 10));
      assertEquals("copy", failure.kernel());
      assertEquals(true, failure.getMessage().contains("buffer 'y' at byte offset"));
    }
  }
}
