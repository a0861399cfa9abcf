package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import java.util.Collections;
import java.util.List;

/** Types of the results of a node, from the types and known contents of its operands. */
public final class TypeInference {
  private TypeInference() {}

  /**
   * The types of the results.
   *
   * @param nodeName for messages
   * @param outputs how many results are asked for
   * @param contents what is known of the operands' elements
   * @throws fluidml.error.InvalidModelException if the operands do not fit the op
   */
  public static List<Type> infer(
      String nodeName, Op op, List<Value> inputs, int outputs, Contents contents) {
    if (op instanceof Generation.Constant constant) {
      return List.of(
          Type.tensor(constant.tensor().dtype(), constant.tensor().shape()));
    }
    return Collections.nCopies(outputs, Type.unranked(DType.FLOAT32));
  }
}
