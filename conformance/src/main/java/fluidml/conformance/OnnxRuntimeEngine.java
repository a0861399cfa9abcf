package fluidml.conformance;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo.OnnxTensorType;
import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** ONNX Runtime with all its optimisations. What it or its Java API refuses is unsupported. */
final class OnnxRuntimeEngine implements Engine {
  private final int threads;
  private final OrtEnvironment environment;

  OnnxRuntimeEngine(int threads) {
    this.threads = threads;
    this.environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
  }

  @Override
  public String name() {
    return "onnxruntime";
  }

  @Override
  public Loaded load(Path model) throws RefusedException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      return new LoadedModel(environment, environment.createSession(model.toString(), options));
    } catch (OrtException e) {
      throw new RefusedException(e.getMessage(), e);
    }
  }

  private record LoadedModel(OrtEnvironment environment, OrtSession session) implements Loaded {
    @Override
    public Map<String, Datum> run(Map<String, Datum> inputs) throws Exception {
      Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
      try {
        for (Map.Entry<String, Datum> input : inputs.entrySet()) {
          if (input.getValue().isPresent() && session.getInputNames().contains(input.getKey())) {
            feeds.put(input.getKey(), feed(input.getKey(), input.getValue()));
          }
        }
        Map<String, Datum> outputs = new LinkedHashMap<>();
        try (OrtSession.Result results = session.run(feeds)) {
          for (Map.Entry<String, OnnxValue> result : results) {
            outputs.put(result.getKey(), datum(result.getValue()));
          }
        }
        return outputs;
      } catch (OrtException e) {
        if (e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED) {
          throw new RefusedException(e.getMessage(), e);
        }
        throw e;
      } finally {
        OnnxValue.close(feeds);
      }
    }

    private OnnxTensor feed(String name, Datum datum) throws OrtException, RefusedException {
      if (datum instanceof Datum.TensorDatum(Tensor tensor)) {
        if (tensor.dtype() == DType.STRING) {
          return OnnxTensor.createTensor(
              environment, tensor.strings().toArray(String[]::new), tensor.dims());
        }
        Optional<OnnxJavaType> type = javaType(tensor.dtype());
        if (type.isPresent()) {
          ByteBuffer bytes =
              ByteBuffer.allocateDirect(Math.toIntExact(tensor.data().byteSize()))
                  .order(ByteOrder.nativeOrder());
          MemorySegment.ofBuffer(bytes).copyFrom(tensor.data());
          return OnnxTensor.createTensor(environment, bytes, tensor.dims(), type.get());
        }
      }
      throw new RefusedException(
          "the Java API takes no input like '%s', %s".formatted(name, datum.describe()), null);
    }

    @Override
    public void close() {
      try {
        session.close();
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static Optional<OnnxJavaType> javaType(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> Optional.of(OnnxJavaType.FLOAT);
      case FLOAT64 -> Optional.of(OnnxJavaType.DOUBLE);
      case FLOAT16 -> Optional.of(OnnxJavaType.FLOAT16);
      case BFLOAT16 -> Optional.of(OnnxJavaType.BFLOAT16);
      case INT8 -> Optional.of(OnnxJavaType.INT8);
      case UINT8 -> Optional.of(OnnxJavaType.UINT8);
      case INT16 -> Optional.of(OnnxJavaType.INT16);
      case INT32 -> Optional.of(OnnxJavaType.INT32);
      case INT64 -> Optional.of(OnnxJavaType.INT64);
      case BOOL -> Optional.of(OnnxJavaType.BOOL);
      default -> Optional.empty();
    };
  }

  private static Optional<DType> dtype(OnnxTensorType type) {
    return switch (type) {
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> Optional.of(DType.FLOAT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> Optional.of(DType.FLOAT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> Optional.of(DType.FLOAT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> Optional.of(DType.BFLOAT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> Optional.of(DType.INT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> Optional.of(DType.UINT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> Optional.of(DType.INT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> Optional.of(DType.UINT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> Optional.of(DType.INT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> Optional.of(DType.UINT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> Optional.of(DType.INT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> Optional.of(DType.UINT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> Optional.of(DType.BOOL);
      default -> Optional.empty();
    };
  }

  private static Datum datum(OnnxValue value) throws OrtException, RefusedException {
    if (value instanceof OnnxSequence sequence) {
      List<? extends OnnxValue> values = sequence.getValue();
      try {
        List<Datum> elements = new ArrayList<>();
        for (OnnxValue element : values) {
          elements.add(datum(element));
        }
        return new Datum.SequenceDatum(elements);
      } finally {
        OnnxValue.close(values);
      }
    }
    if (!(value instanceof OnnxTensor tensor)) {
      throw new RefusedException("the Java API gives no output like " + value.getInfo(), null);
    }
    long[] dims = tensor.getInfo().getShape();
    OnnxTensorType type = tensor.getInfo().onnxType;
    if (type == OnnxTensorType.ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
      List<String> strings = new ArrayList<>();
      flatten(tensor.getInfo().getNumElements() == 0 ? List.of() : tensor.getValue(), strings);
      return Datum.of(Tensor.ofStrings(strings, dims));
    }
    DType dtype =
        dtype(type)
            .orElseThrow(
                () -> new RefusedException("the Java API gives no output like " + type, null));
    Tensor copy = Tensor.allocate(dtype, dims);
    if (copy.elements() > 0) {
      copy.data().copyFrom(MemorySegment.ofBuffer(tensor.getByteBuffer()));
    }
    return Datum.of(copy);
  }

  private static void flatten(Object nested, List<String> strings) {
    switch (nested) {
      case String string -> strings.add(string);
      case Object[] array -> Arrays.stream(array).forEach(element -> flatten(element, strings));
      default -> {}
    }
  }
}
