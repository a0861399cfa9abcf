package fluidml.lower;

import fluidml.graph.Value;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Makes the kernel calls of the clusters it can compute. A lowering says no with a reason rather
 * than fail; the cluster then goes to the next one or, visibly, to the interpreter.
 */
public interface Lowering {
  /** What a lowering knows about the program around a cluster. */
  interface Context {
    /** The machine. */
    Target target();

    /** What is chosen from outside. */
    Decisions decisions();

    /**
     * Where a value lies: an operand of the cluster, or a result of it (whose strides may not be
     * dense: it may be part of a concatenation or have another layout).
     */
    View view(Value value);

    /** Whether an operand of a Concat is computed in its place, so that it needs no copy. */
    boolean isInPlace(Value operand, Value concatenated);

    /**
     * The elements of a constant operand. Calls may depend on those of at most 64; of more, on
     * nothing but that they are constant: equal clusters are lowered once.
     */
    Optional<Tensor> constant(Value value);

    /** A buffer that only the calls of this cluster use, in the arena. */
    Value temporary(String name, DType dtype, Dim elements);
  }

  /** Either calls, in execution order, or the reason why there are none. */
  sealed interface Result {
    /** The cluster's kernel calls, in execution order. */
    record Calls(List<KernelCall> calls) implements Result {}

    /** Why this lowering does not compute the cluster, for people: "element type i4", … */
    record Refused(String reason) implements Result {}

    /** One call. */
    static Result of(KernelCall... calls) {
      return new Calls(List.of(calls));
    }
  }

  /** The calls that compute the cluster, or the reason why not. */
  Result lower(Cluster cluster, Context context);
}
