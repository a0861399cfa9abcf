package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.loop.BinaryOp;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.CompareOp;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.Type;
import fluidml.loop.UnaryOp;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every operation of IR 2 on every type at every width against what Java computes for one element.
 */
class OperationsTest {
  /** Two operands to one result. */
  private record Operation(ScalarType result, BinaryOperator<Expr> code, LongBinaryOperator java) {}

  private static DType storage(ScalarType type) {
    return switch (type) {
      case F32 -> DType.FLOAT32;
      case F64 -> DType.FLOAT64;
      case I32 -> DType.INT32;
      case I64 -> DType.INT64;
      case BOOL -> DType.BOOL;
    };
  }

  private static long[] values(ScalarType type) {
    double[] reals = {
      0,
      -0.0,
      1,
      -1,
      0.5,
      -0.5,
      1.5,
      2.5,
      -2.5,
      0.49999997,
      1e-40,
      -3e9,
      3e9,
      1e19,
      8388607.5,
      4503599627370495.5,
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      7.25,
      -123.75,
      16777217,
      1e300
    };
    long[] wholes = {
      0,
      1,
      -1,
      2,
      3,
      -7,
      31,
      33,
      64,
      100,
      -128,
      65535,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE,
      1L << 40,
      Long.MAX_VALUE,
      Long.MIN_VALUE,
      12345678901L,
      -99,
      5
    };
    return switch (type) {
      case F32 -> {
        long[] bits = new long[reals.length];
        for (int i = 0; i < bits.length; i++) {
          bits[i] = Float.floatToIntBits((float) reals[i]);
        }
        yield bits;
      }
      case F64 -> {
        long[] bits = new long[reals.length];
        for (int i = 0; i < bits.length; i++) {
          bits[i] = Double.doubleToLongBits(reals[i]);
        }
        yield bits;
      }
      case I32 -> {
        long[] narrow = wholes.clone();
        for (int i = 0; i < narrow.length; i++) {
          narrow[i] = (int) narrow[i];
        }
        yield narrow;
      }
      case I64 -> wholes;
      case BOOL -> new long[] {0, 1};
    };
  }

  private static double real(ScalarType type, long bits) {
    return switch (type) {
      case F32 -> Float.intBitsToFloat((int) bits);
      case F64 -> Double.longBitsToDouble(bits);
      case I32, I64, BOOL -> bits;
    };
  }

  private static long bits(ScalarType type, double value) {
    return switch (type) {
      case F32 -> Float.floatToIntBits((float) value);
      case F64 -> Double.doubleToLongBits(value);
      case I32, I64, BOOL -> throw new IllegalArgumentException(type.toString());
    };
  }

  private static Map<String, Operation> operations(ScalarType type, boolean vector) {
    Map<String, Operation> all = new LinkedHashMap<>();
    if (type.isFloat()) {
      for (UnaryOp op : UnaryOp.values()) {
        if (op != UnaryOp.NOT) {
          all.put(
              op.text(),
              new Operation(
                  type,
                  (x, _) -> Exprs.unary(op, x),
                  (x, _) -> bits(type, unary(op, real(type, x)))));
        }
      }
      for (BinaryOp op :
          List.of(
              BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.DIV, BinaryOp.MIN, BinaryOp.MAX)) {
        all.put(
            op.text(),
            new Operation(
                type,
                (x, y) -> Exprs.binary(op, x, y),
                (x, y) -> bits(type, binary(op, type, real(type, x), real(type, y)))));
      }
      if (!vector) {
        all.put(
            "mod",
            new Operation(
                type,
                (x, y) -> Exprs.binary(BinaryOp.MOD, x, y),
                (x, y) -> bits(type, real(type, x) % real(type, y))));
      }
    } else if (type.isInteger()) {
      all.put("neg", new Operation(type, (x, _) -> x.neg(), (x, _) -> cut(type, -x)));
      all.put("abs", new Operation(type, (x, _) -> x.abs(), (x, _) -> cut(type, Math.abs(x))));
      all.put("not", new Operation(type, (x, _) -> Exprs.not(x), (x, _) -> ~x));
      for (BinaryOp op : BinaryOp.values()) {
        boolean division =
            List.of(BinaryOp.DIV, BinaryOp.MOD, BinaryOp.FLOOR_DIV, BinaryOp.FLOOR_MOD)
                .contains(op);
        if (division) {
          if (!vector) {
            // zero divisors become one
            all.put(
                op.text(),
                new Operation(
                    type,
                    (x, y) -> Exprs.binary(op, x, Exprs.select(y.eq(zero(y)), one(y), y)),
                    (x, y) -> whole(op, type, x, y == 0 ? 1 : y)));
            all.put(
                op.text() + " by 8",
                new Operation(
                    type,
                    (x, y) -> Exprs.binary(op, x, Exprs.integer(y.type(), 8)),
                    (x, _) -> whole(op, type, x, 8)));
          }
        } else {
          all.put(
              op.text(),
              new Operation(
                  type, (x, y) -> Exprs.binary(op, x, y), (x, y) -> whole(op, type, x, y)));
        }
      }
      all.put(
          "shl by 3", new Operation(type, (x, _) -> Exprs.shl(x, 3), (x, _) -> cut(type, x << 3)));
    } else {
      all.put("not", new Operation(type, (x, _) -> Exprs.not(x), (x, _) -> 1 - x));
      all.put("and", new Operation(type, Exprs::and, (x, y) -> x & y));
      all.put("or", new Operation(type, Exprs::or, (x, y) -> x | y));
      all.put("xor", new Operation(type, Exprs::xor, (x, y) -> x ^ y));
    }
    for (CompareOp op : CompareOp.values()) {
      if (type != ScalarType.BOOL || op == CompareOp.EQ || op == CompareOp.NE) {
        all.put(
            op.symbol(),
            new Operation(
                ScalarType.BOOL,
                (x, y) -> Exprs.compare(op, x, y),
                (x, y) ->
                    type.isFloat()
                        ? holds(op, real(type, x), real(type, y))
                        : holds(op, Long.compare(x, y), 0)));
      }
    }
    conversions(type, all);
    return all;
  }

  private static void conversions(ScalarType type, Map<String, Operation> all) {
    for (ScalarType to : ScalarType.values()) {
      if (to == type) {
        continue;
      }
      all.put(
          "to " + to,
          new Operation(
              to,
              (x, _) -> Exprs.convert(to, x),
              (x, _) -> {
                double value = real(type, x);
                boolean exact = !type.isFloat();
                return switch (to) {
                  case F32 -> Float.floatToIntBits(exact ? (float) x : (float) value);
                  case F64 -> Double.doubleToLongBits(exact ? (double) x : value);
                  case I32 -> exact ? (int) x : (int) value;
                  case I64 -> exact ? x : (long) value;
                  case BOOL -> value != 0 ? 1 : 0;
                };
              }));
    }
    if (type == ScalarType.F32) {
      all.put(
          "bits",
          new Operation(
              ScalarType.I32, (x, _) -> Exprs.bitcast(ScalarType.I32, x), (x, _) -> (int) x));
    }
    if (type == ScalarType.F64) {
      all.put(
          "bits",
          new Operation(ScalarType.I64, (x, _) -> Exprs.bitcast(ScalarType.I64, x), (x, _) -> x));
    }
  }

  private static Expr zero(Expr like) {
    return Exprs.constant(like.type(), 0);
  }

  private static Expr one(Expr like) {
    return Exprs.constant(like.type(), 1);
  }

  private static long cut(ScalarType type, long value) {
    return type == ScalarType.I32 ? (int) value : value;
  }

  private static double unary(UnaryOp op, double x) {
    return switch (op) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SQRT -> Math.sqrt(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND_EVEN -> Math.rint(x);
      case TRUNC -> Math.copySign(Math.floor(Math.abs(x)), x);
      case NOT -> throw new IllegalArgumentException();
    };
  }

  private static double binary(BinaryOp op, ScalarType type, double x, double y) {
    double exact =
        switch (op) {
          case ADD -> x + y;
          case SUB -> x - y;
          case MUL -> x * y;
          case DIV -> x / y;
          case MIN -> Math.min(x, y);
          case MAX -> Math.max(x, y);
          default -> throw new IllegalArgumentException(op.text());
        };
    return type == ScalarType.F32 ? (float) exact : exact;
  }

  private static long whole(BinaryOp op, ScalarType type, long x, long y) {
    boolean narrow = type == ScalarType.I32;
    return switch (op) {
      case ADD -> cut(type, x + y);
      case SUB -> cut(type, x - y);
      case MUL -> cut(type, x * y);
      case DIV -> cut(type, x / y);
      case MOD -> x % y;
      case FLOOR_DIV -> cut(type, Math.floorDiv(x, y));
      case FLOOR_MOD -> Math.floorMod(x, y);
      case MIN -> Math.min(x, y);
      case MAX -> Math.max(x, y);
      case AND -> x & y;
      case OR -> x | y;
      case XOR -> x ^ y;
      case SHL -> narrow ? (int) x << (int) y : x << y;
      case SHR -> narrow ? (int) x >> (int) y : x >> y;
      case USHR -> narrow ? (int) x >>> (int) y : x >>> y;
    };
  }

  private static long holds(CompareOp op, double x, double y) {
    return switch (op) {
          case EQ -> x == y;
          case NE -> x != y;
          case LT -> x < y;
          case LE -> x <= y;
          case GT -> x > y;
          case GE -> x >= y;
        }
        ? 1
        : 0;
  }

  private static void set(MemorySegment segment, ScalarType type, int index, long bits) {
    switch (type) {
      case F32, I32 -> segment.setAtIndex(ValueLayout.JAVA_INT, index, (int) bits);
      case F64, I64 -> segment.setAtIndex(ValueLayout.JAVA_LONG, index, bits);
      case BOOL -> segment.setAtIndex(ValueLayout.JAVA_BYTE, index, (byte) bits);
    }
  }

  private static long get(MemorySegment segment, ScalarType type, int index) {
    return switch (type) {
      case F32, I32 -> segment.getAtIndex(ValueLayout.JAVA_INT, index);
      case F64, I64 -> segment.getAtIndex(ValueLayout.JAVA_LONG, index);
      case BOOL -> segment.getAtIndex(ValueLayout.JAVA_BYTE, index);
    };
  }

  /** Equal bits, any NaN equal to any. */
  private static void assertSame(ScalarType type, long expected, long actual, String what) {
    if (type.isFloat()) {
      assertEquals(real(type, expected), real(type, actual), what);
    } else {
      assertEquals(expected, actual, what);
    }
  }

  private static List<KernelCompiler> unchecked() {
    return KernelRunner.compilers().filter(c -> !c.target().checked()).toList();
  }

  @ParameterizedTest
  @EnumSource
  void computesAsJavaDoes(ScalarType type) {
    long[] values = values(type);
    int n = values.length * values.length;
    for (KernelCompiler compiler : unchecked()) {
      Target target = compiler.target();
      int width = target.vectorBits();
      List<String> names = new ArrayList<>(operations(type, width > 0).keySet());
      for (String name : names) {
        Operation operation = operations(type, width > 0).get(name);
        int lanes = target.lanes(List.of(storage(type), storage(operation.result)));
        KernelBuilder k = new KernelBuilder(name);
        Buffer x = k.read("x", storage(type));
        Buffer y = k.read("y", storage(type));
        Buffer z = k.write("z", storage(operation.result));
        Kernel kernel =
            k.entry(
                k.size("n"),
                (b, begin, end) ->
                    b.vectorLoop(
                        "i",
                        begin,
                        end,
                        lanes,
                        (i, mask) ->
                            b.store(
                                z,
                                i,
                                operation.code.apply(
                                    b.let(b.load(x, i, lanes, mask)),
                                    b.let(b.load(y, i, lanes, mask))),
                                mask)));
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment xs = arena.allocate(8L * n, 64);
          MemorySegment ys = arena.allocate(8L * n, 64);
          MemorySegment zs = arena.allocate(8L * n, 64);
          for (int i = 0; i < n; i++) {
            set(xs, type, i, values[i % values.length]);
            set(ys, type, i, values[i / values.length]);
          }
          KernelRunner.run(compiler, kernel, new MemorySegment[] {xs, ys, zs}, n);
          for (int i = 0; i < n; i++) {
            long a = values[i % values.length];
            long c = values[i / values.length];
            assertSame(
                operation.result,
                operation.java.applyAsLong(a, c),
                get(zs, operation.result, i),
                name + " of " + real(type, a) + " and " + real(type, c) + " at " + compiler);
          }
        }
      }
    }
  }

  @Test
  void reducesLanesInAFixedOrder() {
    for (KernelCompiler compiler : unchecked()) {
      Target target = compiler.target();
      if (target.vectorBits() == 0) {
        continue;
      }
      int lanes = target.lanes(ScalarType.F32);
      float[] values = new float[lanes];
      for (int i = 0; i < lanes; i++) {
        values[i] = 1.1f / (i + 1) - 0.37f;
      }
      float[] folded = values.clone();
      for (int half = lanes / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
          folded[i] += folded[i + half];
        }
      }
      try (Arena arena = Arena.ofConfined()) {
        KernelBuilder k = new KernelBuilder("reduce");
        Buffer x = k.read("x", DType.FLOAT32);
        Buffer y = k.write("y", DType.FLOAT32);
        Buffer any = k.write("any", DType.BOOL);
        Kernel kernel =
            k.entry(
                Exprs.index(1),
                (b, _, _) -> {
                  Expr v = b.let(b.load(x, Exprs.index(0), lanes));
                  b.store(y, Exprs.index(0), Exprs.horizontal(HorizontalOp.ADD, v));
                  b.store(y, Exprs.index(1), Exprs.horizontal(HorizontalOp.MAX, v));
                  b.store(y, Exprs.index(2), Exprs.horizontal(HorizontalOp.MIN, v));
                  lanesAndMasks(b, v, y, any);
                });
        MemorySegment out = arena.allocate(64, 64);
        MemorySegment truths = arena.allocate(64, 64);
        KernelRunner.run(
            compiler,
            kernel,
            new MemorySegment[] {KernelRunner.floats(arena, values), out, truths});
        assertEquals(folded[0], out.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
        assertEquals(values[0], out.getAtIndex(ValueLayout.JAVA_FLOAT, 1));
        assertEquals(values[lanes - 1], out.getAtIndex(ValueLayout.JAVA_FLOAT, 2));
        assertEquals(values[1], out.getAtIndex(ValueLayout.JAVA_FLOAT, 3));
        assertEquals(3, out.getAtIndex(ValueLayout.JAVA_FLOAT, 4));
        assertEquals(1, truths.get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(0, truths.get(ValueLayout.JAVA_BYTE, 1));
      }
    }
  }

  private static void lanesAndMasks(BodyBuilder b, Expr v, Buffer y, Buffer any) {
    Type type = v.type();
    Expr first = Exprs.laneMask(Exprs.index(1), type.lanes());
    Expr rotated = Exprs.select(first, Exprs.rotate(v, 1), Exprs.constant(type, 0));
    b.store(y, Exprs.index(3), Exprs.horizontal(HorizontalOp.ADD, rotated));
    Expr lanes = Exprs.laneIndex(type);
    Expr three = Exprs.select(lanes.lt(Exprs.constant(type, 3)), Exprs.constant(type, 1), zero(v));
    Expr sum = Exprs.horizontal(HorizontalOp.ADD, three);
    b.store(y, Exprs.index(4), type.lanes() < 3 ? Exprs.f32(3) : sum);
    b.store(any, Exprs.index(0), Exprs.horizontal(HorizontalOp.OR, first));
    b.store(any, Exprs.index(1), Exprs.horizontal(HorizontalOp.AND, first));
  }
}
