package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Elementwise.Where;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.Distribution;
import fluidml.graph.op.Generation.RandomLike;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Clip and Dropout, whose arguments moved from attributes to inputs. */
final class Clamps {
  private Clamps() {}

  static void register(Operators to) {
    to.add("Clip", 6, 1, 1, Clamps::clipByAttributes);
    to.add("Clip", 11, 1, 3, c -> c.out(new Clip(), c.operands()));
    to.add("Dropout", 7, 1, 1, c -> dropout(c, false));
    to.add("Dropout", 10, 1, 1, c -> dropout(c, true));
    to.add("Dropout", 12, 1, 3, Clamps::trainableDropout);
  }

  private static List<Value> clipByAttributes(Call c) {
    return c.out(new Clip(), c.in(0), bound(c, "min"), bound(c, "max"));
  }

  private static Value bound(Call c, String attribute) {
    OptionalDouble value = c.attributes().real(attribute);
    return value.isPresent() ? c.scalar(c.dtype(c.in(0)), value.getAsDouble()) : Value.ABSENT;
  }

  private static List<Value> dropout(Call c, boolean boolMask) {
    c.attributes().ignore("ratio");
    return inference(c, boolMask ? DType.BOOL : c.dtype(c.in(0)));
  }

  /**
   * Keeps an element when a number drawn from [0, 1) is not below the ratio, which inference sets
   * to 0.
   */
  private static List<Value> trainableDropout(Call c) {
    if (!c.has(2)) {
      c.attributes().ignore("seed");
      return inference(c, DType.BOOL);
    }
    OptionalDouble seed = c.attributes().integer("seed").stream().asDoubleStream().findFirst();
    Optional<Tensor> training = c.knownTensor(c.in(2));
    if (training.isPresent() && !training.get().getBoolean(0)) {
      return inference(c, DType.BOOL);
    }
    Value x = c.in(0);
    DType dtype = c.dtype(x);
    Value given = c.has(1) ? c.cast(c.in(1), DType.FLOAT32) : c.scalar(DType.FLOAT32, 0.5);
    Value ratio = c.add(new Where(), c.in(2), given, c.scalar(DType.FLOAT32, 0));
    Value drawn =
        c.add(new RandomLike(Distribution.UNIFORM, 0, 1, Optional.of(DType.FLOAT32), seed), x);
    Value keep =
        c.wants(1)
            ? c.out(1, new Binary(BinaryFunction.GREATER_OR_EQUAL), drawn, ratio)
            : c.binary(BinaryFunction.GREATER_OR_EQUAL, drawn, ratio);
    Value kept = c.minus(c.scalar(DType.FLOAT32, 1), ratio);
    Value scaled = c.divided(x, c.cast(kept, dtype));
    return List.of(c.out(0, new Where(), keep, scaled, c.scalar(dtype, 0)), keep);
  }

  /** The operand as it is, with a mask of ones if that is asked for. */
  private static List<Value> inference(Call c, DType maskType) {
    if (!c.wants(1)) {
      return List.of(c.in(0));
    }
    Tensor one = Tensor.allocate(maskType, 1);
    one.setDouble(0, 1);
    Value shape = c.add(new ShapeOf(0, c.rank(c.in(0))), c.in(0));
    return List.of(c.in(0), c.out(1, new ConstantOfShape(one), shape));
  }
}
