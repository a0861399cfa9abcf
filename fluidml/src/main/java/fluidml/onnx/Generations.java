package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Generation.Bernoulli;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.Distribution;
import fluidml.graph.op.Generation.EyeLike;
import fluidml.graph.op.Generation.Multinomial;
import fluidml.graph.op.Generation.Random;
import fluidml.graph.op.Generation.RandomLike;
import fluidml.graph.op.Generation.RangeBy;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.graph.op.Generation.SizeOf;
import fluidml.onnx.proto.SparseTensorProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Operators that make tensors out of nothing, or out of shapes. */
final class Generations {
  private Generations() {}

  static void register(Operators to) {
    to.add("Constant", 1, 0, 0, Generations::constant);
    to.add("ConstantOfShape", 9, 1, 1, Generations::constantOfShape);
    to.add("Shape", 1, 1, 1, Generations::shape);
    to.add("Size", 1, 1, 1, c -> c.out(new SizeOf(), c.operands()));
    to.add("Range", 11, 3, 3, c -> c.out(new RangeBy(), c.operands()));
    to.add("Range", 27, 3, 3, Generations::range27);
    to.add("EyeLike", 9, 1, 1, Generations::eyeLike);
    to.add("RandomUniform", 1, 0, 0, c -> random(c, Distribution.UNIFORM, "low", "high"));
    to.add("RandomNormal", 1, 0, 0, c -> random(c, Distribution.NORMAL, "mean", "scale"));
    to.add("RandomUniformLike", 1, 1, 1, c -> randomLike(c, Distribution.UNIFORM, "low", "high"));
    to.add("RandomNormalLike", 1, 1, 1, c -> randomLike(c, Distribution.NORMAL, "mean", "scale"));
    to.add(
        "Bernoulli",
        15,
        1,
        1,
        c -> c.out(new Bernoulli(c.attributes().dtype("dtype"), seed(c)), c.operands()));
    to.add("Multinomial", 7, 1, 1, Generations::multinomial);
  }

  private static List<Value> constant(Call c) {
    return List.of(c.constantResult(constantTensor(c)));
  }

  private static Tensor constantTensor(Call c) {
    Attributes a = c.attributes();
    Optional<TensorProto> value = a.tensor("value");
    if (value.isPresent()) {
      return c.tensor(value.get());
    }
    Optional<SparseTensorProto> sparse = a.sparseTensor("sparse_value");
    if (sparse.isPresent()) {
      return SparseTensors.dense(sparse.get(), c::tensor, c.name());
    }
    OptionalDouble real = a.real("value_float");
    if (real.isPresent()) {
      return Tensor.scalar((float) real.getAsDouble());
    }
    OptionalLong integer = a.integer("value_int");
    if (integer.isPresent()) {
      return Tensor.scalar(integer.getAsLong());
    }
    Optional<String> text = a.text("value_string");
    if (text.isPresent()) {
      return Tensor.ofStrings(List.of(text.get()));
    }
    Optional<List<Double>> reals = a.reals("value_floats");
    if (reals.isPresent()) {
      return floats(reals.get());
    }
    Optional<List<Long>> integers = a.integers("value_ints");
    if (integers.isPresent()) {
      return Tensor.ofLongs(integers.get().stream().mapToLong(Long::longValue).toArray());
    }
    List<String> texts =
        a.texts("value_strings").orElseThrow(() -> c.invalid("has no value attribute"));
    return Tensor.ofStrings(texts, texts.size());
  }

  /** A one-dimensional float32 tensor. */
  static Tensor floats(List<Double> values) {
    Tensor tensor = Tensor.allocate(DType.FLOAT32, values.size());
    for (int i = 0; i < values.size(); i++) {
      tensor.setDouble(i, values.get(i));
    }
    return tensor;
  }

  private static List<Value> constantOfShape(Call c) {
    Tensor value =
        c.attributes()
            .tensor("value")
            .map(c::tensor)
            .orElseGet(() -> Tensor.allocate(DType.FLOAT32, 1));
    if (value.elements() != 1) {
      throw c.invalid("attribute 'value' has " + value.elements() + " elements, 1 is needed");
    }
    return c.out(new ConstantOfShape(value), c.operands());
  }

  /** Negative bounds count from the end; both are clamped to the rank if it is known. */
  private static List<Value> shape(Call c) {
    long first = c.attributes().integer("start", 0);
    long last = c.attributes().integer("end", Integer.MAX_VALUE);
    if (c.in(0).knownShape().isEmpty() && first >= 0 && last >= first) {
      return c.out(new ShapeOf((int) first, (int) Math.min(last, Integer.MAX_VALUE)), c.operands());
    }
    int rank = c.rank(c.in(0));
    int start = bound(c.attributes().integer("start", 0), rank);
    int end = Math.max(start, bound(c.attributes().integer("end", rank), rank));
    return c.out(new ShapeOf(start, end), c.operands());
  }

  private static int bound(long position, int rank) {
    return Math.clamp(position < 0 ? position + rank : position, 0, rank);
  }

  private static List<Value> range27(Call c) {
    Optional<DType> stash = c.attributes().dtype("stash_type");
    if (stash.isPresent() && stash.get() != DType.FLOAT32) {
      throw c.unsupported("attribute 'stash_type' is " + stash.get() + "; use float32 (1)");
    }
    return c.out(new RangeBy(), c.operands());
  }

  private static List<Value> eyeLike(Call c) {
    return c.out(
        new EyeLike(c.attributes().dtype("dtype"), c.attributes().integer("k", 0)), c.operands());
  }

  private static OptionalDouble seed(Call c) {
    return c.attributes().real("seed");
  }

  private static double second(Call c, String name) {
    return c.attributes().real(name, 1);
  }

  private static List<Value> random(
      Call c, Distribution distribution, String first, String second) {
    Attributes a = c.attributes();
    List<Long> dims = a.requiredIntegers("shape");
    if (dims.stream().anyMatch(d -> d < 0)) {
      throw c.invalid("attribute 'shape' is " + dims);
    }
    return c.out(
        new Random(
            distribution,
            a.real(first, 0),
            second(c, second),
            a.dtype("dtype").orElse(DType.FLOAT32),
            Shape.of(dims.stream().mapToLong(Long::longValue).toArray()),
            seed(c)));
  }

  private static List<Value> randomLike(
      Call c, Distribution distribution, String first, String second) {
    Attributes a = c.attributes();
    return c.out(
        new RandomLike(
            distribution, a.real(first, 0), second(c, second), a.dtype("dtype"), seed(c)),
        c.operands());
  }

  private static List<Value> multinomial(Call c) {
    return c.out(
        new Multinomial(
            c.attributes().dtype("dtype").orElse(DType.INT32),
            c.attributes().integer("sample_size", 1),
            seed(c)),
        c.operands());
  }
}
