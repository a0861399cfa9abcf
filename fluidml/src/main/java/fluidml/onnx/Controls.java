package fluidml.onnx;

import fluidml.graph.Graph;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Control.If;
import fluidml.graph.op.Control.Loop;
import fluidml.graph.op.Control.Scan;
import fluidml.graph.op.Control.SequenceMap;
import fluidml.graph.op.Op;
import fluidml.graph.op.SequenceOp.OptionalOf;
import fluidml.onnx.proto.GraphProto;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Operators with bodies. What a body reads from outside becomes an operand.
 *
 * <p>The types of loop-carried values are found by widening: they start as the types of the initial
 * values; wherever the body gives back another extent, the extent becomes unknown, and the body is
 * imported again.
 */
final class Controls {
  private Controls() {}

  static void register(Operators to) {
    to.add("If", 1, 1, 1, Controls::ifThenElse);
    to.add("Loop", 1, 0, Integer.MAX_VALUE, Controls::loop);
    to.add(
        "Scan",
        8,
        1,
        Integer.MAX_VALUE,
        c -> {
          throw c.unsupported("Scan with a batch axis is not supported; export with version 9");
        });
    to.add("Scan", 9, 1, Integer.MAX_VALUE, Controls::scan);
    to.add("SequenceMap", 17, 1, Integer.MAX_VALUE, Controls::sequenceMap);
  }

  /** A branch that is known to be taken becomes part of the graph around it. */
  private static List<Value> ifThenElse(Call c) {
    GraphProto thenProto = c.attributes().requiredGraph("then_branch");
    GraphProto elseProto = c.attributes().requiredGraph("else_branch");
    Optional<long[]> condition = c.knownIntegers(c.in(0));
    if (condition.isPresent() && condition.get().length == 1) {
      return c.inline(condition.get()[0] != 0 ? thenProto : elseProto, List.of());
    }
    Scope thenScope = c.body(thenProto, List.of());
    Scope elseScope = c.body(elseProto, List.of());
    Set<Value> all = new LinkedHashSet<>(thenScope.captured());
    all.addAll(elseScope.captured());
    List<Value> captures = List.copyOf(all);
    Graph thenBranch = thenScope.build(captures);
    Graph elseBranch = elseScope.build(captures);
    int results = thenBranch.outputs().size();
    if (elseBranch.outputs().size() != results || c.outputCount() != results) {
      throw c.invalid(
          "the branches have %d and %d outputs, the node %d"
              .formatted(results, elseBranch.outputs().size(), c.outputCount()));
    }
    return outAll(c, new If(thenBranch, elseBranch), List.of(c.in(0)), captures, results);
  }

  private static List<Value> outAll(
      Call c, Op op, List<Value> operands, List<Value> captures, int results) {
    List<Value> all = new ArrayList<>(operands);
    all.addAll(captures);
    return c.outExactly(op, all, results);
  }

  private static List<Value> loop(Call c) {
    GraphProto proto = c.attributes().requiredGraph("body");
    int carried = Math.max(0, c.operands().size() - 2);
    List<Value> initial = new ArrayList<>();
    for (int i = 0; i < carried; i++) {
      initial.add(c.in(i + 2));
    }
    List<Type> head =
        List.of(Type.tensor(DType.INT64, Shape.SCALAR), Type.tensor(DType.BOOL, Shape.SCALAR));
    Widened body = widen(c, proto, head, initial, List.of(), 1);
    int scanned = body.graph.outputs().size() - 1 - carried;
    if (scanned < 0 || c.outputCount() > carried + scanned) {
      throw c.invalid("the body's outputs do not fit the carried values and the node's outputs");
    }
    List<Value> operands = new ArrayList<>(List.of(c.in(0), c.in(1)));
    operands.addAll(initial);
    return outAll(c, new Loop(body.graph, carried), operands, body.captures, carried + scanned);
  }

  /** A body whose carried types are stable, and what it captures. */
  private record Widened(Graph graph, List<Value> captures) {}

  /**
   * Imports a body until it gives back what it takes.
   *
   * @param head types of formal inputs before the carried ones
   * @param tail types of formal inputs after the carried ones
   * @param firstResult position of the first carried value among the body's outputs
   */
  private static Widened widen(
      Call c,
      GraphProto proto,
      List<Type> head,
      List<Value> initial,
      List<Type> tail,
      int firstResult) {
    List<Type> carried = new ArrayList<>();
    initial.forEach(v -> carried.add(v.isPresent() ? v.type() : absentType(c)));
    if (proto.inputs().size() != head.size() + carried.size() + tail.size()) {
      throw c.invalid(
          "body '%s' has %d inputs, %d are needed"
              .formatted(
                  proto.name(), proto.inputs().size(), head.size() + carried.size() + tail.size()));
    }
    // Each round at least one extent, rank or element becomes unknown, or the types are stable.
    while (true) {
      List<Type> formals = new ArrayList<>(head);
      formals.addAll(carried);
      formals.addAll(tail);
      Scope scope = c.body(proto, formals);
      Graph graph = withOptionals(scope, carried, firstResult);
      if (graph.outputs().size() < firstResult + carried.size()) {
        throw c.invalid("the body gives back fewer values than it carries");
      }
      boolean stable = true;
      for (int i = 0; i < carried.size(); i++) {
        Type result = graph.outputs().get(firstResult + i).type();
        Type wide = join(c, carried.get(i), result, proto.inputs().get(head.size() + i).name());
        stable &= wide.equals(carried.get(i));
        carried.set(i, wide);
      }
      if (stable) {
        return new Widened(graph, scope.captured());
      }
    }
  }

  /** The body, with results wrapped where an optional is carried and a plain value comes back. */
  private static Graph withOptionals(Scope scope, List<Type> carried, int firstResult) {
    Graph graph = scope.build(scope.captured());
    List<Value> outputs = new ArrayList<>(graph.outputs());
    for (int i = 0; i < carried.size() && firstResult + i < outputs.size(); i++) {
      Value output = outputs.get(firstResult + i);
      if (carried.get(i) instanceof Type.OptionalType
          && !(output.type() instanceof Type.OptionalType)) {
        Value wrapped = scope.builder().add(new OptionalOf(Optional.empty()), output);
        outputs.set(firstResult + i, wrapped);
      }
    }
    Graph complete = scope.build(scope.captured());
    return new Graph(complete.name(), complete.inputs(), outputs, complete.nodes());
  }

  private static Type absentType(Call c) {
    throw c.invalid("an initial value is missing");
  }

  /**
   * The narrowest type that holds values of both. Extents that differ become new symbols, and those
   * that are symbols of this loop already stay.
   */
  private static Type join(Call c, Type known, Type next, String name) {
    if (known instanceof Type.TensorType a && next instanceof Type.TensorType b) {
      if (a.dtype() != b.dtype()) {
        throw c.invalid("carried value '" + name + "' changes its type from " + a + " to " + b);
      }
      if (a.shape().isEmpty()
          || b.shape().isEmpty()
          || a.shape().get().rank() != b.shape().get().rank()) {
        return Type.unranked(a.dtype());
      }
      List<Dim> dims = new ArrayList<>();
      for (int i = 0; i < a.shape().get().rank(); i++) {
        Dim dim = a.shape().get().dim(i);
        boolean same = dim.equals(b.shape().get().dim(i)) || c.isWidened(dim);
        dims.add(same ? dim : c.widenedSymbol(name + "_d" + i));
      }
      return Type.tensor(a.dtype(), new Shape(dims));
    }
    if (known instanceof Type.SequenceType(Type a) && next instanceof Type.SequenceType(Type b)) {
      return new Type.SequenceType(join(c, a, b, name));
    }
    if (known instanceof Type.OptionalType(Type a) && next instanceof Type.OptionalType(Type b)) {
      return new Type.OptionalType(join(c, a, b, name));
    }
    if (known instanceof Type.OptionalType(Type a)) {
      return new Type.OptionalType(join(c, a, next, name));
    }
    if (next instanceof Type.OptionalType(Type b)) {
      return new Type.OptionalType(join(c, known, b, name));
    }
    if (known.equals(next)) {
      return known;
    }
    throw c.invalid("carried value '" + name + "' changes its type from " + known + " to " + next);
  }

  private static List<Value> scan(Call c) {
    Attributes a = c.attributes();
    GraphProto proto = a.requiredGraph("body");
    int scanned = Math.clamp(a.requiredInteger("num_scan_inputs"), -1, Integer.MAX_VALUE);
    int carried = c.operands().size() - scanned;
    if (scanned < 1 || carried < 0) {
      throw c.invalid("attribute 'num_scan_inputs' is " + scanned);
    }
    List<Integer> inputAxes = a.axes("scan_input_axes").orElse(Collections.nCopies(scanned, 0));
    List<Boolean> inputReverse = directions(c, "scan_input_directions", scanned);
    if (inputAxes.size() != scanned) {
      throw c.invalid("attribute 'scan_input_axes' needs " + scanned + " entries");
    }
    List<Integer> axes = new ArrayList<>();
    List<Type> slices = new ArrayList<>();
    for (int i = 0; i < scanned; i++) {
      Value x = c.in(carried + i);
      int axis = c.axis(inputAxes.get(i), x);
      axes.add(axis);
      Optional<Shape> slice = x.knownShape().map(s -> without(s, axis));
      slices.add(new Type.TensorType(c.dtype(x), slice));
    }
    Widened body = widen(c, proto, List.of(), c.operands().subList(0, carried), slices, 0);
    int results = body.graph.outputs().size() - carried;
    List<Integer> outputAxes = new ArrayList<>();
    List<Integer> given = a.axes("scan_output_axes").orElse(Collections.nCopies(results, 0));
    if (given.size() != results) {
      throw c.invalid("attribute 'scan_output_axes' needs " + results + " entries");
    }
    for (int i = 0; i < results; i++) {
      int axis = given.get(i);
      outputAxes.add(
          body.graph
              .outputs()
              .get(carried + i)
              .knownShape()
              .map(s -> c.axis(axis, s.rank() + 1))
              .orElse(axis));
    }
    Scan scan =
        new Scan(
            body.graph,
            carried,
            axes,
            inputReverse,
            outputAxes,
            directions(c, "scan_output_directions", results));
    return outAll(c, scan, c.operands(), body.captures, carried + results);
  }

  private static Shape without(Shape shape, int axis) {
    List<Dim> dims = new ArrayList<>(shape.dims());
    if (axis >= dims.size()) {
      return shape;
    }
    dims.remove(axis);
    return new Shape(dims);
  }

  private static List<Boolean> directions(Call c, String name, int count) {
    List<Long> values = c.attributes().integers(name, Collections.nCopies(count, 0L));
    if (values.size() != count || values.stream().anyMatch(v -> v != 0 && v != 1)) {
      throw c.invalid("attribute '%s' is %s, %d of 0 or 1 needed".formatted(name, values, count));
    }
    return values.stream().map(v -> v == 1).toList();
  }

  private static List<Value> sequenceMap(Call c) {
    GraphProto proto = c.attributes().requiredGraph("body");
    List<Type> formals = new ArrayList<>();
    for (Value operand : c.operands()) {
      formals.add(
          operand.type() instanceof Type.SequenceType(Type element) ? element : operand.type());
    }
    Scope scope = c.body(proto, formals);
    Graph body = scope.build(scope.captured());
    return outAll(
        c,
        new SequenceMap(body, formals.size()),
        c.operands(),
        scope.captured(),
        body.outputs().size());
  }
}
