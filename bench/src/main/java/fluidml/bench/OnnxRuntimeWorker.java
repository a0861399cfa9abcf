package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.tensor.Tensor;
import java.nio.file.Path;
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
    OrtEnvironment environment = OnnxRuntime.environment();
    try (OrtSession.SessionOptions options = OnnxRuntime.options(Integer.parseInt(args[1]))) {
      try (OrtSession session =
          environment.createSession(Inputs.modelFile(path).toString(), options)) {
        double loadMs = (System.nanoTime() - begin) / 1e6;
        Map<String, OnnxTensor> tensors = OnnxRuntime.tensors(inputs);
        long first = System.nanoTime();
        run(session, tensors);
        double firstMs = (System.nanoTime() - first) / 1e6;
        Sample.Runs runs =
            Sample.measure(
                () -> run(session, tensors),
                Double.parseDouble(args[2]),
                Double.parseDouble(args[3]));
        new Sample(loadMs, firstMs, runs, -1, Sample.peakRss(), -1).print();
      }
    }
  }

  /** Inputs for a model, see {@link Inputs}. */
  static Map<String, Tensor> inputs(Path path, Map<String, Long> dims) {
    try (OnnxFile file = OnnxFile.open(Inputs.modelFile(path))) {
      Graph graph = OnnxImporter.graph(file);
      return Inputs.of(path, graph.inputs(), dims);
    }
  }

  /** Runs once. */
  static void run(OrtSession session, Map<String, OnnxTensor> inputs) {
    try (OrtSession.Result result = session.run(inputs)) {
      if (result.size() == 0) {
        throw new IllegalStateException("no outputs");
      }
    } catch (OrtException e) {
      throw new IllegalStateException(e);
    }
  }
}
