package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.infer.StaticForm;
import fluidml.graph.infer.SymbolicTensor;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes extents and the arithmetic that computes them part of the types: infers all types anew,
 * turns ops whose geometry is an operand into ops whose geometry is an attribute wherever the
 * operand's elements are known symbolically, and integers that are known into constants or {@link
 * DimTensor}s.
 *
 * <pre>
 * before: s = ShapeOf(x); b = Gather(s, 0); t = Concat(Unsqueeze(b), [-1]); return ReshapeBy(x, t)
 * after:  return Reshape{[b,12*n]}(x)                                      where x is [b,12,n]
 * </pre>
 */
public final class FoldShapes implements Pass {
  /** Agreements enable others only in the layers behind them, and layers look alike. */
  private static final int MAX_ROUNDS = 4;

  @Override
  public String name() {
    return "fold-shapes";
  }

  @Override
  public Graph run(Graph graph) {
    Map<Dim, Dim> agreed = new HashMap<>();
    Graph result = graph;
    for (int round = 0; round < MAX_ROUNDS; round++) {
      result = Rewriter.infer(graph, rules(agreed));
      if (!Agreements.learn(result, agreed)) {
        break;
      }
    }
    return result;
  }

  private static List<Rule> rules(Map<Dim, Dim> agreed) {
    return List.of(
        new Rule("integers that are known", Op.class, FoldShapes::known),
        new Rule("geometry that is known", Op.class, FoldShapes::staticForm),
        Rule.of(
            "extents that must agree",
            Slice.class,
            (node, g) ->
                Agreements.apply((Slice) node.op(), agreed)
                    .map(slice -> g.emit(slice, node.input(0)))));
  }

  private static List<Value> known(Node node, Rewriter g) {
    if (node.outputs().size() != 1
        || node.op() instanceof Constant
        || node.op() instanceof DimTensor
        || !node.output().isTensor()) {
      return List.of();
    }
    return g
        .contents(node)
        .flatMap(elements -> constant(node.output().dtype(), elements, g))
        .stream()
        .toList();
  }

  private static Optional<Value> constant(DType dtype, SymbolicTensor known, Rewriter g) {
    long[] dims = known.dims().stream().mapToLong(Long::longValue).toArray();
    Optional<long[]> numbers = known.constant();
    if (numbers.isPresent()) {
      Tensor tensor = Tensor.allocate(dtype, dims);
      for (int i = 0; i < numbers.get().length; i++) {
        tensor.setLong(i, numbers.get()[i]);
      }
      return Optional.of(g.constant(tensor));
    }
    List<Dim> elements = known.elements();
    if (dtype == DType.BOOL || !elements.stream().allMatch(g.contents()::isGiven)) {
      return Optional.empty();
    }
    Value extents = g.emit(new DimTensor(elements, Shape.of(dims)));
    return Optional.of(g.cast(extents, dtype));
  }

  private static List<Value> staticForm(Node node, Rewriter g) {
    return StaticForm.of(node, g.contents())
        .map(
            form -> {
              List<Value> operands = new ArrayList<>(form.operands());
              form.constant().ifPresent(tensor -> operands.add(g.constant(tensor)));
              return g.emit(form.op(), operands, node.outputs().size());
            })
        .orElse(List.of());
  }
}
