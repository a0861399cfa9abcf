package fluidml.vm;

import fluidml.error.KernelFailureException;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Control;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The steps of a run that are no kernels: numbers known from extents, and nodes on the interpreter
 * with the values that have no place in planned memory. Allocates on the heap.
 */
final class Interpretation {
  private final Executable executable;
  private final Map<Value, Datum> dynamic = new HashMap<>();
  private final Map<String, Long> scope = new HashMap<>();

  Interpretation(Executable executable) {
    this.executable = executable;
  }

  /** Where the planned values of a run lie. */
  record Memory(Binding binding, ArenaPlan plan, MemorySegment arena, CallerMemory caller) {
    StridedTensor tensor(Value value) {
      return binding.tensor(value, plan, arena, caller);
    }
  }

  /** Runs a step. */
  void run(Step step, Memory memory) {
    switch (step) {
      case Step.Fill fill -> fill(fill, memory);
      case Step.Interpret interpret -> interpret(interpret.node(), memory);
      case Step.Call _ -> throw new IllegalStateException("kernel calls have code");
    }
  }

  /** An input without a place in planned memory. */
  void define(Value input, Datum datum) {
    dynamic.put(input, datum);
    learn(input, datum);
  }

  /** A value without a place in planned memory, or null if it is not there. */
  Datum value(Value value) {
    return dynamic.get(value);
  }

  /** Forgets the run. */
  void clear() {
    dynamic.clear();
    scope.clear();
  }

  private static void fill(Step.Fill fill, Memory memory) {
    StridedTensor target = memory.tensor(fill.value());
    Tensor values = Tensor.allocate(fill.value().dtype(), fill.elements().size());
    for (int i = 0; i < fill.elements().size(); i++) {
      values.setLong(i, fill.elements().get(i).evaluate(memory.binding().symbols::get));
    }
    target.copyFrom(values.data());
  }

  private void interpret(Node node, Memory memory) {
    Storage storage = executable.program().storage();
    if (scope.isEmpty()) {
      scope.putAll(memory.binding().symbols);
    }
    List<Datum> operands = new ArrayList<>();
    for (Value input : node.inputs()) {
      operands.add(input.isPresent() ? operand(input, memory, storage) : Datum.absent());
    }
    List<Datum> results = Interpreter.execute(node, operands, scope);
    for (int i = 0; i < node.outputs().size(); i++) {
      Value output = node.output(i);
      Datum result = results.get(i);
      if (!result.isPresent()) {
        continue;
      }
      if (storage.isPlannable(output)) {
        StridedTensor target = memory.tensor(output);
        if (!Arrays.equals(target.dims(), result.tensor().dims())) {
          throw new KernelFailureException(
              node.name(),
              "computed %s, but %s was inferred".formatted(result.describe(), output.type()));
        }
        target.copyFrom(result.tensor().data());
      } else {
        dynamic.put(output, detached(result, node, operands));
        learn(output, result);
      }
    }
  }

  /** The same without views of operands, which may lie in memory that is used again. */
  private static Datum detached(Datum datum, Node node, List<Datum> operands) {
    return switch (datum) {
      case Datum.TensorDatum(Tensor tensor) ->
          // Bodies see more values than the operands.
          node.op() instanceof Control || operands.stream().anyMatch(o -> isView(tensor, o))
              ? Datum.of(tensor.copy())
              : datum;
      case Datum.SequenceDatum sequence ->
          new Datum.SequenceDatum(
              sequence.elements().stream().map(d -> detached(d, node, operands)).toList());
      case Datum.OptionalDatum optional ->
          new Datum.OptionalDatum(optional.value().map(d -> detached(d, node, operands)));
      case Datum.NoDatum none -> none;
    };
  }

  private static boolean isView(Tensor tensor, Datum operand) {
    return switch (operand) {
      case Datum.TensorDatum(Tensor other) ->
          tensor.data().asOverlappingSlice(other.data()).isPresent();
      case Datum.SequenceDatum(List<Datum> elements) ->
          elements.stream().anyMatch(e -> isView(tensor, e));
      case Datum.OptionalDatum(Optional<Datum> value) ->
          value.filter(v -> isView(tensor, v)).isPresent();
      case Datum.NoDatum _ -> false;
    };
  }

  private void learn(Value output, Datum result) {
    if (result instanceof Datum.TensorDatum(Tensor tensor) && output.knownShape().isPresent()) {
      Shape shape = output.shape();
      for (int axis = 0; axis < Math.min(shape.rank(), tensor.rank()); axis++) {
        String text = shape.dim(axis).toString();
        if (shape.dim(axis).symbols().contains(text)) {
          scope.putIfAbsent(text, tensor.dim(axis));
        }
      }
    }
  }

  private Datum operand(Value input, Memory memory, Storage storage) {
    Datum known = dynamic.get(input);
    if (known != null) {
      return known;
    }
    Optional<Tensor> constant = executable.program().graph().constant(input);
    if (constant.isPresent()) {
      return Datum.of(constant.get());
    }
    if (storage.isPlannable(input)) {
      return Datum.of(memory.tensor(input).toTensor());
    }
    throw new IllegalStateException("'" + input.name() + "' was not computed");
  }
}
