package fluidml.graph.infer;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.graph.op.Control.If;
import fluidml.graph.op.Control.Loop;
import fluidml.graph.op.Control.Scan;
import fluidml.graph.op.Control.SequenceMap;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Result types of the ops that run graphs, from the types of the graphs' outputs. */
final class ControlTypes {
  private ControlTypes() {}

  static List<Type> infer(Site site, Control op) {
    return switch (op) {
      case If branch -> branch(site, branch);
      case Loop loop -> loop(site, loop);
      case Scan scan -> scan(site, scan);
      case SequenceMap map -> sequenceMap(site, map);
    };
  }

  private static List<Type> branch(Site site, If op) {
    site.arity(1, Integer.MAX_VALUE);
    site.requireType(0, DType.BOOL);
    List<Type> captures = types(site, 1, site.operands());
    List<Type> first = new BodyTypes(site, op.thenBranch(), captures, 0, 0).outputs(site::fresh);
    List<Type> second = new BodyTypes(site, op.elseBranch(), captures, 0, 0).outputs(site::fresh);
    if (first.size() != site.outputs() || second.size() != site.outputs()) {
      throw site.error(
          "the branches have %d and %d results, the node %d"
              .formatted(first.size(), second.size(), site.outputs()));
    }
    List<Type> types = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      types.add(join(site, "result " + i + " of the branches", first.get(i), second.get(i)));
    }
    return types;
  }

  private static Type join(Site site, String what, Type a, Type b) {
    return Types.join(a, b, site::fresh)
        .orElseThrow(() -> site.error("%s: %s and %s do not agree".formatted(what, a, b)));
  }

  private static List<Type> types(Site site, int from, int to) {
    List<Type> types = new ArrayList<>();
    for (int i = from; i < to; i++) {
      types.add(site.type(i));
    }
    return types;
  }

  private static void carried(Site site, Graph body, int carried, int outputs) {
    if (carried < 0 || body.outputs().size() < outputs) {
      throw site.error(
          "the body has %d results, but %d values are carried"
              .formatted(body.outputs().size(), carried));
    }
  }

  private static List<Type> loop(Site site, Loop op) {
    carried(site, op.body(), op.carried(), 1 + op.carried());
    site.arity(2 + op.carried(), Integer.MAX_VALUE);
    List<Type> operands = new ArrayList<>();
    operands.add(Type.tensor(DType.INT64, Shape.SCALAR));
    operands.add(Type.tensor(DType.BOOL, Shape.SCALAR));
    operands.addAll(types(site, 2, site.operands()));
    List<Type> outputs =
        new BodyTypes(site, op.body(), operands, 2, op.carried()).outputs(site::fresh);
    if (outputs.size() != site.outputs() + 1 || site.outputs() < op.carried()) {
      throw site.error(
          "the body has %d results, the node %d".formatted(outputs.size(), site.outputs()));
    }
    List<Type> types = new ArrayList<>();
    for (int i = 0; i < op.carried(); i++) {
      types.add(join(site, "loop-carried value " + i, operands.get(2 + i), outputs.get(1 + i)));
    }
    Dim trips = trips(site, op);
    for (int i = op.carried(); i < site.outputs(); i++) {
      types.add(stacked(site, outputs.get(1 + i), 0, trips));
    }
    return types;
  }

  /**
   * The number of iterations: known if the trip count is and no condition can end the loop early.
   */
  private static Dim trips(Site site, Loop op) {
    boolean enters = !site.has(1) || site.numbers(1).map(c -> c[0] != 0).orElse(false);
    if (!enters || !staysTrue(op.body())) {
      return site.fresh();
    }
    return site.elements(0).map(e -> e.elements().getFirst().max(Dim.ZERO)).orElseGet(site::fresh);
  }

  private static boolean staysTrue(Graph body) {
    Value condition = body.outputs().getFirst();
    Optional<Node> producer = body.producer(condition);
    while (producer.isPresent()
        && producer.get().op() instanceof Unary unary
        && unary.function() == UnaryFunction.IDENTITY) {
      condition = producer.get().input(0);
      producer = body.producer(condition);
    }
    Optional<Tensor> constant = body.constant(condition);
    return condition.equals(body.inputs().get(1))
        || (constant.isPresent() && constant.get().getBoolean(0));
  }

  private static Type stacked(Site site, Type element, long axis, Dim extent) {
    if (!(element instanceof Type.TensorType tensor)) {
      throw site.error("a scanned result is " + element + ", not a tensor");
    }
    return new Type.TensorType(
        tensor.dtype(),
        tensor
            .shape()
            .map(
                s -> {
                  List<Dim> dims = new ArrayList<>(s.dims());
                  dims.add(site.axis(axis, s.rank() + 1), extent);
                  return new Shape(dims);
                }));
  }

  private static List<Type> scan(Site site, Scan op) {
    int scanned = op.inputAxes().size();
    carried(site, op.body(), op.carried(), op.carried() + op.outputAxes().size());
    if (op.inputReverse().size() != scanned
        || op.outputReverse().size() != op.outputAxes().size()) {
      throw site.error("there must be one axis and one direction for each scanned value");
    }
    site.arity(op.carried() + scanned, Integer.MAX_VALUE);
    List<Type> operands = types(site, 0, site.operands());
    Optional<Dim> length = Optional.empty();
    for (int i = 0; i < scanned; i++) {
      int operand = op.carried() + i;
      Optional<Shape> shape = site.rank(operand, 1, Integer.MAX_VALUE);
      if (shape.isPresent()) {
        int axis = site.axis(op.inputAxes().get(i), shape.get().rank());
        Dim own = shape.get().dim(axis);
        length = Optional.of(length.map(d -> site.agree(d, own, "the scanned axes")).orElse(own));
        operands.set(
            operand,
            Type.tensor(
                site.dtype(operand), ReductionTypes.without(shape.get(), List.of(axis), false)));
      }
    }
    List<Type> outputs =
        new BodyTypes(site, op.body(), operands, 0, op.carried()).outputs(site::fresh);
    if (outputs.size() != site.outputs()
        || outputs.size() != op.carried() + op.outputAxes().size()) {
      throw site.error(
          "the body has %d results, the node %d".formatted(outputs.size(), site.outputs()));
    }
    Dim steps = length.orElseGet(site::fresh);
    List<Type> types = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      types.add(
          i < op.carried()
              ? join(site, "carried value " + i, operands.get(i), outputs.get(i))
              : stacked(site, outputs.get(i), op.outputAxes().get(i - op.carried()), steps));
    }
    return types;
  }

  private static List<Type> sequenceMap(Site site, SequenceMap op) {
    if (op.mapped() < 1) {
      throw site.error("there is nothing to map");
    }
    site.arity(op.mapped(), Integer.MAX_VALUE);
    List<Type> operands = types(site, 0, site.operands());
    Supplier<Dim> any = () -> Types.ANY;
    for (int i = 0; i < op.mapped(); i++) {
      if (operands.get(i) instanceof Type.SequenceType sequence) {
        operands.set(i, sequence.element());
      }
    }
    List<Type> outputs = new BodyTypes(site, op.body(), operands, 0, 0).outputs(any);
    if (outputs.size() != site.outputs()) {
      throw site.error(
          "the body has %d results, the node %d".formatted(outputs.size(), site.outputs()));
    }
    return outputs.stream().<Type>map(Type.SequenceType::new).toList();
  }
}
