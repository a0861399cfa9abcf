package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * A recurrent layer as its kernels see it: time before batch, whatever the model's order.
 *
 * @param gates products of input and weights for each unit: LSTM 4, GRU 3, RNN 1
 */
record RecurrentLayer(Node node, Recurrent op, Cell cell, int gates) {
  static RecurrentLayer of(Node node, Recurrent op, Cell cell) {
    int gates =
        switch (op) {
          case Recurrent.Rnn _ -> 1;
          case Recurrent.Gru _ -> 3;
          case Recurrent.Lstm _ -> 4;
        };
    return new RecurrentLayer(node, op, cell, gates);
  }

  DType dtype() {
    return node.input(0).dtype();
  }

  int directions() {
    return cell.direction().count();
  }

  /** Units of the layer. */
  long hidden() {
    return cell.hiddenSize();
  }

  /** Inputs of gates in every step, of all directions. */
  long columns() {
    return hidden() * gates * directions();
  }

  /** The input, {@code [time, batch, features]}. */
  View input(Lowering.Context context) {
    View view = context.view(node.input(0));
    return cell.batchFirst() ? view.transposed(List.of(1, 0, 2)) : view;
  }

  Dim time() {
    return node.input(0).shape().dim(cell.batchFirst() ? 1 : 0);
  }

  Dim batch() {
    return node.input(0).shape().dim(cell.batchFirst() ? 0 : 1);
  }

  Optional<Value> operand(int index) {
    return index < node.inputs().size() && node.input(index).isPresent()
        ? Optional.of(node.input(index))
        : Optional.empty();
  }

  Optional<Value> result(int index) {
    return index < node.outputs().size() && node.output(index).isPresent()
        ? Optional.of(node.output(index))
        : Optional.empty();
  }

  /** A state, {@code [direction, batch, hidden]}. */
  View state(View view) {
    return cell.batchFirst() ? view.transposed(List.of(1, 0, 2)) : view;
  }

  /** The states of all steps, {@code [time, direction, batch, hidden]}. */
  View sequence(View view) {
    return cell.batchFirst() ? view.transposed(List.of(1, 2, 0, 3)) : view;
  }

  /** The shape of what all steps take from the input: a row of all gates for each step. */
  Shape products() {
    return Shape.of(time(), batch(), Dim.of(directions()), Dim.of(gates), Dim.of(hidden()));
  }
}
