package fluidml.loop.math;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.emit.jvm.KernelRunner;
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
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Accuracy of the elementary functions against double precision, through the emitter. */
class ElementaryTest {

  private static Kernel kernel(Elementary function, DType dtype, int lanes) {
    KernelBuilder k = new KernelBuilder(function.name());
    Buffer x = k.read("x", dtype);
    Buffer y = k.write("y", dtype);
    Expr n = k.size("n");
    return k.entry(
        n,
        (b, begin, end) ->
            b.vectorLoop(
                "i",
                begin,
                end,
                lanes,
                (i, mask) -> b.store(y, i, function.apply(b, b.load(x, i, lanes, mask)), mask)));
  }

  private static DoubleUnaryOperator reference(Elementary function) {
    return switch (function) {
      case EXP, EXP_OF_NEGATIVE -> StrictMath::exp;
      case EXPM1 -> StrictMath::expm1;
      case LOG -> StrictMath::log;
      case LOG1P -> StrictMath::log1p;
      case TANH -> StrictMath::tanh;
      case SIGMOID -> x -> 1 / (1 + StrictMath.exp(-x));
      case SOFTPLUS -> x -> x > 40 ? x : StrictMath.log1p(StrictMath.exp(x));
      case ERF -> ElementaryTest::erf;
      case GELU -> ElementaryTest::gelu;
      case SIN -> StrictMath::sin;
      case COS -> StrictMath::cos;
      case TAN -> StrictMath::tan;
      case ASIN -> StrictMath::asin;
      case ACOS -> StrictMath::acos;
      case ATAN -> StrictMath::atan;
      case SINH -> StrictMath::sinh;
      case COSH -> StrictMath::cosh;
      case ASINH ->
          x ->
              Math.abs(x) < 1e-4
                  ? x - x * x * x / 6
                  : Math.abs(x) > 1e18
                      ? Math.signum(x) * (StrictMath.log(Math.abs(x)) + StrictMath.log(2))
                      : Math.signum(x) * StrictMath.log(Math.abs(x) + StrictMath.sqrt(x * x + 1));
      case ACOSH ->
          x ->
              x < 1
                  ? Double.NaN
                  : x > 1e18
                      ? StrictMath.log(x) + StrictMath.log(2)
                      : StrictMath.log1p(x - 1 + StrictMath.sqrt((x - 1) * (x + 1)));
      case ATANH -> x -> 0.5 * (StrictMath.log1p(x) - StrictMath.log1p(-x));
      case CBRT -> StrictMath::cbrt;
    };
  }

  /** By its Taylor series, or the continued fraction of its complement. */
  private static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a > 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    if (a < 2.5) {
      double term = x;
      double sum = x;
      for (int n = 1; n < 80; n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    return Math.signum(x) * (1 - StrictMath.exp(-a * a) / Math.sqrt(Math.PI) / fraction(a));
  }

  /** What e^(-a²) / √π is divided by for the complement of erf. */
  private static double fraction(double a) {
    double fraction = a;
    for (int n = 120; n >= 1; n--) {
      fraction = a + n / 2.0 / fraction;
    }
    return fraction;
  }

  private static double gelu(double x) {
    double a = Math.abs(x) / Math.sqrt(2);
    if (Double.isNaN(x) || a < 2.5) {
      return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }
    double tail = 0.5 * StrictMath.exp(-a * a) / Math.sqrt(Math.PI) / fraction(a);
    return x > 0 ? x - (tail == 0 ? 0 : x * tail) : tail == 0 ? 0 : x * tail;
  }

  private static float[] arguments(Elementary function) {
    Random random = new Random(7);
    float[] special = {
      0f,
      -0f,
      1f,
      -1f,
      0.5f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      1e-40f,
      Float.MIN_NORMAL,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      88.7f,
      88.73f,
      -87.4f,
      -100f,
      -103.9f,
      -104.1f,
      0.625f,
      0.925f,
      3.9f,
      4.1f,
      -20f,
      2f,
      89.41f,
      -89.42f,
      4096f,
      4097f
    };
    float[] all = Arrays.copyOf(special, 40_000);
    for (int i = special.length; i < all.length; i++) {
      all[i] =
          switch (i % 4) {
            case 0 -> (float) random.nextGaussian();
            case 1 -> (random.nextFloat() - 0.5f) * (isOfCircle(function) ? 2.1f : 220);
            case 2 -> 1 + (random.nextFloat() - 0.5f) * 0.1f;
            default -> Float.intBitsToFloat(random.nextInt());
          };
    }
    for (int i = 0; i < all.length; i++) {
      if (function == Elementary.EXP_OF_NEGATIVE) {
        all[i] = Math.max(-Math.abs(all[i]), -87.3f);
      }
    }
    return all;
  }

  /** Whether a function is defined from -1 to 1 only. */
  private static boolean isOfCircle(Elementary function) {
    return function == Elementary.ASIN
        || function == Elementary.ACOS
        || function == Elementary.ATANH;
  }

  private static double ulps(Elementary function) {
    return switch (function) {
      case SIGMOID, SOFTPLUS, EXPM1 -> 3;
      case EXP, EXP_OF_NEGATIVE, LOG, TANH, ERF, GELU, SIN, COS, SINH, ACOSH -> 2;
      case COSH, ASINH -> 1.5;
      case TAN, ASIN, ACOS, ATAN, ATANH, LOG1P -> 1.3;
      case CBRT -> 0.6;
    };
  }

  @ParameterizedTest
  @EnumSource
  void isAccurateInF32AtEveryWidth(Elementary function) {
    float[] x = arguments(function);
    float[] first = null;
    for (int bits : new int[] {512, 256, 128, 0}) {
      float[] y = results(function, bits, x);
      if (first == null) {
        first = y;
        check(function, x, y);
      } else {
        for (int i = 0; i < x.length; i++) {
          assertEquals(first[i], y[i], function + "(" + x[i] + ") at " + bits + " bits");
        }
      }
    }
  }

  /** The results of a function in as many lanes as a target has. */
  private static float[] results(Elementary function, int bits, float... x) {
    Target target = new Target(bits, false);
    int lanes = function.vectorizes(ScalarType.F32) ? target.lanes(ScalarType.F32) : 1;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] buffers = {
        KernelRunner.floats(arena, x), KernelRunner.floats(arena, new float[x.length])
      };
      KernelRunner.run(target, kernel(function, DType.FLOAT32, lanes), buffers, x.length);
      return KernelRunner.floats(buffers[1]);
    }
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "SIN", "TAN", "ASIN", "ATAN", "SINH", "TANH", "ASINH", "ATANH", "ERF", "EXPM1", "LOG1P",
        "CBRT"
      })
  void keepsZerosAndTheirSigns(Elementary function) {
    for (int bits : new int[] {512, 256, 128, 0}) {
      assertArrayEquals(new float[] {0f, -0f}, results(function, bits, 0f, -0f));
    }
  }

  /** Powers of two, and numbers of every exponent in any order. */
  private static float[] angles() {
    Random random = new Random(11);
    int each = 40;
    int exponents = Float.MAX_EXPONENT - Float.MIN_EXPONENT + 1;
    float[] angles = new float[(each + 1) * exponents];
    for (int i = 0; i < exponents; i++) {
      angles[i] = Math.scalb(i % 2 == 0 ? 1f : -1f, Float.MIN_EXPONENT + i);
    }
    for (int i = exponents; i < angles.length; i++) {
      float number = (1 + random.nextFloat()) * (random.nextBoolean() ? 1 : -1);
      angles[i] = Math.scalb(number, Float.MIN_EXPONENT + random.nextInt(exponents));
    }
    return angles;
  }

  @ParameterizedTest
  @EnumSource(names = {"SIN", "COS", "TAN"})
  void isAccurateForAnglesOfAnySize(Elementary function) {
    float[] x = angles();
    // The large number that is nearest to a multiple of a quarter turn; both sides of the limit
    // from which on angles are large.
    float[] special = {7.729179e28f, 0x1p17f, Math.nextUp(0x1p17f), 1e9f, 1e20f, Float.MAX_VALUE};
    System.arraycopy(special, 0, x, 1000, special.length);
    float[] scalar = results(function, 0, x);
    check(function, x, scalar);
    for (int bits : new int[] {512, 256, 128}) {
      assertArrayEquals(scalar, results(function, bits, x));
    }
    if (function != Elementary.TAN) {
      for (int i = 0; i < x.length; i++) {
        assertTrue(Math.abs(scalar[i]) <= 1, function + "(" + x[i] + ") = " + scalar[i]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SIN", "COS", "TAN"})
  void isUndefinedForInfiniteAnglesOnly(Elementary function) {
    float[] x = {Float.POSITIVE_INFINITY, 1e30f, Float.NaN, 1f, Float.NEGATIVE_INFINITY};
    for (int bits : new int[] {512, 256, 128, 0}) {
      float[] y = results(function, bits, x);
      check(function, x, y);
      assertTrue(Float.isNaN(y[0]) && Float.isNaN(y[2]) && Float.isNaN(y[4]));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ASIN", "ACOS", "ACOSH", "ATANH"})
  void isUndefinedOutsideItsDomain(Elementary function) {
    boolean below = function == Elementary.ACOSH;
    float[] outside = {
      Math.nextDown(-1f),
      -2f,
      -1e6f,
      -Float.MAX_VALUE,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      below ? Math.nextDown(1f) : Math.nextUp(1f),
      below ? 0.5f : 2f,
      below ? 0f : 1e6f,
      below ? -1f : Float.MAX_VALUE,
      below ? -4096f : Float.POSITIVE_INFINITY
    };
    float[] undefined = new float[outside.length];
    Arrays.fill(undefined, Float.NaN);
    for (int bits : new int[] {512, 256, 128, 0}) {
      assertArrayEquals(undefined, results(function, bits, outside));
    }
  }

  @Test
  void hasItsLimitsAtTheEndsOfItsDomain() {
    float infinity = Float.POSITIVE_INFINITY;
    float half = (float) (Math.PI / 2);
    for (int bits : new int[] {512, 256, 128, 0}) {
      float[] ends = {1f, -1f};
      assertArrayEquals(new float[] {infinity, -infinity}, results(Elementary.ATANH, bits, ends));
      assertArrayEquals(new float[] {half, -half}, results(Elementary.ASIN, bits, ends));
      assertArrayEquals(new float[] {0f, 2 * half}, results(Elementary.ACOS, bits, ends));
      float[] far = {infinity, -infinity};
      assertArrayEquals(new float[] {half, -half}, results(Elementary.ATAN, bits, far));
      assertArrayEquals(far, results(Elementary.SINH, bits, far));
      assertArrayEquals(new float[] {infinity, infinity}, results(Elementary.COSH, bits, far));
      assertArrayEquals(far, results(Elementary.ASINH, bits, far));
      assertArrayEquals(new float[] {0f, infinity}, results(Elementary.ACOSH, bits, 1f, infinity));
    }
  }

  private static void check(Elementary function, float[] x, float[] y) {
    DoubleUnaryOperator reference = reference(function);
    double worst = 0;
    String at = "";
    for (int i = 0; i < x.length; i++) {
      double exact = reference.applyAsDouble(x[i]);
      float rounded = (float) exact;
      if (Float.isNaN(rounded) || Float.isInfinite(rounded) || rounded == 0) {
        boolean limit = Float.isInfinite(rounded) && Math.abs(y[i]) == Float.MAX_VALUE;
        assertTrue(
            limit || Float.compare(rounded + 0f, y[i] + 0f) == 0,
            function + "(" + x[i] + ") = " + y[i] + ", expected " + rounded);
        continue;
      }
      if (function == Elementary.SIGMOID && exact < Float.MIN_NORMAL) {
        assertTrue(y[i] >= 0 && y[i] < Float.MIN_NORMAL, function + "(" + x[i] + ") = " + y[i]);
        continue;
      }
      if (function == Elementary.GELU && Math.abs(y[i] - exact) <= 0x1p-23 * Math.abs(x[i])) {
        continue;
      }
      double error = Math.abs(y[i] - exact) / Math.ulp(rounded);
      if (!(error <= worst)) {
        worst = error;
        at = function + "(" + x[i] + ") = " + y[i] + ", exact " + exact;
      }
    }
    assertTrue(worst <= ulps(function), at + ": " + worst + " ulp");
  }

  @ParameterizedTest
  @EnumSource
  void isAccurateInF64(Elementary function) {
    DoubleUnaryOperator reference = reference(function);
    try (Arena arena = Arena.ofConfined()) {
      int n = 2000;
      MemorySegment in = arena.allocate(8L * n);
      MemorySegment out = arena.allocate(8L * n);
      Random random = new Random(3);
      for (int i = 0; i < n; i++) {
        in.setAtIndex(ValueLayout.JAVA_DOUBLE, i, random.nextGaussian() * (1 + i % 4));
      }
      KernelRunner.run(
          new Target(0, false),
          kernel(function, DType.FLOAT64, 1),
          new MemorySegment[] {in, out},
          n);
      for (int i = 0; i < n; i++) {
        double x = in.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
        double y = out.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
        double exact = reference.applyAsDouble(x);
        double scale = Double.isFinite(exact) ? Math.max(1, Math.abs(exact)) : 1;
        assertEquals(exact, y, 1e-14 * scale, function + "(" + x + ")");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EXP", "ERF", "TANH"})
  void refusesWhatIsNotAFloat(Elementary function) {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new KernelBuilder("k")
                .procedure("p", List.of(), (b, _) -> function.apply(b, Exprs.index(1))));
  }
}
