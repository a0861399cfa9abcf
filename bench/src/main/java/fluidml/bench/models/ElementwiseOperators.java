package fluidml.bench.models;

import static fluidml.bench.models.SingleOperator.operator;

import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Operators that compute every element by itself. */
final class ElementwiseOperators {
  /** ONNX's numbers of types. */
  private static final int FLOAT = 1;

  private static final int INT32 = 6;
  private static final int INT64 = 7;
  private static final int FLOAT16 = 10;

  /** A hidden layer of 128 words. */
  private static final long[] ROWS = {128, 3072};

  private static final long[] IMAGE = {1, 64, 56, 56};
  private static final String[] UNARY = {
    "Relu",
    "Abs",
    "Neg",
    "Floor",
    "Round",
    "Exp",
    "Tanh",
    "Erf",
    "Sigmoid",
    "Softplus",
    "Sin",
    "Cos",
    "HardSwish",
    "Elu",
    "LeakyRelu",
    "Selu",
    "Sign",
    "Reciprocal",
    "HardSigmoid",
    "Softsign",
    "Ceil",
    "Tan",
    "Atan",
    "Asin",
    "Acos",
    "Sinh",
    "Cosh",
    "Asinh",
    "Atanh",
    "ThresholdedRelu",
    "Celu",
    "Shrink"
  };
  private static final String[] BINARY = {"Add", "Mul", "Div", "Max", "Pow", "PRelu"};

  private ElementwiseOperators() {}

  static List<SingleOperator> all() {
    List<SingleOperator> all = new ArrayList<>();
    for (String op : UNARY) {
      all.add(operator(op, net -> net.op(op, net.given(ROWS))));
    }
    all.add(operator("Sqrt", net -> net.op("Sqrt", net.given(net.uniform(2, 1, ROWS)))));
    all.add(operator("Log", net -> net.op("Log", net.given(net.uniform(2, 1, ROWS)))));
    all.add(operator("Acosh", net -> net.op("Acosh", net.given(net.uniform(2, 1, ROWS)))));
    all.add(operator("GELU", net -> new Layers(net).gelu(net.given(ROWS))));
    for (String op : BINARY) {
      all.add(
          operator(
              op + " of equal shapes",
              net -> net.op(op, net.given(net.uniform(2, 1, ROWS)), net.given(ROWS))));
    }
    all.add(
        operator("Add of a row", net -> net.op("Add", net.given(ROWS), net.weight(0, 1, 3072))));
    all.add(operator("Mul by a column", net -> net.op("Mul", net.given(ROWS), net.given(128, 1))));
    all.add(
        operator(
            "Mul by channels", net -> net.op("Mul", net.given(IMAGE), net.given(1, 64, 1, 1))));
    all.add(
        operator("Add row and column", net -> net.op("Add", net.given(128, 1), net.given(3072))));
    all.add(operator("Pow, 2", net -> net.op("Pow", net.given(ROWS), net.scalar(2))));
    all.add(operator("Pow, 3", net -> net.op("Pow", net.given(ROWS), net.scalar(3))));
    all.add(operator("GELU by tanh", net -> new Layers(net).tanhGelu(net.given(ROWS))));
    all.add(operator("SiLU", net -> new Layers(net).silu(net.given(ROWS))));
    all.add(
        operator(
            "Mod",
            net ->
                net.op(
                    "Mod",
                    List.of(net.given(ROWS), net.scalar(0.3)),
                    AttributeProto.of("fmod", 1))));
    all.add(new SingleOperator("IsNaN", DType.BOOL, net -> net.op("IsNaN", net.given(ROWS))));
    all.add(new SingleOperator("Not", DType.BOOL, net -> net.op("Not", net.given(bits()))));
    all.add(
        operator(
            "Sum of three",
            net -> net.op("Sum", net.given(ROWS), net.given(ROWS), net.given(ROWS))));
    all.add(
        operator(
            "Clip", net -> net.op("Clip", net.given(ROWS), net.scalar(-0.5), net.scalar(0.5))));
    all.add(
        operator(
            "Where",
            net ->
                net.op(
                    "Where",
                    net.op("Greater", net.given(ROWS), net.given(ROWS)),
                    net.given(ROWS),
                    net.scalar(0))));
    all.add(
        new SingleOperator(
            "Greater", DType.BOOL, n -> n.op("Greater", n.given(ROWS), n.given(ROWS))));
    all.add(
        new SingleOperator(
            "And", DType.BOOL, net -> net.op("And", net.given(bits()), net.given(bits()))));
    all.add(cast("float32 to int32", DType.INT32, INT32));
    all.add(cast("float32 to int64", DType.INT64, INT64));
    all.add(cast("float32 to float16", DType.FLOAT16, FLOAT16));
    all.add(operator("Cast int64 to float32", net -> cast(net, net.given(longs()), FLOAT)));
    all.add(
        new SingleOperator(
            "Add of int64",
            DType.INT64,
            net -> net.op("Add", net.given(longs()), net.given(longs()))));
    all.add(
        new SingleOperator(
            "Mul of int64",
            DType.INT64,
            net -> net.op("Mul", net.given(longs()), net.given(longs()))));
    all.add(
        new SingleOperator(
            "Div of int64",
            DType.INT64,
            net -> net.op("Div", net.given(longs()), net.constant(Tensor.scalar(7L)))));
    all.add(
        new SingleOperator(
            "Equal of int64",
            DType.BOOL,
            net -> net.op("Equal", net.given(longs()), net.constant(Tensor.scalar(7L)))));
    return all;
  }

  private static SingleOperator cast(String label, DType result, int to) {
    return new SingleOperator("Cast " + label, result, net -> cast(net, net.given(ROWS), to));
  }

  private static String cast(Network net, String x, int to) {
    return net.op("Cast", List.of(x), AttributeProto.of("to", to));
  }

  private static Tensor longs() {
    return Quantities.longs(1000, ROWS);
  }

  private static Tensor bits() {
    boolean[] bits = new boolean[128 * 3072];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = i % 3 == 0;
    }
    return Tensor.of(bits, ROWS);
  }
}
