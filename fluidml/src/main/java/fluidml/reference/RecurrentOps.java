package fluidml.reference;

import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.graph.op.Recurrent.Direction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/** Computes the ops of {@link Recurrent}, step by step. Gates lie in ONNX's order: iofc and zrh. */
final class RecurrentOps {
  private RecurrentOps() {}

  /** New hidden (and cell) state of one batch row from its gate inputs. */
  @FunctionalInterface
  private interface Step {
    /**
     * Advances one time step.
     *
     * @param input {@code x·Wᵀ + Wb} of all gates
     * @param hidden state before, replaced by the state after
     * @param cell cell state before, replaced by the state after; unused but by LSTM
     */
    void step(double[] input, double[] hidden, double[] cell);
  }

  static List<Datum> execute(Recurrent op, Operands operands) {
    return switch (op) {
      case Recurrent.Rnn(Cell cell) -> new Layer(cell, 1, operands).run(RecurrentOps::rnn, false);
      case Recurrent.Gru(Cell cell, boolean linear) ->
          new Layer(cell, 3, operands).run((layer, d) -> gru(layer, d, linear), false);
      case Recurrent.Lstm(Cell cell, boolean inputForget) ->
          new Layer(cell, 4, operands).run((layer, d) -> lstm(layer, d, inputForget), true);
    };
  }

  /** Makes the step function of one direction. */
  @FunctionalInterface
  private interface Steps {
    Step of(Layer layer, int direction);
  }

  private static Step rnn(Layer layer, int d) {
    DoubleUnaryOperator f = layer.activation(d, 0);
    return (input, hidden, cell) -> {
      double[] sums = layer.recur(d, 0, hidden);
      for (int h = 0; h < layer.hidden; h++) {
        hidden[h] = f.applyAsDouble(layer.clip(input[h] + sums[h]));
      }
    };
  }

  private static Step gru(Layer layer, int d, boolean linearBeforeReset) {
    DoubleUnaryOperator f = layer.activation(d, 0);
    DoubleUnaryOperator g = layer.activation(d, 1);
    int n = layer.hidden;
    return (input, hidden, cell) -> {
      double[] update = layer.recur(d, 0, hidden);
      double[] reset = layer.recur(d, 1, hidden);
      for (int h = 0; h < n; h++) {
        update[h] = f.applyAsDouble(layer.clip(input[h] + update[h]));
        reset[h] = f.applyAsDouble(layer.clip(input[n + h] + reset[h]));
      }
      double[] candidate;
      if (linearBeforeReset) {
        candidate = layer.recur(d, 2, hidden);
        for (int h = 0; h < n; h++) {
          candidate[h] *= reset[h];
        }
      } else {
        double[] kept = new double[n];
        for (int h = 0; h < n; h++) {
          kept[h] = reset[h] * hidden[h];
        }
        candidate = layer.recur(d, 2, kept);
      }
      for (int h = 0; h < n; h++) {
        double fresh = g.applyAsDouble(layer.clip(input[2 * n + h] + candidate[h]));
        hidden[h] = (1 - update[h]) * fresh + update[h] * hidden[h];
      }
    };
  }

  private static Step lstm(Layer layer, int d, boolean inputForget) {
    DoubleUnaryOperator f = layer.activation(d, 0);
    DoubleUnaryOperator g = layer.activation(d, 1);
    DoubleUnaryOperator k = layer.activation(d, 2);
    int n = layer.hidden;
    double[] peepholes = layer.operand(7).map(Loops::doubles).orElse(new double[3 * n * (d + 1)]);
    int peep = d * 3 * n;
    return (input, hidden, cell) -> {
      double[] in = layer.recur(d, 0, hidden);
      double[] out = layer.recur(d, 1, hidden);
      double[] forget = layer.recur(d, 2, hidden);
      double[] fresh = layer.recur(d, 3, hidden);
      for (int h = 0; h < n; h++) {
        double before = cell[h];
        double i = f.applyAsDouble(layer.clip(input[h] + in[h] + peepholes[peep + h] * before));
        double keep =
            inputForget
                ? 1 - i
                : f.applyAsDouble(
                    layer.clip(
                        input[2 * n + h] + forget[h] + peepholes[peep + 2 * n + h] * before));
        double c = g.applyAsDouble(layer.clip(input[3 * n + h] + fresh[h]));
        double after = keep * before + i * c;
        double o =
            f.applyAsDouble(layer.clip(input[n + h] + out[h] + peepholes[peep + n + h] * after));
        cell[h] = after;
        hidden[h] = o * k.applyAsDouble(after);
      }
    };
  }

  /** Operands, extents and weights of one layer. */
  private static final class Layer {
    private final Cell attributes;
    private final int gates;
    private final Operands operands;
    private final Tensor x;
    private final int length;
    private final int batch;
    private final int features;
    private final int hidden;
    private final int directions;
    private final double[] weights;
    private final double[] recurrence;
    private final Optional<double[]> bias;

    Layer(Cell attributes, int gates, Operands operands) {
      this.attributes = attributes;
      this.gates = gates;
      this.operands = operands;
      this.x = operands.tensor(0);
      this.length = (int) x.dim(attributes.batchFirst() ? 1 : 0);
      this.batch = (int) x.dim(attributes.batchFirst() ? 0 : 1);
      this.features = (int) x.dim(2);
      this.hidden = (int) operands.tensor(2).dim(2);
      this.directions = attributes.direction().count();
      this.weights = Loops.doubles(operands.tensor(1));
      this.recurrence = Loops.doubles(operands.tensor(2));
      this.bias = operands.optionalTensor(3).map(Loops::doubles);
    }

    Optional<Tensor> operand(int index) {
      return operands.optionalTensor(index);
    }

    double clip(double value) {
      if (attributes.clip().isEmpty()) {
        return value;
      }
      double bound = attributes.clip().getAsDouble();
      return Math.max(-bound, Math.min(bound, value));
    }

    /** {@code state·Rᵀ} of one gate, plus its recurrent bias. */
    double[] recur(int direction, int gate, double[] state) {
      double[] sums = new double[hidden];
      for (int h = 0; h < hidden; h++) {
        int row = (direction * gates + gate) * hidden + h;
        double sum = 0;
        for (int p = 0; p < hidden; p++) {
          sum += recurrence[row * hidden + p] * state[p];
        }
        int at = (direction * 2 * gates + gates + gate) * hidden + h;
        sums[h] = sum + (bias.isPresent() ? bias.get()[at] : 0);
      }
      return sums;
    }

    /** {@code x·Wᵀ} of all gates at one position, plus their input biases. */
    private double[] feed(int direction, int at) {
      double[] sums = new double[gates * hidden];
      for (int g = 0; g < sums.length; g++) {
        double sum = bias.isPresent() ? bias.get()[direction * 2 * sums.length + g] : 0;
        int row = (direction * sums.length + g) * features;
        for (int p = 0; p < features; p++) {
          sum += weights[row + p] * x.getDouble((long) at * features + p);
        }
        sums[g] = sum;
      }
      return sums;
    }

    DoubleUnaryOperator activation(int direction, int index) {
      int perDirection = attributes.activations().size() / directions;
      return function(attributes.activations().get(direction * perDirection + index));
    }

    private double[] initial(int operand, int direction, int b) {
      double[] state = new double[hidden];
      Optional<Tensor> given = operand(operand);
      for (int h = 0; given.isPresent() && h < hidden; h++) {
        state[h] = given.get().getDouble(stateAt(direction, b) + h);
      }
      return state;
    }

    /** Where the state of a row lies in h0, c0 and the final states. */
    private long stateAt(int direction, int b) {
      return (attributes.batchFirst()
              ? (long) b * directions + direction
              : (long) direction * batch + b)
          * hidden;
    }

    List<Datum> run(Steps steps, boolean hasCell) {
      DType dtype = x.dtype();
      boolean batchFirst = attributes.batchFirst();
      Tensor y =
          batchFirst
              ? Tensor.allocate(dtype, batch, length, directions, hidden)
              : Tensor.allocate(dtype, length, directions, batch, hidden);
      long[] stateDims =
          batchFirst
              ? new long[] {batch, directions, hidden}
              : new long[] {directions, batch, hidden};
      Tensor lastHidden = Tensor.allocate(dtype, stateDims);
      Tensor lastCell = Tensor.allocate(dtype, stateDims);
      for (int d = 0; d < directions; d++) {
        Step step = steps.of(this, d);
        boolean backwards = attributes.direction() == Direction.REVERSE || d == 1;
        for (int b = 0; b < batch; b++) {
          double[] state = initial(5, d, b);
          double[] cell = hasCell ? initial(6, d, b) : new double[0];
          int steady = operand(4).isPresent() ? (int) operand(4).get().getLong(b) : length;
          for (int s = 0; s < steady; s++) {
            int t = backwards ? steady - 1 - s : s;
            step.step(feed(d, batchFirst ? b * length + t : t * batch + b), state, cell);
            long at =
                batchFirst
                    ? ((long) b * length + t) * directions + d
                    : ((long) t * directions + d) * batch + b;
            for (int h = 0; h < hidden; h++) {
              y.setDouble(at * hidden + h, state[h]);
            }
          }
          for (int h = 0; h < hidden; h++) {
            lastHidden.setDouble(stateAt(d, b) + h, state[h]);
            if (hasCell) {
              lastCell.setDouble(stateAt(d, b) + h, cell[h]);
            }
          }
        }
      }
      return Operands.result(y, lastHidden, lastCell);
    }

    private DoubleUnaryOperator function(Activation activation) {
      double a = activation.alpha();
      double b = activation.beta();
      return switch (activation.name().toLowerCase(Locale.ROOT)) {
        case "sigmoid" -> ScalarFunctions::sigmoid;
        case "tanh" -> Math::tanh;
        case "relu" -> v -> Math.max(0, v);
        case "affine" -> v -> a * v + b;
        case "leakyrelu" -> v -> v < 0 ? a * v : v;
        case "thresholdedrelu" -> v -> v >= a ? v : 0;
        case "scaledtanh" -> v -> a * Math.tanh(b * v);
        case "hardsigmoid" -> v -> Math.max(0, Math.min(1, a * v + b));
        case "elu" -> v -> v >= 0 ? v : a * Math.expm1(v);
        case "softsign" -> v -> v / (1 + Math.abs(v));
        case "softplus" -> v -> Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
        default -> throw operands.unsupported("activation '" + activation.name() + "'");
      };
    }
  }
}
