package fluidml.reference;

import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Runs single ops on tensors. */
final class Single {
  private Single() {}

  /** All results of an op. */
  static List<Tensor> all(Op op, int results, Tensor... operands) {
    List<Value> outputs = new ArrayList<>();
    for (int i = 0; i < results; i++) {
      outputs.add(new Value("y" + i, Type.unranked(DType.FLOAT32)));
    }
    Node node = new Node("node", op, List.of(), outputs);
    List<Datum> data = Arrays.stream(operands).map(Datum::of).toList();
    return Interpreter.execute(node, data).stream().map(Datum::tensor).toList();
  }

  /** The first result of an op. */
  static Tensor run(Op op, Tensor... operands) {
    return all(op, 1, operands).getFirst();
  }

  /** Float32 numbers in [-1, 1). */
  static Tensor random(long seed, long... dims) {
    Random random = new Random(seed);
    Tensor x = Tensor.allocate(DType.FLOAT32, dims);
    for (long i = 0; i < x.elements(); i++) {
      x.setDouble(i, random.nextFloat() * 2 - 1);
    }
    return x;
  }

  /** The real elements of a tensor. */
  static double[] doubles(Tensor x) {
    return Loops.doubles(x);
  }

  /** A tensor of a type from numbers. */
  static Tensor of(DType dtype, double... values) {
    return Loops.tensor(dtype, values, values.length);
  }
}
