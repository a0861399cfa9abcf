package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
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
 * A product with a constant matrix on one thread, in a session on bound tensors: kernels are warmed
 * up by the session, as in every model.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class GemmBenchmark {
  /** Rows, depth and columns; by default those of BERT-base with 128 tokens. */
  @Param({"128x768x768", "128x768x3072", "128x3072x768"})
  public String shape;

  private Model model;
  private Session session;
  private Session.BoundRun bound;

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

  /** Compiles the product and packs the matrix. */
  @Setup(Level.Trial)
  public void open() {
    long[] n = sizes(shape);
    GraphBuilder graph = new GraphBuilder("gemm");
    Value left = graph.input("left", Type.tensor(DType.FLOAT32, n[0], n[1]));
    Value right = graph.constant("right", filled(n[1], n[2]));
    graph.output(graph.add("product", new MatMul(), List.of(left, right), List.of("y")).getFirst());
    model = Model.of(graph.build(), Options.defaults().withThreads(1));
    session = model.newSession();
    Map<String, Tensor> inputs = Map.of("left", filled(n[0], n[1]));
    session.prepare(inputs);
    bound = session.bind(inputs, Map.of("y", Tensor.allocate(DType.FLOAT32, n[0], n[2])));
  }

  private static Tensor filled(long rows, long columns) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, rows, columns);
    for (long i = 0; i < rows * columns; i++) {
      tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 7919 % 2003 - 1001) / 1024f);
    }
    return tensor;
  }

  /** One product. */
  @Benchmark
  public void gemm() {
    bound.run();
  }

  /** Frees the memory. */
  @TearDown(Level.Trial)
  public void close() {
    session.close();
    model.close();
  }
}
