package fluidml.bench.models;

import fluidml.onnx.proto.AttributeProto;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.NodeProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Builds a model node by node; values are known by their names. Weights are uniform numbers from
 * SplitMix64 of a seed that counts the weights of the network, so a network is the same on every
 * machine.
 */
final class Network {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private static final int OPSET = 17;

  /** ONNX's number of the type. */
  private static final int FLOAT = 1;

  private static final int FLOAT16 = 10;

  private final String name;
  private final boolean half;
  private final List<NodeProto> nodes = new ArrayList<>();
  private final List<ValueInfoProto> inputs = new ArrayList<>();
  private final List<ValueInfoProto> outputs = new ArrayList<>();
  private final Map<String, TensorProto> initializers = new LinkedHashMap<>();
  private final Map<String, Tensor> data = new LinkedHashMap<>();
  private int values;
  private long seed;

  Network(String name) {
    this(name, false);
  }

  /**
   * A network.
   *
   * @param half whether everything but inputs and outputs is float16
   */
  Network(String name, boolean half) {
    this.name = name;
    this.half = half;
  }

  /** What was built. */
  Architecture.Instance build() {
    GraphProto graph =
        GraphProto.of(name, nodes, inputs, outputs, List.copyOf(initializers.values()));
    return new Architecture.Instance(ModelProto.of(OPSET, graph), data);
  }

  /**
   * Declares a float32 input; its data are uniform in [−1, 1).
   *
   * @param extents names or numbers
   * @param dims the extents of the data
   */
  String input(String input, List<String> extents, long... dims) {
    inputs.add(ValueInfoProto.tensor(input, DType.FLOAT32, extents));
    data.put(input, uniform(0, 1, dims));
    return half ? op("Cast", List.of(input), AttributeProto.of("to", FLOAT16)) : input;
  }

  /** Declares a square image of three channels as the only input. */
  String image(int side) {
    String extent = Integer.toString(side);
    return input("image", List.of("1", "3", extent, extent), 1, 3, side, side);
  }

  /**
   * Declares an int64 input.
   *
   * @param bound its data are (7919 · i + 13) mod this
   */
  String ids(String input, int bound, List<String> extents, long... dims) {
    inputs.add(ValueInfoProto.tensor(input, DType.INT64, extents));
    data.put(input, Quantities.longs(bound, dims));
    return input;
  }

  /** Declares an input with these data, of their type and extents. */
  String given(Tensor tensor) {
    String input = "x_" + inputs.size();
    inputs.add(ValueInfoProto.tensor(input, tensor.dtype(), tensor.dims()));
    data.put(input, tensor);
    return input;
  }

  /** Declares a float32 input, uniform in [−1, 1). */
  String given(long... dims) {
    return given(uniform(0, 1, dims));
  }

  /** Declares an output under its value's name, of any extents. */
  void output(String value, DType dtype) {
    outputs.add(
        ValueInfoProto.of(value, new TypeProto.TensorType(Optional.of(dtype), Optional.empty())));
  }

  /** Declares a float32 output under its value's name. */
  void output(String value, String... extents) {
    outputs.add(ValueInfoProto.tensor(value, DType.FLOAT32, List.of(extents)));
  }

  /** A node of one result; an empty operand is one that is not given. */
  String op(String op, List<String> operands, AttributeProto... attributes) {
    return ops(op, operands, 1, attributes).getFirst();
  }

  /** A node of one result without attributes. */
  String op(String op, String... operands) {
    return op(op, List.of(operands));
  }

  /** A node of several results. */
  List<String> ops(String op, List<String> operands, int results, AttributeProto... attributes) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < results; i++) {
      names.add(op.toLowerCase(Locale.ROOT) + "_" + values++);
    }
    nodes.add(NodeProto.of(op, operands, names, attributes));
    return names;
  }

  /** Gives the result of a last node a name of its own. */
  String named(String value, String result) {
    nodes.add(
        half
            ? NodeProto.of("Cast", List.of(value), List.of(result), AttributeProto.of("to", FLOAT))
            : NodeProto.of("Identity", List.of(value), List.of(result)));
    return result;
  }

  /** A float32 weight, uniform in mean ± halfWidth. */
  String weight(double mean, double halfWidth, long... dims) {
    Tensor numbers = uniform(mean, halfWidth, dims);
    return constant(half ? narrowed(numbers) : numbers);
  }

  /** A weight that keeps the variance of what {@code fanIn} inputs are summed to. */
  String kernel(long fanIn, long... dims) {
    return weight(0, Math.sqrt(4.5 / fanIn), dims);
  }

  /** An initializer. */
  String constant(Tensor tensor) {
    String constant = "w_" + initializers.size();
    initializers.put(constant, TensorProto.of(constant, tensor));
    return constant;
  }

  /** A scalar. */
  String scalar(double value) {
    Tensor number = Tensor.scalar((float) value);
    return constant(half ? narrowed(number) : number);
  }

  /** A vector of int64. */
  String longs(long... numbers) {
    return constant(Tensor.ofLongs(numbers));
  }

  private static Tensor narrowed(Tensor numbers) {
    short[] halves = new short[Math.toIntExact(numbers.elements())];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = Float.floatToFloat16((float) numbers.getDouble(i));
    }
    return Tensor.wrap(DType.FLOAT16, MemorySegment.ofArray(halves), numbers.dims());
  }

  /** Numbers uniform in mean ± halfWidth, others for each call. */
  Tensor uniform(double mean, double halfWidth, long... dims) {
    float[] numbers = new float[Math.toIntExact(Arrays.stream(dims).reduce(1, (a, b) -> a * b))];
    long state = ++seed * 0xD1B54A32D192ED03L;
    for (int i = 0; i < numbers.length; i++) {
      state += GOLDEN;
      long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      numbers[i] = (float) (mean + halfWidth * ((z >>> 40) * 0x1p-23 - 1));
    }
    return Tensor.of(numbers, dims);
  }
}
