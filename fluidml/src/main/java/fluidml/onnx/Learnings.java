package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Learning.Adagrad;
import fluidml.graph.op.Learning.Adam;
import fluidml.graph.op.Learning.Binarizer;
import fluidml.graph.op.Learning.LabelEncoder;
import fluidml.graph.op.Learning.LossReduction;
import fluidml.graph.op.Learning.Momentum;
import fluidml.graph.op.Learning.NegativeLogLikelihoodLoss;
import fluidml.graph.op.Learning.SoftmaxCrossEntropyLoss;
import fluidml.graph.op.Learning.TreeEnsemble;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Losses, optimisers, and the classical models of {@code ai.onnx.ml}. */
final class Learnings {
  private static final Map<String, LossReduction> REDUCTIONS =
      Map.of("none", LossReduction.NONE, "sum", LossReduction.SUM, "mean", LossReduction.MEAN);

  private static final List<String> AGGREGATES = List.of("AVERAGE", "SUM", "MIN", "MAX");

  private static final List<String> POST_TRANSFORMS =
      List.of("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT");

  private Learnings() {}

  static void register(Operators to) {
    to.add(
        "NegativeLogLikelihoodLoss",
        12,
        2,
        3,
        c ->
            c.out(
                new NegativeLogLikelihoodLoss(reduction(c), c.attributes().integer("ignore_index")),
                c.operands()));
    to.add(
        "SoftmaxCrossEntropyLoss",
        12,
        2,
        3,
        c ->
            c.out(
                new SoftmaxCrossEntropyLoss(reduction(c), c.attributes().integer("ignore_index")),
                c.operands()));
    int any = Integer.MAX_VALUE;
    to.add(Operators.TRAINING, "Adagrad", 1, 3, any, Learnings::adagrad);
    to.add(Operators.TRAINING, "Adam", 1, 3, any, Learnings::adam);
    to.add(Operators.TRAINING, "Momentum", 1, 3, any, Learnings::momentum);
    to.add(
        Operators.ML,
        "Binarizer",
        1,
        1,
        1,
        c -> c.out(new Binarizer(c.attributes().real("threshold", 0)), c.operands()));
    to.add(Operators.ML, "LabelEncoder", 2, 1, 1, Learnings::labelEncoder);
    to.add(Operators.ML, "TreeEnsemble", 5, 1, 1, Learnings::treeEnsemble);
  }

  private static LossReduction reduction(Call c) {
    return c.attributes().choice("reduction", "mean", REDUCTIONS);
  }

  private static List<Value> adagrad(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new Adagrad(a.real("decay_factor", 0), a.real("epsilon", 0), a.real("norm_coefficient", 0)),
        c.operands());
  }

  private static List<Value> adam(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new Adam(
            a.real("alpha", 0.9f),
            a.real("beta", 0.999f),
            a.real("epsilon", 0),
            a.real("norm_coefficient", 0),
            a.real("norm_coefficient_post", 0)),
        c.operands());
  }

  private static List<Value> momentum(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new Momentum(
            a.requiredReal("alpha"),
            a.requiredReal("beta"),
            a.choice("mode", "", Map.of("standard", false, "nesterov", true)),
            a.requiredReal("norm_coefficient")),
        c.operands());
  }

  private static List<Value> labelEncoder(Call c) {
    Tensor keys = mapping(c, "keys").orElseThrow(() -> c.invalid("one of 'keys_*' is required"));
    Tensor values =
        mapping(c, "values").orElseThrow(() -> c.invalid("one of 'values_*' is required"));
    if (keys.elements() != values.elements()) {
      throw c.invalid("has %d keys and %d values".formatted(keys.elements(), values.elements()));
    }
    return c.out(new LabelEncoder(keys, values, defaultValue(c, values.dtype())), c.operands());
  }

  private static Optional<Tensor> mapping(Call c, String prefix) {
    Attributes a = c.attributes();
    Optional<Tensor> strings = a.texts(prefix + "_strings").map(v -> Tensor.ofStrings(v, v.size()));
    Optional<Tensor> integers =
        a.integers(prefix + "_int64s")
            .map(v -> Tensor.ofLongs(v.stream().mapToLong(Long::longValue).toArray()));
    Optional<Tensor> floats = a.reals(prefix + "_floats").map(Generations::floats);
    Optional<Tensor> tensor = a.tensor(prefix + "_tensor").map(c::tensor);
    return tensor.or(() -> strings).or(() -> integers).or(() -> floats);
  }

  private static Tensor defaultValue(Call c, DType dtype) {
    Attributes a = c.attributes();
    Optional<TensorProto> tensor = a.tensor("default_tensor");
    String text = a.text("default_string", "_Unused");
    long integer = a.integer("default_int64", -1);
    double real = a.real("default_float", -0.0f);
    if (tensor.isPresent()) {
      return c.tensor(tensor.get());
    }
    if (dtype == DType.STRING) {
      return Tensor.ofStrings(List.of(text), 1);
    }
    Tensor value = Tensor.allocate(dtype, 1);
    if (dtype.isFloat()) {
      value.setDouble(0, real);
    } else {
      value.setLong(0, integer);
    }
    return value;
  }

  private static List<Value> treeEnsemble(Call c) {
    Attributes a = c.attributes();
    a.ignore("nodes_hitrates");
    List<Long> features = a.requiredIntegers("nodes_featureids");
    int nodes = features.size();
    List<Long> missing =
        a.integers("nodes_missing_value_tracks_true", Collections.nCopies(nodes, 0L));
    TreeEnsemble trees =
        new TreeEnsemble(
            a.integer("n_targets", 1),
            word(c, "aggregate_function", 1, AGGREGATES),
            word(c, "post_transform", 0, POST_TRANSFORMS),
            a.requiredIntegers("tree_roots"),
            features,
            integers(required(c, "nodes_modes")),
            required(c, "nodes_splits"),
            a.requiredIntegers("nodes_truenodeids"),
            flags(a.requiredIntegers("nodes_trueleafs")),
            a.requiredIntegers("nodes_falsenodeids"),
            flags(a.requiredIntegers("nodes_falseleafs")),
            flags(missing),
            a.tensor("membership_values").map(t -> reals(c.tensor(t))).orElse(List.of()),
            a.requiredIntegers("leaf_targetids"),
            reals(required(c, "leaf_weights")));
    checkTrees(c, trees, nodes);
    return c.out(trees, c.operands());
  }

  /**
   * Every list has its length and every reference its target, so that evaluation only has to end.
   */
  private static void checkTrees(Call c, TreeEnsemble t, int nodes) {
    boolean parallel =
        t.modes().size() == nodes
            && t.splits().elements() == nodes
            && t.trueIds().size() == nodes
            && t.trueLeafs().size() == nodes
            && t.falseIds().size() == nodes
            && t.falseLeafs().size() == nodes
            && t.missingGoesTrue().size() == nodes
            && t.leafTargets().size() == t.leafWeights().size();
    if (!parallel) {
      throw c.invalid("the attributes 'nodes_*' or 'leaf_*' differ in length");
    }
    int leafs = t.leafTargets().size();
    for (int i = 0; i < nodes; i++) {
      reference(c, t.trueIds().get(i), t.trueLeafs().get(i) ? leafs : nodes);
      reference(c, t.falseIds().get(i), t.falseLeafs().get(i) ? leafs : nodes);
      reference(c, t.modes().get(i), 7);
    }
    t.roots().forEach(root -> reference(c, root, nodes));
    t.leafTargets().forEach(target -> reference(c, target, t.targets()));
  }

  private static void reference(Call c, long id, long count) {
    if (id < 0 || id >= count) {
      throw c.invalid("a tree refers to entry " + id + " of " + count);
    }
  }

  private static String word(Call c, String name, long absent, List<String> words) {
    long index = c.attributes().integer(name, absent);
    if (index < 0 || index >= words.size()) {
      throw c.unsupported(
          "attribute '" + name + "' is " + index + "; use 0 to " + (words.size() - 1));
    }
    return words.get((int) index);
  }

  private static Tensor required(Call c, String name) {
    return c.attributes()
        .tensor(name)
        .map(c::tensor)
        .orElseThrow(() -> c.invalid("attribute '" + name + "' is required"));
  }

  private static List<Long> integers(Tensor tensor) {
    return Arrays.stream(tensor.toLongs()).boxed().toList();
  }

  private static List<Boolean> flags(List<Long> values) {
    return values.stream().map(v -> v != 0).toList();
  }

  private static List<Double> reals(Tensor tensor) {
    return LongStream.range(0, tensor.elements()).mapToObj(tensor::getDouble).toList();
  }
}
