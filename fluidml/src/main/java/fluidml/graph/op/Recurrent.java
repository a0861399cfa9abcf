package fluidml.graph.op;

import java.util.List;
import java.util.OptionalDouble;

/** Recurrent layers as ONNX defines them. */
public sealed interface Recurrent extends Op {
  /** In which order time runs. */
  enum Direction {
    FORWARD,
    REVERSE,
    BIDIRECTIONAL;

    /** Extent of the direction axis. */
    public int count() {
      return this == BIDIRECTIONAL ? 2 : 1;
    }
  }

  /**
   * An activation function by its ONNX name, lower case, with its constants.
   *
   * @param name e.g. {@code sigmoid}, {@code tanh}, {@code relu}, {@code affine}, {@code
   *     leakyrelu}, {@code elu}
   */
  record Activation(String name, double alpha, double beta) {}

  /**
   * Attributes that the layers share.
   *
   * @param hiddenSize number of units
   * @param direction order of time
   * @param activations per direction: RNN 1, GRU 2, LSTM 3
   * @param clip bound of the pre-activations, if any
   * @param batchFirst whether batch precedes time (ONNX's layout = 1)
   */
  record Cell(
      long hiddenSize,
      Direction direction,
      List<Activation> activations,
      OptionalDouble clip,
      boolean batchFirst) {
    public Cell {
      activations = List.copyOf(activations);
    }
  }

  /** {@code (x, w, r, b?, lengths?, h0?) → (y?, h?)}. */
  record Rnn(Cell cell) implements Recurrent {}

  /** {@code (x, w, r, b?, lengths?, h0?) → (y?, h?)}. */
  record Gru(Cell cell, boolean linearBeforeReset) implements Recurrent {}

  /** {@code (x, w, r, b?, lengths?, h0?, c0?, peepholes?) → (y?, h?, c?)}. */
  record Lstm(Cell cell, boolean inputForget) implements Recurrent {}
}
