package fluidml.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs models on ONNX Runtime. */
final class OnnxRuntime {
  private static final Map<DType, OnnxJavaType> TYPES =
      Map.of(
          DType.FLOAT32, OnnxJavaType.FLOAT,
          DType.FLOAT64, OnnxJavaType.DOUBLE,
          DType.INT64, OnnxJavaType.INT64,
          DType.INT32, OnnxJavaType.INT32,
          DType.INT16, OnnxJavaType.INT16,
          DType.INT8, OnnxJavaType.INT8,
          DType.UINT8, OnnxJavaType.UINT8,
          DType.BOOL, OnnxJavaType.BOOL,
          DType.FLOAT16, OnnxJavaType.FLOAT16,
          DType.BFLOAT16, OnnxJavaType.BFLOAT16);

  private OnnxRuntime() {}

  /** The environment of this process, which logs errors only. */
  static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "bench");
  }

  /** Options of a session with all optimisations, to be closed. */
  static OrtSession.SessionOptions options(int threads) throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(threads);
    options.setInterOpNumThreads(1);
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    return options;
  }

  /**
   * Runs a model once on one thread.
   *
   * @return its outputs by name, in order
   * @throws OrtException if it cannot be loaded or run
   */
  static Map<String, Tensor> outputs(Path model, Map<String, Tensor> inputs) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment().createSession(model.toString(), options)) {
        return outputs(session, inputs);
      }
    }
  }

  /** Runs a session once and copies its outputs. */
  static Map<String, Tensor> outputs(OrtSession session, Map<String, Tensor> inputs)
      throws OrtException {
    Map<String, OnnxTensor> tensors = tensors(inputs);
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    try (OrtSession.Result result = session.run(tensors)) {
      for (Map.Entry<String, OnnxValue> output : result) {
        OnnxTensor value = (OnnxTensor) output.getValue();
        long[] dims = value.getInfo().getShape();
        Tensor copy = Tensor.allocate(dtype(value.getInfo().type), dims);
        copy.data().copyFrom(MemorySegment.ofBuffer(value.getByteBuffer()));
        outputs.put(output.getKey(), copy);
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
    return outputs;
  }

  /** Tensors of ONNX Runtime over the same memory, to be closed. */
  static Map<String, OnnxTensor> tensors(Map<String, Tensor> inputs) throws OrtException {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
      tensors.put(input.getKey(), tensor(environment(), input.getValue()));
    }
    return tensors;
  }

  /** A tensor of ONNX Runtime over the same memory. */
  static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws OrtException {
    ByteBuffer bytes = tensor.data().asByteBuffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(environment, bytes, tensor.dims(), type(tensor.dtype()));
  }

  /** The name of an element type in ONNX Runtime. */
  static OnnxJavaType type(DType dtype) {
    OnnxJavaType type = TYPES.get(dtype);
    if (type == null) {
      throw new IllegalArgumentException("inputs of " + dtype + " are not supported");
    }
    return type;
  }

  private static DType dtype(OnnxJavaType type) {
    return TYPES.entrySet().stream()
        .filter(e -> e.getValue() == type)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("outputs of " + type + " are not read"));
  }
}
