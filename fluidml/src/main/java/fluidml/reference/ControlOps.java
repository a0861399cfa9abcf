package fluidml.reference;

import fluidml.graph.Graph;
import fluidml.graph.Type;
import fluidml.graph.op.Control;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Computes the ops of {@link Control} by running their bodies. */
final class ControlOps {
  private ControlOps() {}

  static List<Datum> execute(Control op, Operands operands) {
    return switch (op) {
      case Control.If branch ->
          operands.run(
              isTrue(operands.tensor(0)) ? branch.thenBranch() : branch.elseBranch(),
              operands.from(1));
      case Control.Loop loop -> loop(loop, operands);
      case Control.Scan scan -> scan(scan, operands);
      case Control.SequenceMap map -> map(map, operands);
    };
  }

  private static boolean isTrue(Tensor condition) {
    if (condition.elements() != 1) {
      throw new IllegalArgumentException("a condition has one element, not " + condition);
    }
    return condition.getBoolean(0);
  }

  private static List<Datum> loop(Control.Loop loop, Operands operands) {
    int carried = loop.carried();
    int scanned = loop.body().outputs().size() - 1 - carried;
    long trips = operands.has(0) ? operands.scalarLong(0) : Long.MAX_VALUE;
    boolean go = !operands.has(1) || isTrue(operands.tensor(1));
    List<Datum> state = operands.from(2).subList(0, carried);
    List<Datum> captures = operands.from(2 + carried);
    List<List<Tensor>> slices = lists(scanned);
    for (long i = 0; i < trips && go; i++) {
      List<Datum> inputs = new ArrayList<>();
      inputs.add(Datum.of(Tensor.scalar(i)));
      inputs.add(Datum.of(Tensor.of(new boolean[] {true})));
      inputs.addAll(state);
      inputs.addAll(captures);
      List<Datum> results = operands.run(loop.body(), inputs);
      go = isTrue(results.getFirst().tensor());
      state = results.subList(1, 1 + carried);
      collect(results.subList(1 + carried, results.size()), slices);
    }
    List<Datum> results = new ArrayList<>(state);
    for (int i = 0; i < scanned; i++) {
      results.add(stack(slices.get(i), loop.body(), 1 + carried + i, 0, operands));
    }
    return results;
  }

  private static List<Datum> scan(Control.Scan scan, Operands operands) {
    int carried = scan.carried();
    int inputs = scan.inputAxes().size();
    int outputs = scan.body().outputs().size() - carried;
    List<Datum> state = operands.from(0).subList(0, carried);
    List<Datum> captures = operands.from(carried + inputs);
    List<List<Tensor>> slices = lists(outputs);
    long trips = -1;
    for (int k = 0; k < inputs; k++) {
      Tensor x = operands.tensor(carried + k);
      long extent = x.dim(Operands.axis(scan.inputAxes().get(k), x.rank()));
      if (trips >= 0 && extent != trips) {
        throw new IllegalArgumentException("scanned axes of " + trips + " and " + extent);
      }
      trips = extent;
    }
    for (long i = 0; i < trips; i++) {
      List<Datum> arguments = new ArrayList<>(state);
      for (int k = 0; k < inputs; k++) {
        Tensor x = operands.tensor(carried + k);
        int axis = Operands.axis(scan.inputAxes().get(k), x.rank());
        arguments.add(
            Datum.of(Moves.slice(x, axis, scan.inputReverse().get(k) ? trips - 1 - i : i)));
      }
      arguments.addAll(captures);
      List<Datum> results = operands.run(scan.body(), arguments);
      state = results.subList(0, carried);
      collect(results.subList(carried, results.size()), slices);
    }
    List<Datum> results = new ArrayList<>(state);
    for (int k = 0; k < outputs; k++) {
      if (scan.outputReverse().get(k)) {
        Collections.reverse(slices.get(k));
      }
      results.add(
          stack(slices.get(k), scan.body(), carried + k, scan.outputAxes().get(k), operands));
    }
    return results;
  }

  private static List<List<Tensor>> lists(int count) {
    List<List<Tensor>> lists = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lists.add(new ArrayList<>());
    }
    return lists;
  }

  private static void collect(List<Datum> results, List<List<Tensor>> slices) {
    for (int i = 0; i < slices.size(); i++) {
      slices.get(i).add(results.get(i).tensor());
    }
  }

  /** The slices stacked; if there are none, an empty tensor of the type that the body promises. */
  private static Datum stack(
      List<Tensor> slices, Graph body, int output, int axis, Operands operands) {
    if (!slices.isEmpty()) {
      return Datum.of(Moves.stack(slices, axis));
    }
    if (!(body.outputs().get(output).type() instanceof Type.TensorType type)) {
      throw new IllegalArgumentException("only tensors can be stacked");
    }
    long[] dims = type.shape().map(shape -> extents(shape.dims(), operands)).orElse(new long[0]);
    int at = Operands.axis(axis, dims.length + 1);
    long[] stacked = Extents.unsqueeze(dims, new long[] {at});
    stacked[at] = 0;
    return Datum.of(new Elements(type.dtype(), stacked).build());
  }

  /** Extents of a slice that was never computed; symbolic ones are 0. */
  private static long[] extents(List<Dim> dims, Operands operands) {
    return dims.stream().mapToLong(dim -> dim.isConstant() ? operands.value(dim) : 0).toArray();
  }

  private static List<Datum> map(Control.SequenceMap map, Operands operands) {
    List<Datum> captures = operands.from(map.mapped());
    int size = SequenceOps.sequence(operands.datum(0)).size();
    List<List<Datum>> results = new ArrayList<>();
    map.body().outputs().forEach(output -> results.add(new ArrayList<>()));
    for (int i = 0; i < size; i++) {
      List<Datum> inputs = new ArrayList<>();
      for (int k = 0; k < map.mapped(); k++) {
        Datum operand = operands.datum(k);
        inputs.add(
            operand instanceof Datum.SequenceDatum(List<Datum> elements)
                ? elements.get(i)
                : operand);
      }
      inputs.addAll(captures);
      List<Datum> outputs = operands.run(map.body(), inputs);
      for (int k = 0; k < outputs.size(); k++) {
        results.get(k).add(outputs.get(k));
      }
    }
    return results.stream().<Datum>map(Datum.SequenceDatum::new).toList();
  }
}
