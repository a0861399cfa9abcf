package fluidml.bench;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.HostTarget;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.schedule.Contraction;
import fluidml.loop.schedule.ContractionSchedule;
import fluidml.loop.schedule.Panels;
import fluidml.loop.schedule.TileShape;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A product with a constant matrix on one thread, as a session runs it: the copies of input and
 * output are part of it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GemmBenchmark {
  /** Rows, depth and columns; by default those of BERT-base with 128 tokens. */
  @Param({"128x768x768", "128x768x3072", "128x3072x768"})
  public String shape;

  private Arena memory;
  private CompiledKernel code;
  private long frame;
  private long scratch;
  private long units;

  /** Floating-point operations of one call. */
  static double flops(String shape) {
    long[] n = sizes(shape);
    return 2.0 * n[0] * n[1] * n[2];
  }

  /** Rows, depth and columns. */
  static long[] sizes(String shape) {
    String[] parts = shape.split("x", 3);
    return new long[] {
      Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2])
    };
  }

  /** Emits the kernel and packs the matrix. */
  @Setup(Level.Trial)
  public void open() {
    long[] n = sizes(shape);
    Target target = HostTarget.detect();
    int panel = TileShape.of(target, ScalarType.F32).columns();
    KernelBuilder builder = new KernelBuilder("gemm");
    Buffer left = builder.read("left", DType.FLOAT32);
    Buffer right = builder.read("right", DType.FLOAT32);
    Buffer product = builder.write("product", DType.FLOAT32);
    Expr rows = builder.size("rows");
    Expr depth = builder.size("depth");
    Expr columns = builder.size("columns");
    Contraction.BatchOffset start = Contraction.BatchOffset.strided(Exprs.index(0));
    Contraction contraction =
        new Contraction(
            Exprs.index(1),
            rows,
            columns,
            depth,
            new Contraction.Left(left, start, depth, Exprs.index(1)),
            new Contraction.Packed(right, start));
    Kernel kernel =
        ContractionSchedule.build(
            builder,
            contraction,
            target,
            (body, value, _, row, column, mask) ->
                body.store(product, row.times(columns).plus(column), value, mask));
    code = new KernelCompiler(target).compile(kernel);
    units = kernel.parallelExtent(n);
    memory = Arena.ofShared();
    MemorySegment matrix = filled(n[1] * n[2]);
    MemorySegment packed = memory.allocate(4 * Panels.elements(n[1], n[2], panel), 64);
    Panels.pack(matrix, 0, n[1], n[2], n[2], 1, panel, 4, packed);
    MemorySegment[] buffers = {filled(n[0] * n[1]), packed, memory.allocate(4 * n[0] * n[2], 64)};
    MemorySegment slots = memory.allocate(8L * kernel.frameLongs(), 8);
    for (int i = 0; i < buffers.length; i++) {
      slots.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, buffers[i].address());
      slots.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, buffers[i].byteSize());
    }
    for (int i = 0; i < n.length; i++) {
      slots.setAtIndex(ValueLayout.JAVA_LONG, kernel.firstSizeSlot() + (long) i, n[i]);
    }
    frame = slots.address();
    scratch = memory.allocate(kernel.scratchBytes(n), 64).address();
  }

  private MemorySegment filled(long elements) {
    MemorySegment segment = memory.allocate(4 * elements, 64);
    for (long i = 0; i < elements; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 7919 % 2003 - 1001) / 1024f);
    }
    return segment;
  }

  /** One product. */
  @Benchmark
  public void gemm() {
    code.run(frame, scratch, 0, units);
  }

  /** Frees the memory. */
  @TearDown(Level.Trial)
  public void close() {
    memory.close();
  }
}
