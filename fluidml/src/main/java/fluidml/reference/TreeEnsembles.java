package fluidml.reference;

import fluidml.graph.op.Learning.TreeEnsemble;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Ensembles of decision trees as ai.onnx.ml 5 defines them. */
final class TreeEnsembles {
  private static final int MEMBER = 6;

  private TreeEnsembles() {}

  static Tensor predict(TreeEnsemble op, Operands operands) {
    Tensor x = operands.tensor(0);
    int targets = (int) op.targets();
    int rows = (int) x.dim(0);
    List<Set<Double>> members = members(op);
    double[] result = new double[rows * targets];
    double start =
        switch (op.aggregate()) {
          case "MIN" -> Double.POSITIVE_INFINITY;
          case "MAX" -> Double.NEGATIVE_INFINITY;
          case "SUM", "AVERAGE" -> 0;
          default -> throw operands.unsupported("aggregate function " + op.aggregate());
        };
    Arrays.fill(result, start);
    for (int row = 0; row < rows; row++) {
      for (long root : op.roots()) {
        int leaf = leaf(op, members, x, row, (int) root);
        int at = row * targets + op.leafTargets().get(leaf).intValue();
        double weight = op.leafWeights().get(leaf);
        result[at] =
            switch (op.aggregate()) {
              case "MIN" -> Math.min(result[at], weight);
              case "MAX" -> Math.max(result[at], weight);
              case "AVERAGE" -> result[at] + weight / op.roots().size();
              default -> result[at] + weight;
            };
      }
      transform(op, result, row * targets, targets, operands);
    }
    return Loops.tensor(x.dtype(), result, rows, targets);
  }

  /** The set of each node that tests membership, in the order in which the trees are walked. */
  private static List<Set<Double>> members(TreeEnsemble op) {
    List<Set<Double>> sets = new ArrayList<>();
    Set<Double> current = new HashSet<>();
    for (double value : op.memberValues()) {
      if (Double.isNaN(value)) {
        sets.add(current);
        current = new HashSet<>();
      } else {
        current.add(value + 0.0);
      }
    }
    List<Set<Double>> byNode = new ArrayList<>();
    for (int i = 0; i < op.modes().size(); i++) {
      byNode.add(Set.of());
    }
    int[] next = {0};
    for (long root : op.roots()) {
      assign(op, (int) root, sets, byNode, next);
    }
    return byNode;
  }

  private static void assign(
      TreeEnsemble op, int node, List<Set<Double>> sets, List<Set<Double>> byNode, int[] next) {
    if (isLeaf(op, node)) {
      return;
    }
    if (op.modes().get(node) == MEMBER) {
      byNode.set(node, sets.get(next[0]++));
    }
    if (!op.trueLeafs().get(node)) {
      assign(op, op.trueIds().get(node).intValue(), sets, byNode, next);
    }
    if (!op.falseLeafs().get(node)) {
      assign(op, op.falseIds().get(node).intValue(), sets, byNode, next);
    }
  }

  /** Whether a root stands for a tree of one leaf: both of its branches are the same leaf. */
  private static boolean isLeaf(TreeEnsemble op, int node) {
    return op.trueLeafs().get(node)
        && op.falseLeafs().get(node)
        && op.trueIds().get(node).equals(op.falseIds().get(node));
  }

  private static int leaf(TreeEnsemble op, List<Set<Double>> members, Tensor x, int row, int root) {
    int node = root;
    while (true) {
      double value = x.getDouble(row * x.dim(1) + op.features().get(node));
      boolean missing =
          Double.isNaN(value) && !op.missingGoesTrue().isEmpty() && op.missingGoesTrue().get(node);
      boolean yes = missing || test(op, members, node, value);
      int next = (yes ? op.trueIds() : op.falseIds()).get(node).intValue();
      if ((yes ? op.trueLeafs() : op.falseLeafs()).get(node)) {
        return next;
      }
      node = next;
    }
  }

  private static boolean test(TreeEnsemble op, List<Set<Double>> members, int node, double value) {
    double split = op.splits().getDouble(node);
    return switch (op.modes().get(node).intValue()) {
      case 0 -> value <= split;
      case 1 -> value < split;
      case 2 -> value >= split;
      case 3 -> value > split;
      case 4 -> value == split;
      case 5 -> value != split;
      case MEMBER -> members.get(node).contains(value + 0.0);
      default ->
          throw new IllegalArgumentException("node mode " + op.modes().get(node) + " is not known");
    };
  }

  private static void transform(
      TreeEnsemble op, double[] values, int at, int count, Operands operands) {
    switch (op.postTransform()) {
      case "NONE" -> {}
      case "LOGISTIC" -> {
        for (int i = at; i < at + count; i++) {
          values[i] = ScalarFunctions.sigmoid(values[i]);
        }
      }
      case "SOFTMAX", "SOFTMAX_ZERO" -> {
        boolean keepZeros = op.postTransform().equals("SOFTMAX_ZERO");
        double max = Arrays.stream(values, at, at + count).max().orElse(0);
        double sum = 0;
        for (int i = at; i < at + count; i++) {
          boolean zero = keepZeros && values[i] == 0;
          values[i] = zero ? 0 : Math.exp(values[i] - max);
          sum += values[i];
        }
        for (int i = at; i < at + count; i++) {
          values[i] /= sum;
        }
      }
      default -> throw operands.unsupported("post transform " + op.postTransform());
    }
  }
}
