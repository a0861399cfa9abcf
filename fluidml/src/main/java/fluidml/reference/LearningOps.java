package fluidml.reference;

import fluidml.graph.op.Learning;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Computes the ops of {@link Learning}. */
final class LearningOps {
  private LearningOps() {}

  static List<Datum> execute(Learning op, Operands operands) {
    return switch (op) {
      case Learning.NegativeLogLikelihoodLoss loss ->
          Operands.result(
              loss(
                  operands.tensor(0),
                  operands.tensor(1),
                  operands.optionalTensor(2),
                  loss.reduction(),
                  loss.ignoreIndex()));
      case Learning.SoftmaxCrossEntropyLoss loss -> {
        Tensor logs = ReductionOps.softmax(operands.tensor(0), 1, true);
        yield Operands.result(
            loss(
                logs,
                operands.tensor(1),
                operands.optionalTensor(2),
                loss.reduction(),
                loss.ignoreIndex()),
            logs);
      }
      case Learning.Adagrad adagrad -> adagrad(adagrad, operands);
      case Learning.Adam adam -> adam(adam, operands);
      case Learning.Momentum momentum -> momentum(momentum, operands);
      case Learning.Binarizer(double threshold) ->
          Operands.result(
              Loops.mapReal(
                  operands.tensor(0), operands.tensor(0).dtype(), v -> v > threshold ? 1 : 0));
      case Learning.LabelEncoder encoder -> Operands.result(encode(encoder, operands.tensor(0)));
      case Learning.TreeEnsemble trees -> Operands.result(TreeEnsembles.predict(trees, operands));
    };
  }

  /** −log p of the target class, weighted by class; x is [n, classes, positions…]. */
  private static Tensor loss(
      Tensor x,
      Tensor target,
      Optional<Tensor> weight,
      Learning.LossReduction reduction,
      OptionalLong ignored) {
    long classes = x.dim(1);
    long inner = NdIndex.product(x.dims(), 2, x.rank());
    double[] losses = new double[Math.toIntExact(target.elements())];
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < losses.length; i++) {
      long label = target.getLong(i);
      if (ignored.isPresent() && ignored.getAsLong() == label) {
        continue;
      }
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException("target " + label + " of " + classes + " classes");
      }
      double factor = weight.isPresent() ? weight.get().getDouble(label) : 1;
      losses[i] = -x.getDouble((i / inner * classes + label) * inner + i % inner) * factor;
      sum += losses[i];
      weights += factor;
    }
    return switch (reduction) {
      case NONE -> Loops.tensor(x.dtype(), losses, target.dims());
      case SUM -> Loops.tensor(x.dtype(), new double[] {sum});
      case MEAN -> Loops.tensor(x.dtype(), new double[] {sum / weights});
    };
  }

  /** One parameter's update, element by element. */
  @FunctionalInterface
  private interface Update {
    /**
     * Replaces the state.
     *
     * @param state the parameter, its gradient, then the accumulators
     */
    void update(double[] state);
  }

  /**
   * Runs an optimiser over operands (rate, step, then lists of as many tensors each: parameters,
   * gradients, {@code accumulators} lists of accumulators).
   */
  private static List<Datum> optimize(Operands operands, int accumulators, Update update) {
    int count = (operands.count() - 2) / (accumulators + 2);
    List<List<Datum>> results = new ArrayList<>();
    for (int list = 0; list <= accumulators; list++) {
      results.add(new ArrayList<>());
    }
    for (int p = 0; p < count; p++) {
      List<Tensor> tensors = new ArrayList<>();
      for (int list = 0; list < accumulators + 2; list++) {
        tensors.add(operands.tensor(2 + list * count + p));
      }
      List<Tensor> updated = new ArrayList<>();
      for (int list = 0; list <= accumulators; list++) {
        Tensor like = tensors.get(list == 0 ? 0 : list + 1);
        updated.add(Tensor.allocate(like.dtype(), like.dims()));
      }
      double[] state = new double[accumulators + 2];
      for (long i = 0; i < tensors.getFirst().elements(); i++) {
        for (int s = 0; s < state.length; s++) {
          state[s] = tensors.get(s).getDouble(i);
        }
        update.update(state);
        for (int list = 0; list <= accumulators; list++) {
          updated.get(list).setDouble(i, state[list == 0 ? 0 : list + 1]);
        }
      }
      for (int list = 0; list <= accumulators; list++) {
        results.get(list).add(Datum.of(updated.get(list)));
      }
    }
    return results.stream().flatMap(List::stream).toList();
  }

  private static List<Datum> adagrad(Learning.Adagrad op, Operands operands) {
    double rate = operands.scalarDouble(0) / (1 + operands.scalarLong(1) * op.decayFactor());
    return optimize(
        operands,
        1,
        s -> {
          double gradient = op.normCoefficient() * s[0] + s[1];
          s[2] += gradient * gradient;
          s[0] -= rate * gradient / (Math.sqrt(s[2]) + op.epsilon());
        });
  }

  private static List<Datum> adam(Learning.Adam op, Operands operands) {
    double step = operands.scalarLong(1);
    double correction =
        step > 0 ? Math.sqrt(1 - Math.pow(op.beta(), step)) / (1 - Math.pow(op.alpha(), step)) : 1;
    double rate = operands.scalarDouble(0) * correction;
    return optimize(
        operands,
        2,
        s -> {
          double gradient = op.normCoefficient() * s[0] + s[1];
          s[2] = op.alpha() * s[2] + (1 - op.alpha()) * gradient;
          s[3] = op.beta() * s[3] + (1 - op.beta()) * gradient * gradient;
          double moved = s[0] - rate * s[2] / (Math.sqrt(s[3]) + op.epsilon());
          s[0] = (1 - op.normCoefficientPost()) * moved;
        });
  }

  private static List<Datum> momentum(Learning.Momentum op, Operands operands) {
    double rate = operands.scalarDouble(0);
    double beta = operands.scalarLong(1) > 0 ? op.beta() : 1;
    return optimize(
        operands,
        1,
        s -> {
          double gradient = op.normCoefficient() * s[0] + s[1];
          s[2] = op.alpha() * s[2] + beta * gradient;
          s[0] -= rate * (op.nesterov() ? gradient + op.alpha() * s[2] : s[2]);
        });
  }

  private static Tensor encode(Learning.LabelEncoder op, Tensor x) {
    Map<Object, Long> positions = new HashMap<>();
    for (long i = 0; i < op.keys().elements(); i++) {
      positions.putIfAbsent(key(op.keys(), i), i);
    }
    Elements y = new Elements(op.values().dtype(), x.dims());
    for (long i = 0; i < x.elements(); i++) {
      Long position = positions.get(key(x, i));
      if (position == null) {
        y.copy(i, op.defaultValue(), 0);
      } else {
        y.copy(i, op.values(), position);
      }
    }
    return y.build();
  }

  private static Object key(Tensor tensor, long index) {
    if (tensor.dtype() == DType.STRING) {
      return tensor.getString(index);
    }
    return tensor.dtype().isFloat()
        ? (Object) (tensor.getDouble(index) + 0.0)
        : (Object) tensor.getLong(index);
  }
}
