package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Normalization;
import fluidml.graph.op.Quantization;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.graph.op.Recurrent.Direction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class RecurrentOpsTest {
  private static Cell cell(Direction direction, String... activations) {
    List<Activation> one = Arrays.stream(activations).map(a -> new Activation(a, 0, 0)).toList();
    List<Activation> all =
        Collections.nCopies(direction.count(), one).stream().flatMap(List::stream).toList();
    return new Cell(2, direction, all, OptionalDouble.empty(), false);
  }

  /** Reverses the first axis of a tensor of rank 3. */
  private static Tensor reversed(Tensor x) {
    Tensor y = Tensor.allocate(x.dtype(), x.dims());
    long inner = x.dim(1) * x.dim(2);
    for (long i = 0; i < x.elements(); i++) {
      y.setDouble((x.dim(0) - 1 - i / inner) * inner + i % inner, x.getDouble(i));
    }
    return y;
  }

  @Test
  void backwardsIsForwardsOverReversedTime() {
    Tensor x = Single.random(1, 5, 3, 4);
    Tensor w = Single.random(2, 1, 8, 4);
    Tensor r = Single.random(3, 1, 8, 2);
    Tensor b = Single.random(4, 1, 16);
    Cell forward = cell(Direction.FORWARD, "sigmoid", "tanh", "tanh");
    Cell reverse = cell(Direction.REVERSE, "sigmoid", "tanh", "tanh");
    List<Tensor> first = Single.all(new Recurrent.Lstm(forward, false), 3, reversed(x), w, r, b);
    List<Tensor> second = Single.all(new Recurrent.Lstm(reverse, false), 3, x, w, r, b);
    assertArrayEquals(first.get(1).toFloats(), second.get(1).toFloats());
    assertArrayEquals(first.get(2).toFloats(), second.get(2).toFloats());
  }

  @Test
  void oneStepFollowsTheEquations() {
    Tensor x = Single.random(1, 1, 1, 1);
    Tensor w = Single.random(2, 1, 8, 1);
    Tensor r = Single.random(3, 1, 8, 2);
    Cell cell = cell(Direction.FORWARD, "sigmoid", "tanh", "tanh");
    List<Tensor> y = Single.all(new Recurrent.Lstm(cell, false), 3, x, w, r);
    for (int h = 0; h < 2; h++) {
      double in = 1 / (1 + Math.exp(-x.getDouble(0) * w.getDouble(h)));
      double out = 1 / (1 + Math.exp(-x.getDouble(0) * w.getDouble(2 + h)));
      double state = in * Math.tanh(x.getDouble(0) * w.getDouble(6 + h));
      assertEquals(state, y.get(2).getDouble(h), 1e-6);
      assertEquals(out * Math.tanh(state), y.get(0).getDouble(h), 1e-6);
    }
  }

  @Test
  void rowsStopAtTheirLength() {
    Tensor x = Single.random(1, 3, 2, 4);
    Tensor w = Single.random(2, 1, 2, 4);
    Tensor r = Single.random(3, 1, 2, 2);
    Tensor b = Tensor.allocate(DType.FLOAT32, 1, 4);
    Cell cell = cell(Direction.FORWARD, "relu");
    List<Tensor> y =
        Single.all(new Recurrent.Rnn(cell), 2, x, w, r, b, Tensor.of(new int[] {1, 3}, 2));
    assertEquals(y.get(0).getDouble(0), y.get(1).getDouble(0));
    assertEquals(0, y.get(0).getDouble(4));
    assertEquals(y.get(0).getDouble(11), y.get(1).getDouble(3));
  }

  @Test
  void quantisingRoundTripsWithinHalfAStep() {
    Tensor x = Single.random(1, 4, 6);
    Tensor scale =
        Tensor.of(new float[] {0.01f, 0.02f, 0.03f, 0.04f, 0.01f, 0.02f, 0.03f, 0.04f}, 4, 2);
    Tensor q =
        Single.run(
            new Quantization.QuantizeLinear(1, 3, true, Optional.of(DType.INT8), Optional.empty()),
            x,
            scale);
    Tensor y = Single.run(new Quantization.DequantizeLinear(1, 3, Optional.empty()), q, scale);
    for (int i = 0; i < 24; i++) {
      double step = scale.getDouble(i / 6 * 2L + i % 6 / 3);
      assertEquals(x.getDouble(i), y.getDouble(i), Math.max(0, step / 2 + 1e-6));
    }
  }

  @Test
  void normalisedRowsHaveNoMeanAndUnitDeviation() {
    Tensor x = Single.random(1, 3, 50);
    Tensor y = Single.run(new Normalization.LayerNorm(-1, 0), x);
    for (int row = 0; row < 3; row++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < 50; i++) {
        double v = y.getDouble(row * 50L + i);
        sum += v;
        squares += v * v;
      }
      assertEquals(0, sum, 1e-4);
      assertEquals(50, squares, 1e-3);
    }
  }

  @Test
  void rotationKeepsLengths() {
    Tensor x = Single.random(1, 1, 2, 3, 4);
    Tensor cos = Tensor.allocate(DType.FLOAT32, 3, 2);
    Tensor sin = Tensor.allocate(DType.FLOAT32, 3, 2);
    for (int i = 0; i < 6; i++) {
      cos.setDouble(i, Math.cos(i));
      sin.setDouble(i, Math.sin(i));
    }
    Tensor positions = Tensor.of(new long[] {0, 1, 2}, 1, 3);
    Tensor y = Single.run(new Normalization.RotaryEmbedding(false, 0, 0), x, cos, sin, positions);
    double before = 0;
    double after = 0;
    for (int i = 0; i < x.elements(); i++) {
      before += x.getDouble(i) * x.getDouble(i);
      after += y.getDouble(i) * y.getDouble(i);
    }
    assertEquals(before, after, 1e-5);
    assertEquals(x.getDouble(0), y.getDouble(0));
  }
}
