package fluidml.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One fork that measures ONNX Runtime: MODEL THREADS WARMUP_SECONDS SECONDS [NAME=N…]. */
final class OnnxRuntimeWorker {
  private OnnxRuntimeWorker() {}

  public static void main(String[] args) throws OrtException {
    Path path = Path.of(args[0]);
    Map<String, Tensor> inputs =
        inputs(path, Arguments.dims(List.of(args).subList(4, args.length)));
    long begin = System.nanoTime();
    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "bench");
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(Integer.parseInt(args[1]));
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      try (OrtSession session =
          environment.createSession(Inputs.modelFile(path).toString(), options)) {
        double loadMs = (System.nanoTime() - begin) / 1e6;
        Map<String, OnnxTensor> tensors = new HashMap<>();
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
          tensors.put(input.getKey(), tensor(environment, input.getValue()));
        }
        long first = System.nanoTime();
        run(session, tensors);
        double firstMs = (System.nanoTime() - first) / 1e6;
        List<Double> times =
            Sample.measure(
                () -> run(session, tensors),
                Double.parseDouble(args[2]),
                Double.parseDouble(args[3]));
        new Sample(loadMs, firstMs, times, -1, Sample.peakRss()).print();
      }
    }
  }

  private static Map<String, Tensor> inputs(Path path, Map<String, Long> dims) {
    try (OnnxFile file = OnnxFile.open(Inputs.modelFile(path))) {
      Graph graph = OnnxImporter.graph(file);
      return Inputs.of(path, graph.inputs(), dims);
    }
  }

  private static void run(OrtSession session, Map<String, OnnxTensor> inputs) {
    try (OrtSession.Result result = session.run(inputs)) {
      if (result.size() == 0) {
        throw new IllegalStateException("no outputs");
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }

  private static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws OrtException {
    ByteBuffer bytes = tensor.data().asByteBuffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(environment, bytes, tensor.dims(), type(tensor.dtype()));
  }

  private static OnnxJavaType type(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> OnnxJavaType.FLOAT;
      case FLOAT64 -> OnnxJavaType.DOUBLE;
      case INT64 -> OnnxJavaType.INT64;
      case INT32 -> OnnxJavaType.INT32;
      case INT16 -> OnnxJavaType.INT16;
      case INT8 -> OnnxJavaType.INT8;
      case UINT8 -> OnnxJavaType.UINT8;
      case BOOL -> OnnxJavaType.BOOL;
      case FLOAT16 -> OnnxJavaType.FLOAT16;
      case BFLOAT16 -> OnnxJavaType.BFLOAT16;
      default -> throw new IllegalArgumentException("inputs of " + dtype + " are not supported");
    };
  }
}
