package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import fluidml.onnx.OnnxWriter;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.nio.FloatBuffer;
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
 * The product of {@link GemmBenchmark} by ONNX Runtime on one thread: what the machine gives to
 * another well-made kernel in the same minutes. Its Java binding allocates the output of every
 * call.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OnnxRuntimeGemmBenchmark {
  /** Rows, depth and columns. */
  @Param({"128x768x768", "128x768x3072", "128x3072x768"})
  public String shape;

  private OrtSession session;
  private OnnxTensor left;

  /** Makes a model of one MatMul with a constant right operand and loads it. */
  @Setup(Level.Trial)
  public void open() throws OrtException {
    long[] n = GemmBenchmark.sizes(shape);
    float[] matrix = new float[Math.toIntExact(n[1] * n[2])];
    for (int i = 0; i < matrix.length; i++) {
      matrix[i] = (i * 7919L % 2003 - 1001) / 1024f;
    }
    GraphProto graph =
        GraphProto.of(
            "gemm",
            List.of(NodeProto.of("MatMul", List.of("x", "w"), List.of("y"))),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, n[0], n[1])),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, n[0], n[2])),
            List.of(TensorProto.of("w", Tensor.of(matrix, n[1], n[2]))));
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      session = environment.createSession(OnnxWriter.toBytes(ModelProto.of(17, graph)), options);
    }
    FloatBuffer rows = FloatBuffer.allocate(Math.toIntExact(n[0] * n[1]));
    left = OnnxTensor.createTensor(environment, rows, new long[] {n[0], n[1]});
  }

  /** One product. */
  @Benchmark
  public void gemm() throws OrtException {
    session.run(Map.of("x", left)).close();
  }

  /** Frees the memory. */
  @TearDown(Level.Trial)
  public void close() throws OrtException {
    left.close();
    session.close();
  }
}
