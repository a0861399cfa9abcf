package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One fork that asks ONNX Runtime for the memory that runs take: MODEL THREADS OUTPUTS PATTERNS
 * [NAME=N…]. OUTPUTS is {@code FLOAT32:1,128,768;…}, the types of outputs that are tensors of the
 * caller, or {@code -} for outputs in memory of ONNX Runtime; PATTERNS whether memory patterns are
 * used.
 */
final class OnnxRuntimeMemoryWorker {
  /** The first run records how memory is used, the second one uses one block for all of it. */
  private static final int RUNS = 3;

  private OnnxRuntimeMemoryWorker() {}

  /**
   * What the fork prints.
   *
   * @param before bytes in use in the session's arena when the model is loaded
   * @param peak most bytes in use in the arena at any time
   * @param loadPeak most bytes in use before the first run
   * @param reserved bytes the arena has from the system
   */
  record Measured(long before, long loadPeak, long peak, long reserved) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Measured parse(String line) throws IOException {
      return JSON.readValue(line, Measured.class);
    }

    /** Bytes that runs took beyond what the loaded model has. */
    long activations() {
      return peak - before;
    }
  }

  public static void main(String[] args) throws OrtException, IOException {
    Path path = Path.of(args[0]);
    Map<String, Tensor> inputs =
        OnnxRuntimeWorker.inputs(path, Arguments.dims(List.of(args).subList(4, args.length)));
    OrtEnvironment environment = OnnxRuntime.environment();
    try (OrtSession.SessionOptions options = OnnxRuntime.options(Integer.parseInt(args[1]))) {
      options.setMemoryPatternOptimization(Boolean.parseBoolean(args[3]));
      // Weights stay out of the arena; their packed copies are in it, in use before the first run.
      options.addConfigEntry("session.use_device_allocator_for_initializers", "1");
      try (OrtSession session =
          environment.createSession(Inputs.modelFile(path).toString(), options)) {
        OnnxRuntimeArena arena = new OnnxRuntimeArena(session);
        Map<String, OnnxTensor> tensors = OnnxRuntime.tensors(inputs);
        Map<String, Long> loaded = arena.statistics();
        Map<String, OnnxValue> pinned = new LinkedHashMap<>();
        if (!args[2].equals("-")) {
          pinned.putAll(outputs(environment, session, args[2]));
        }
        for (int i = 0; i < RUNS; i++) {
          try (OrtSession.Result result =
              pinned.isEmpty() ? session.run(tensors) : session.run(tensors, pinned)) {
            if (result.size() == 0) {
              throw new IllegalStateException("no outputs");
            }
          }
        }
        Map<String, Long> after = arena.statistics();
        System.out.println(
            Measured.JSON.writeValueAsString(
                new Measured(
                    loaded.get("InUse"),
                    loaded.get("MaxInUse"),
                    after.get("MaxInUse"),
                    after.get("TotalAllocated"))));
      }
    }
  }

  /** Tensors for the outputs, in the order of the model. */
  private static Map<String, OnnxTensor> outputs(
      OrtEnvironment environment, OrtSession session, String types) throws OrtException {
    Map<String, OnnxTensor> outputs = new LinkedHashMap<>();
    Iterator<String> names = session.getOutputNames().iterator();
    for (String type : types.split(";", -1)) {
      DType dtype = DType.valueOf(type.substring(0, type.indexOf(':')));
      long[] dims =
          Arrays.stream(type.substring(type.indexOf(':') + 1).split(","))
              .filter(d -> !d.isEmpty())
              .mapToLong(Long::parseLong)
              .toArray();
      long bytes = dtype.bytes() * Arrays.stream(dims).reduce(1, (a, b) -> a * b);
      ByteBuffer memory =
          ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
      outputs.put(
          names.next(),
          OnnxTensor.createTensor(environment, memory, dims, OnnxRuntime.type(dtype)));
    }
    return outputs;
  }
}
