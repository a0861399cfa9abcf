package fluidml.graph.infer;

import fluidml.graph.Graph;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The types of a body's outputs in terms of the symbols outside of it: a symbol that names an
 * extent of a body input stands for that extent of the operand; other symbols of the body become
 * new ones.
 */
final class BodyTypes {
  private final Graph body;
  private final Map<String, Dim> outside = new HashMap<>();

  /**
   * Fits a body to its operands.
   *
   * @param operands the types of what the body's inputs get in its first run
   * @param firstCarried index of the first input that the body itself gives for the next run
   * @param carried number of those inputs; they correspond to the body's last outputs but the
   *     scanned
   */
  BodyTypes(Site site, Graph body, List<Type> operands, int firstCarried, int carried) {
    this.body = body;
    if (body.inputs().size() != operands.size()) {
      throw site.error(
          "the body '%s' has %d inputs for %d operands"
              .formatted(body.name(), body.inputs().size(), operands.size()));
    }
    int shift = firstCarried == 2 ? 1 : 0;
    for (int i = 0; i < operands.size(); i++) {
      Value input = body.inputs().get(i);
      if (!Types.compatible(input.type(), operands.get(i))) {
        throw site.error(
            "input %s: %s of the body '%s' gets %s"
                .formatted(input, input.type(), body.name(), operands.get(i)));
      }
      boolean changes = i >= firstCarried && i < firstCarried + carried;
      Optional<Value> next =
          changes ? Optional.of(body.outputs().get(i - firstCarried + shift)) : Optional.empty();
      bind(input, operands.get(i), next);
    }
  }

  private void bind(Value input, Type operand, Optional<Value> next) {
    if (!(operand instanceof Type.TensorType tensor)
        || tensor.shape().isEmpty()
        || input.knownShape().isEmpty()) {
      return;
    }
    Shape inside = input.shape();
    Shape around = tensor.shape().get();
    for (int axis = 0; axis < inside.rank(); axis++) {
      Dim dim = inside.dim(axis);
      if (next.isPresent() && !stays(next.get(), axis, dim)) {
        continue;
      }
      if (dim.equals(around.dim(axis))) {
        dim.symbols().forEach(name -> outside.putIfAbsent(name, Dim.symbol(name)));
      } else if (dim.symbols().size() == 1) {
        String name = dim.symbols().iterator().next();
        if (dim.equals(Dim.symbol(name))) {
          outside.putIfAbsent(name, around.dim(axis));
        }
      }
    }
  }

  private static boolean stays(Value next, int axis, Dim dim) {
    return next.knownShape().map(s -> axis < s.rank() && s.dim(axis).equals(dim)).orElse(false);
  }

  /**
   * The outputs' types.
   *
   * @param unknown gives what stands for an extent that is known inside only
   */
  List<Type> outputs(Supplier<Dim> unknown) {
    List<Type> types = new ArrayList<>();
    for (Value output : body.outputs()) {
      for (String name : Types.symbols(output.type())) {
        outside.computeIfAbsent(name, n -> n.equals("_") ? Types.ANY : unknown.get());
      }
      types.add(Types.substitute(output.type(), outside));
    }
    return types;
  }
}
