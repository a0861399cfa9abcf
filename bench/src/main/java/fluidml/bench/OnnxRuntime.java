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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Runs models on ONNX Runtime. */
final class OnnxRuntime {
  private OnnxRuntime() {}

  /** The environment of this process, which logs errors only. */
  static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "bench");
  }

  /**
   * Runs a model once on one thread.
   *
   * @return its outputs by name, in order; all must be float32
   * @throws OrtException if it cannot be loaded or run
   */
  static Map<String, Tensor> outputs(Path model, Map<String, Tensor> inputs) throws OrtException {
    OrtEnvironment environment = environment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(model.toString(), options)) {
        Map<String, OnnxTensor> tensors = new HashMap<>();
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
          tensors.put(input.getKey(), tensor(environment, input.getValue()));
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        try (OrtSession.Result result = session.run(tensors)) {
          for (Map.Entry<String, OnnxValue> output : result) {
            OnnxTensor value = (OnnxTensor) output.getValue();
            FloatBuffer numbers = value.getFloatBuffer();
            float[] copy = new float[numbers.remaining()];
            numbers.get(copy);
            outputs.put(output.getKey(), Tensor.of(copy, value.getInfo().getShape()));
          }
        } finally {
          tensors.values().forEach(OnnxTensor::close);
        }
        return outputs;
      }
    }
  }

  /** A tensor of ONNX Runtime over the same memory. */
  static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws OrtException {
    ByteBuffer bytes = tensor.data().asByteBuffer().order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(environment, bytes, tensor.dims(), type(tensor.dtype()));
  }

  /** The name of an element type in ONNX Runtime. */
  static OnnxJavaType type(DType dtype) {
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
