package fluidml.loop.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.emit.jvm.KernelRunner;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PowersTest {
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    0.5f,
    -0.5f,
    2f,
    -2f,
    3f,
    -3f,
    0.001f,
    -0.001f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    1e-40f,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    16777215f,
    -16777215f,
    16777216f,
    33554432f,
    1e20f,
    Math.nextUp(1f),
    Math.nextDown(1f),
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN
  };

  private static Kernel kernel(int lanes) {
    KernelBuilder k = new KernelBuilder("power");
    Buffer x = k.read("x", DType.FLOAT32);
    Buffer y = k.read("y", DType.FLOAT32);
    Buffer z = k.write("z", DType.FLOAT32);
    Expr n = k.size("n");
    return k.entry(
        n,
        (b, begin, end) ->
            b.vectorLoop(
                "i",
                begin,
                end,
                lanes,
                (i, mask) -> {
                  Expr power =
                      Elementary.pow(b, b.load(x, i, lanes, mask), b.load(y, i, lanes, mask));
                  b.store(z, i, power, mask);
                }));
  }

  @Test
  void roundsCorrectlyAtEveryWidth() {
    Random random = new Random(11);
    int pairs = SPECIAL.length * SPECIAL.length;
    float[] x = new float[pairs + 60_000];
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      if (i < pairs) {
        x[i] = SPECIAL[i / SPECIAL.length];
        y[i] = SPECIAL[i % SPECIAL.length];
      } else {
        x[i] =
            i % 3 == 0
                ? Float.intBitsToFloat(random.nextInt())
                : (float) Math.exp(random.nextGaussian() * 4);
        y[i] = i % 4 == 0 ? random.nextInt(-40, 40) : (float) random.nextGaussian() * (1 + i % 40);
      }
    }
    float[] first = null;
    for (int bits : new int[] {512, 256, 128, 0}) {
      Target target = new Target(bits, false);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = KernelRunner.floats(arena, new float[x.length]);
        MemorySegment[] buffers = {
          KernelRunner.floats(arena, x), KernelRunner.floats(arena, y), out
        };
        KernelRunner.run(target, kernel(target.lanes(ScalarType.F64)), buffers, x.length);
        float[] z = KernelRunner.floats(out);
        if (first == null) {
          first = z;
          check(x, y, z);
        }
        for (int i = 0; i < x.length; i++) {
          assertEquals(first[i], z[i], x[i] + " to " + y[i] + " at " + bits + " bits");
        }
      }
    }
  }

  private static void check(float[] x, float[] y, float[] z) {
    for (int i = 0; i < x.length; i++) {
      double exact = StrictMath.pow(x[i], y[i]);
      float rounded = (float) exact;
      String what = x[i] + " to " + y[i] + " is " + z[i] + ", exact " + exact;
      if (Float.isNaN(rounded) || Float.isInfinite(rounded) || rounded == 0) {
        assertEquals(rounded, z[i], what);
      } else {
        assertTrue(Math.abs(z[i] - exact) <= 0.51 * Math.ulp(rounded), what);
      }
    }
  }
}
