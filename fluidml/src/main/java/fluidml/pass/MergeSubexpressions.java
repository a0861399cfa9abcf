package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes equal expressions once, constants of equal elements included. Random numbers and control
 * flow are left alone.
 *
 * <pre>
 * before: a = Exp(x); b = Exp(x); c = Add(a, b); return c
 * after:  a = Exp(x); c = Add(a, a); return c
 * </pre>
 */
public final class MergeSubexpressions implements Pass {
  /** Larger constants are equal only if they are the same memory. */
  private static final long MAX_COMPARED_BYTES = 1 << 16;

  private record Key(Object op, List<Value> inputs, int outputs) {}

  private record ConstantKey(DType dtype, List<Long> dims, Object data) {}

  @Override
  public String name() {
    return "merge-subexpressions";
  }

  @Override
  public Graph run(Graph graph) {
    Map<Key, Node> seen = new HashMap<>();
    return Rewriter.rewrite(
        graph,
        List.of(
            new Rule(
                "equal expressions are one",
                Op.class,
                (node, g) -> {
                  if (!isPure(node.op())) {
                    return List.of();
                  }
                  Key key = new Key(key(node.op()), node.inputs(), node.outputs().size());
                  Node first = seen.putIfAbsent(key, node);
                  return first == null ? List.of() : first.outputs();
                })));
  }

  private static boolean isPure(Op op) {
    return !(op instanceof Control
        || op instanceof Generation.Random
        || op instanceof Generation.RandomLike
        || op instanceof Generation.Bernoulli
        || op instanceof Generation.Multinomial);
  }

  private static Object key(Op op) {
    if (!(op instanceof Constant(Tensor tensor))) {
      return op;
    }
    List<Long> dims = Arrays.stream(tensor.dims()).boxed().toList();
    if (tensor.dtype() == DType.STRING) {
      return new ConstantKey(tensor.dtype(), dims, tensor.strings());
    }
    return new ConstantKey(
        tensor.dtype(),
        dims,
        tensor.data().byteSize() <= MAX_COMPARED_BYTES
            ? ByteBuffer.wrap(tensor.data().toArray(ValueLayout.JAVA_BYTE))
            : tensor.data());
  }
}
