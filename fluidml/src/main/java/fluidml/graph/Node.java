package fluidml.graph;

import fluidml.graph.op.Op;
import java.util.List;

/**
 * One application of an operator. Two nodes are equal only if they are the same object.
 *
 * @param name where it comes from, for messages: the ONNX node's name or a derived one; not unique
 * @param op what it computes
 * @param inputs operands; {@link Value#ABSENT} where an optional one in the middle is not given
 * @param outputs results; each has this node as its only producer
 */
public record Node(String name, Op op, List<Value> inputs, List<Value> outputs) {
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** Operand {@code index}, {@link Value#ABSENT} if it is not given. */
  public Value input(int index) {
    return index < inputs.size() ? inputs.get(index) : Value.ABSENT;
  }

  /** Result {@code index}. */
  public Value output(int index) {
    return outputs.get(index);
  }

  /** The first result. */
  public Value output() {
    return outputs.getFirst();
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
