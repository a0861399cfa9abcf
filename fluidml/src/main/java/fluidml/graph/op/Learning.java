package fluidml.graph.op;

import fluidml.tensor.Tensor;
import java.util.List;
import java.util.OptionalLong;

/** Losses, optimisers and the classical models of {@code ai.onnx.ml}. */
public sealed interface Learning extends Op {
  /** How a loss is reduced. */
  enum LossReduction {
    NONE,
    SUM,
    MEAN
  }

  /** {@code (logProbabilities, target, weight?) → loss}. */
  record NegativeLogLikelihoodLoss(LossReduction reduction, OptionalLong ignoreIndex)
      implements Learning {}

  /** {@code (scores, labels, weight?) → (loss, logProbabilities?)}. */
  record SoftmaxCrossEntropyLoss(LossReduction reduction, OptionalLong ignoreIndex)
      implements Learning {}

  /** {@code (rate, step, x…, gradient…, accumulated…) → (x…, accumulated…)}. */
  record Adagrad(double decayFactor, double epsilon, double normCoefficient) implements Learning {}

  /** {@code (rate, step, x…, gradient…, first moment…, second moment…) → (x…, first…, second…)}. */
  record Adam(
      double alpha, double beta, double epsilon, double normCoefficient, double normCoefficientPost)
      implements Learning {}

  /** {@code (rate, step, x…, gradient…, momentum…) → (x…, momentum…)}. */
  record Momentum(double alpha, double beta, boolean nesterov, double normCoefficient)
      implements Learning {}

  /** {@code (x) → x > threshold ? 1 : 0}. */
  record Binarizer(double threshold) implements Learning {}

  /**
   * {@code (x) → value of the key x}; keys and values are one-dimensional, the default has one
   * element.
   */
  record LabelEncoder(Tensor keys, Tensor values, Tensor defaultValue) implements Learning {}

  /**
   * {@code (x [n, features]) → [n, targets]} as ai.onnx.ml 5 defines it; every list of nodes is
   * parallel.
   */
  record TreeEnsemble(
      long targets,
      String aggregate,
      String postTransform,
      List<Long> roots,
      List<Long> features,
      List<Long> modes,
      Tensor splits,
      List<Long> trueIds,
      List<Boolean> trueLeafs,
      List<Long> falseIds,
      List<Boolean> falseLeafs,
      List<Boolean> missingGoesTrue,
      List<Double> memberValues,
      List<Long> leafTargets,
      List<Double> leafWeights)
      implements Learning {}
}
