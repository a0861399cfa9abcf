package fluidml.loop.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.emit.jvm.KernelRunner;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Parser;
import fluidml.loop.Printer;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.math.Elementary;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of many shapes, strides and widths against sums in double precision. */
class ContractionScheduleTest {

  /** How the right operand lies. */
  enum Form {
    PACKED,
    ROWS,
    COLUMNS,
    SCATTERED
  }

  /** {@code y = a b + bias[column] + residual}, sizes m, n, k, batches, strides of a. */
  private static Kernel kernel(Target target, Form form, boolean transposedLeft) {
    KernelBuilder k = new KernelBuilder("product");
    Buffer a = k.read("a", DType.FLOAT32);
    Buffer b = k.read("b", DType.FLOAT32);
    Buffer bias = k.read("bias", DType.FLOAT32);
    Buffer y = k.readWrite("y", DType.FLOAT32);
    Expr batches = k.size("batches");
    Expr m = k.size("m");
    Expr n = k.size("n");
    Expr depth = k.size("k");
    Contraction.BatchOffset offsetB = Contraction.BatchOffset.strided(k.size("bBatch"));
    Expr one = Exprs.index(1);
    Contraction.Right right =
        switch (form) {
          case PACKED -> new Contraction.Packed(b, offsetB);
          case ROWS -> new Contraction.Strided(b, offsetB, k.size("bRow"), one);
          case COLUMNS -> new Contraction.Strided(b, offsetB, one, k.size("bRow"));
          case SCATTERED ->
              new Contraction.Strided(b, offsetB, k.size("bRow").times(2), Exprs.index(2));
        };
    Contraction.Left left =
        new Contraction.Left(
            a,
            Contraction.BatchOffset.strided(m.times(depth)),
            transposedLeft ? one : depth,
            transposedLeft ? m : one);
    return ContractionSchedule.build(
        k,
        new Contraction(batches, m, n, depth, left, right),
        target,
        (body, value, batch, row, column, mask) -> {
          Expr at = batch.times(m).plus(row).times(n).plus(column);
          int lanes = value.type().lanes();
          Expr sum =
              value.plus(body.load(bias, column, lanes, mask)).plus(body.load(y, at, lanes, mask));
          body.store(y, at, sum, mask);
        });
  }

  private static float[] random(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }

  private static void check(
      Target target,
      CompiledKernel code,
      Kernel kernel,
      Form form,
      boolean transposedLeft,
      int batches,
      int m,
      int n,
      int k) {
    Random random = new Random(31L * m + n);
    float[] a = random(random, batches * m * k);
    float[] b = random(random, batches * k * n);
    float[] bias = random(random, n);
    float[] residual = random(random, batches * m * n);
    try (Arena arena = Arena.ofConfined()) {
      int columns = TileShape.of(target, ScalarType.F32).columns();
      MemorySegment bs = KernelRunner.floats(arena, new float[0]);
      long batchStride = (long) k * n;
      long rowStride = form == Form.COLUMNS ? k : n;
      float[] laid = b;
      switch (form) {
        case PACKED -> {
          batchStride = Panels.elements(k, n, columns);
          bs = arena.allocate(Math.max(4, batches * batchStride * 4), 64);
          for (int i = 0; i < batches; i++) {
            Panels.pack(
                MemorySegment.ofArray(b),
                (long) i * k * n,
                k,
                n,
                n,
                1,
                columns,
                4,
                bs.asSlice(i * batchStride * 4),
                _ -> {});
          }
        }
        case COLUMNS -> {
          laid = new float[b.length];
          for (int i = 0; i < batches; i++) {
            for (int r = 0; r < k; r++) {
              for (int c = 0; c < n; c++) {
                laid[(i * n + c) * k + r] = b[(i * k + r) * n + c];
              }
            }
          }
        }
        case SCATTERED -> {
          batchStride *= 2;
          laid = new float[2 * b.length];
          for (int i = 0; i < b.length; i++) {
            laid[2 * i] = b[i];
          }
        }
        case ROWS -> {}
      }
      if (form != Form.PACKED) {
        bs = KernelRunner.floats(arena, laid);
      }
      float[] storedA = a;
      if (transposedLeft) {
        storedA = new float[a.length];
        for (int i = 0; i < batches; i++) {
          for (int r = 0; r < m; r++) {
            for (int c = 0; c < k; c++) {
              storedA[(i * k + c) * m + r] = a[(i * m + r) * k + c];
            }
          }
        }
      }
      MemorySegment as = KernelRunner.floats(arena, storedA);
      MemorySegment y = KernelRunner.floats(arena, residual);
      MemorySegment[] buffers = {as, bs, KernelRunner.floats(arena, bias), y};
      long[] sizes =
          form == Form.PACKED
              ? new long[] {batches, m, n, k, batchStride}
              : new long[] {batches, m, n, k, batchStride, rowStride};
      KernelRunner.run(code, kernel, buffers, sizes, 1);
      float[] once = KernelRunner.floats(y);
      y.copyFrom(MemorySegment.ofArray(residual));
      KernelRunner.run(code, kernel, buffers, sizes, 3);
      assertArrayEquals(once, KernelRunner.floats(y), "same bits in three parts");
      for (int i = 0; i < batches; i++) {
        for (int r = 0; r < m; r++) {
          for (int c = 0; c < n; c++) {
            double sum = bias[c] + (double) residual[(i * m + r) * n + c];
            for (int t = 0; t < k; t++) {
              sum += (double) a[(i * m + r) * k + t] * b[(i * k + t) * n + c];
            }
            assertEquals(
                sum,
                once[(i * m + r) * n + c],
                1e-5 + 2e-7 * k,
                () -> form + " " + m + "×" + n + "×" + k + " at " + target);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void multipliesAnyShape(Form form) {
    int[][] shapes = {
      {1, 1, 1, 1},
      {1, 1, 64, 33},
      {2, 6, 64, 16},
      {1, 7, 65, 17},
      {3, 5, 100, 31},
      {1, 64, 70, 64},
      {2, 13, 3, 48},
      {1, 25, 129, 7},
      {1, 3, 200, 100},
      {1, 4, 17, 0},
      {0, 4, 17, 3},
      {1, 0, 5, 3},
      {1, 5, 0, 3}
    };
    for (Target target : KernelRunner.targets().toList()) {
      KernelCompiler compiler = new KernelCompiler(target);
      for (boolean transposedLeft : new boolean[] {false, true}) {
        if (transposedLeft && (form != Form.PACKED || target.checked())) {
          continue;
        }
        Kernel kernel = kernel(target, form, transposedLeft);
        assertEquals(kernel, Parser.parse(Printer.print(kernel)));
        CompiledKernel code = compiler.compile(kernel);
        for (int[] s : shapes) {
          check(target, code, kernel, form, transposedLeft, s[0], s[1], s[2], s[3]);
        }
      }
    }
  }

  @Test
  void addsBlocksOfLongSums() {
    Target target = new Target(512, true);
    Kernel kernel = kernel(target, Form.PACKED, false);
    CompiledKernel code = new KernelCompiler(target).compile(kernel);
    TileShape shape = TileShape.of(target, ScalarType.F32);
    int block = ContractionSchedule.blockTerms(shape, DType.FLOAT32);
    check(target, code, kernel, Form.PACKED, false, 1, 8, 80, 2 * block + 5);
    check(target, code, kernel, Form.PACKED, false, 2, 240, 500, block + 3);
    check(target, code, kernel, Form.PACKED, false, 2, 1, 700, block + 3);
  }

  @ParameterizedTest
  @CsvSource({
    "INT8,UINT8",
    "FLOAT16,FLOAT32",
    "BFLOAT16,BFLOAT16",
    "INT64,INT64",
    "FLOAT64,FLOAT64"
  })
  void multipliesOtherTypes(DType leftType, DType rightType) {
    int m = 9;
    int n = 37;
    int k = 21;
    for (Target target : KernelRunner.targets().toList()) {
      KernelBuilder builder = new KernelBuilder("product");
      Buffer a = builder.read("a", leftType);
      Buffer b = builder.read("b", rightType);
      Buffer y = builder.write("y", DType.FLOAT64);
      Expr one = Exprs.index(1);
      Expr depth = builder.size("k");
      Expr columns = builder.size("n");
      Kernel kernel =
          ContractionSchedule.build(
              builder,
              new Contraction(
                  one,
                  builder.size("m"),
                  columns,
                  depth,
                  new Contraction.Left(a, Contraction.BatchOffset.strided(one), depth, one),
                  new Contraction.Strided(b, Contraction.BatchOffset.strided(one), columns, one)),
              target,
              (body, value, batch, row, column, mask) -> {
                if (value.type().isVector()
                    && value.type().bits() / value.type().scalar().bits() * 64
                        > target.vectorBits()) {
                  // doubles need more lanes than there are: element by element through the lane
                  // index
                  Expr lane = Exprs.laneIndex(value.type().as(ScalarType.I32));
                  for (int i = 0; i < value.type().lanes(); i++) {
                    Expr picked =
                        Exprs.horizontal(
                            fluidml.loop.HorizontalOp.ADD,
                            Exprs.select(
                                lane.eq(Exprs.integer(lane.type(), i)),
                                value,
                                Exprs.constant(value.type(), 0)));
                    body.store(
                        y,
                        row.times(columns).plus(column).plus(i),
                        Exprs.convert(ScalarType.F64, picked),
                        column.plus(i).lt(columns));
                  }
                } else {
                  body.store(
                      y,
                      row.times(columns).plus(column),
                      Exprs.convert(ScalarType.F64, value),
                      mask);
                }
              });
      try (Arena arena = Arena.ofConfined()) {
        Random random = new Random(5);
        double[] av = new double[m * k];
        double[] bv = new double[k * n];
        MemorySegment as = filled(arena, leftType, av, random);
        MemorySegment bs = filled(arena, rightType, bv, random);
        MemorySegment ys = arena.allocate(8L * m * n, 64);
        KernelRunner.run(target, kernel, new MemorySegment[] {as, bs, ys}, sizes(kernel, m, n, k));
        for (int r = 0; r < m; r++) {
          for (int c = 0; c < n; c++) {
            double sum = 0;
            for (int t = 0; t < k; t++) {
              sum += av[r * k + t] * bv[t * n + c];
            }
            assertEquals(sum, ys.getAtIndex(ValueLayout.JAVA_DOUBLE, r * n + c), 1e-4);
          }
        }
      }
    }
  }

  private static long[] sizes(Kernel kernel, long m, long n, long k) {
    return kernel.sizes().stream()
        .mapToLong(s -> s.equals("m") ? m : s.equals("n") ? n : k)
        .toArray();
  }

  /** Small whole numbers, exact in every type. */
  private static MemorySegment filled(Arena arena, DType type, double[] values, Random random) {
    MemorySegment segment = arena.allocate(type.byteSize(values.length), 64);
    for (int i = 0; i < values.length; i++) {
      int v = random.nextInt(0, 100);
      values[i] = v;
      switch (type) {
        case INT8, UINT8 -> segment.setAtIndex(ValueLayout.JAVA_BYTE, i, (byte) v);
        case FLOAT16 -> segment.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(v));
        case BFLOAT16 ->
            segment.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToIntBits(v) >>> 16));
        case FLOAT32 -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, v);
        case FLOAT64 -> segment.setAtIndex(ValueLayout.JAVA_DOUBLE, i, v);
        case INT64 -> segment.setAtIndex(ValueLayout.JAVA_LONG, i, v);
        default -> throw new IllegalArgumentException(type.toString());
      }
    }
    return segment;
  }

  @ParameterizedTest
  @MethodSource("fluidml.emit.jvm.KernelRunner#targets")
  void fusesAnyEpilogue(Target target) {
    KernelBuilder k = new KernelBuilder("gelu");
    Buffer a = k.read("a", DType.FLOAT32);
    Buffer b = k.read("b", DType.FLOAT32);
    Buffer y = k.write("y", DType.FLOAT32);
    Expr one = Exprs.index(1);
    Expr n = Exprs.index(20);
    Expr depth = Exprs.index(3);
    Kernel kernel =
        ContractionSchedule.build(
            k,
            new Contraction(
                one,
                Exprs.index(2),
                n,
                depth,
                new Contraction.Left(a, Contraction.BatchOffset.strided(one), depth, one),
                new Contraction.Strided(b, Contraction.BatchOffset.strided(one), n, one)),
            target,
            (body, value, batch, row, column, mask) -> {
              Expr erf = Elementary.ERF.apply(body, value.times(Math.sqrt(0.5)));
              body.store(y, row.times(n).plus(column), value.times(0.5).times(erf.plus(1)), mask);
            });
    try (Arena arena = Arena.ofConfined()) {
      float[] av = {1, 0, 0, 0, 1, 0};
      float[] bv = random(new Random(1), 60);
      MemorySegment ys = arena.allocate(160, 64);
      KernelRunner.run(
          target,
          kernel,
          new MemorySegment[] {KernelRunner.floats(arena, av), KernelRunner.floats(arena, bv), ys});
      for (int i = 0; i < 40; i++) {
        double x = bv[i];
        double gelu = x * 0.5 * (1 + Math.tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
        assertEquals(gelu, ys.getAtIndex(ValueLayout.JAVA_FLOAT, i), 1e-3);
      }
    }
  }
}
