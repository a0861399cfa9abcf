package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Learning;
import fluidml.graph.op.Learning.Adagrad;
import fluidml.graph.op.Learning.Adam;
import fluidml.graph.op.Learning.Binarizer;
import fluidml.graph.op.Learning.LabelEncoder;
import fluidml.graph.op.Learning.LossReduction;
import fluidml.graph.op.Learning.Momentum;
import fluidml.graph.op.Learning.NegativeLogLikelihoodLoss;
import fluidml.graph.op.Learning.SoftmaxCrossEntropyLoss;
import fluidml.graph.op.Learning.TreeEnsemble;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of losses, optimisers and classical models. */
final class LearningTypes {
  private LearningTypes() {}

  static List<Type> infer(Site site, Learning op) {
    return switch (op) {
      case NegativeLogLikelihoodLoss loss -> {
        site.arity(2, 3);
        yield site.one(site.requireFloat(0), loss(site, loss.reduction()));
      }
      case SoftmaxCrossEntropyLoss loss -> {
        site.arity(2, 3);
        site.requireFloat(0);
        yield site.firstOf(
            new Type.TensorType(site.dtype(0), loss(site, loss.reduction())),
            new Type.TensorType(site.dtype(0), site.shape(0)));
      }
      case Adagrad _, Momentum _ -> optimiser(site, 3);
      case Adam _ -> optimiser(site, 4);
      case Binarizer _ -> {
        site.arity(1, 1);
        yield site.one(site.requireNumber(0), site.shape(0));
      }
      case LabelEncoder encoder -> {
        site.arity(1, 1);
        site.requireType(0, encoder.keys().dtype());
        yield site.one(encoder.values().dtype(), site.shape(0));
      }
      case TreeEnsemble trees -> {
        site.arity(1, 1);
        site.requireNumber(0);
        Dim rows = site.rank(0, 2).map(s -> s.dim(0)).orElseGet(site::fresh);
        yield site.one(trees.splits().dtype(), Shape.of(rows, Dim.of(trees.targets())));
      }
    };
  }

  private static Optional<Shape> loss(Site site, LossReduction reduction) {
    site.requireIndex(1);
    site.sameType(0, 2);
    Optional<Shape> scores = site.rank(0, 2, Integer.MAX_VALUE);
    Optional<Shape> target = site.shape(1);
    if (scores.isPresent()) {
      site.rank(1, scores.get().rank() - 1);
    }
    return reduction == LossReduction.NONE ? target : Optional.of(Shape.SCALAR);
  }

  /** Of {@code groups} operands for each tensor all but the gradient come out. */
  private static List<Type> optimiser(Site site, int groups) {
    int tensors = (site.operands() - 2) / groups;
    if (tensors < 1 || site.operands() != 2 + groups * tensors) {
      throw site.error("takes 2 operands and %d for each tensor".formatted(groups));
    }
    site.results(tensors * (groups - 1), tensors * (groups - 1));
    List<Type> types = new ArrayList<>();
    for (int group = 0; group < groups; group++) {
      for (int i = 0; group != 1 && i < tensors; i++) {
        types.add(site.type(2 + group * tensors + i));
      }
    }
    return types;
  }
}
