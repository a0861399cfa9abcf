package fluidml.reference;

import fluidml.graph.op.Generation;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Computes the ops of {@link Generation}. Random numbers with a seed come from {@link
 * MersenneTwister}.
 */
final class GenerationOps {
  private GenerationOps() {}

  static List<Datum> execute(Generation op, Operands operands) {
    return Operands.result(
        switch (op) {
          case Generation.Constant constant -> constant.tensor();
          case Generation.DimTensor tensor ->
              Tensor.of(operands.values(tensor.elements()), operands.values(tensor.shape()));
          case Generation.Range range -> range(range, operands);
          case Generation.RangeBy range ->
              range(operands.tensor(0), operands.tensor(1), operands.tensor(2));
          case Generation.ConstantOfShape fill ->
              Moves.expand(one(fill.value()), operands.longs(0));
          case Generation.ShapeOf shape -> extents(shape, operands.tensor(0).dims());
          case Generation.SizeOf size -> Tensor.scalar(operands.tensor(0).elements());
          case Generation.EyeLike eye -> eye(eye, operands.tensor(0));
          case Generation.Random random ->
              random(
                  Tensor.allocate(random.dtype(), operands.values(random.shape())),
                  random.distribution(),
                  random.first(),
                  random.second(),
                  random.seed());
          case Generation.RandomLike random ->
              random(
                  Tensor.allocate(
                      random.dtype().orElse(operands.tensor(0).dtype()), operands.tensor(0).dims()),
                  random.distribution(),
                  random.first(),
                  random.second(),
                  random.seed());
          case Generation.Bernoulli bernoulli -> bernoulli(bernoulli, operands.tensor(0));
          case Generation.Multinomial multinomial -> draw(multinomial, operands.tensor(0));
        });
  }

  private static Tensor extents(Generation.ShapeOf shape, long[] dims) {
    int end = Math.min(shape.end(), dims.length);
    return Tensor.ofLongs(Arrays.copyOfRange(dims, Math.min(shape.start(), end), end));
  }

  private static Tensor one(Tensor value) {
    if (value.elements() != 1) {
      throw new IllegalArgumentException("the fill value has one element, not " + value);
    }
    return value.reshaped();
  }

  private static Tensor range(Generation.Range range, Operands operands) {
    long start = operands.value(range.start());
    Tensor result = Tensor.allocate(range.dtype(), operands.value(range.size()));
    for (long i = 0; i < result.elements(); i++) {
      result.setLong(i, start + i * range.step());
    }
    return result;
  }

  private static Tensor range(Tensor start, Tensor limit, Tensor delta) {
    DType dtype = start.dtype();
    if (dtype.isInteger()) {
      long first = start.getLong(0);
      long step = delta.getLong(0);
      if (step == 0) {
        throw new IllegalArgumentException("a range with step 0");
      }
      long size = Math.max(0, Math.ceilDiv(limit.getLong(0) - first, step));
      Tensor result = Tensor.allocate(dtype, size);
      for (long i = 0; i < size; i++) {
        result.setLong(i, first + i * step);
      }
      return result;
    }
    double first = start.getDouble(0);
    double step = delta.getDouble(0);
    double size = Math.max(0, Math.ceil((limit.getDouble(0) - first) / step));
    if (Double.isNaN(size) || Double.isInfinite(size)) {
      throw new IllegalArgumentException("a range from " + first + " with step " + step);
    }
    Tensor result = Tensor.allocate(dtype, (long) size);
    for (long i = 0; i < result.elements(); i++) {
      result.setDouble(i, first + i * step);
    }
    return result;
  }

  private static Tensor eye(Generation.EyeLike eye, Tensor x) {
    Tensor result = Tensor.allocate(eye.dtype().orElse(x.dtype()), x.dims());
    long columns = x.dim(1);
    for (long row = 0; row < x.dim(0); row++) {
      long column = row + eye.diagonal();
      if (column >= 0 && column < columns) {
        result.setDouble(row * columns + column, 1);
      }
    }
    return result;
  }

  private static RandomGenerator generator(OptionalDouble seed) {
    if (seed.isEmpty()) {
      return new SplittableRandom();
    }
    double value = seed.getAsDouble();
    boolean whole = value == Math.rint(value) && Math.abs(value) < 0x1p32;
    return new MersenneTwister(whole ? (int) (long) value : Double.hashCode(value));
  }

  private static Tensor random(
      Tensor result,
      Generation.Distribution distribution,
      double first,
      double second,
      OptionalDouble seed) {
    RandomGenerator generator = generator(seed);
    for (long i = 0; i < result.elements(); i++) {
      result.setDouble(
          i,
          switch (distribution) {
            case UNIFORM -> first + generator.nextDouble() * (second - first);
            case NORMAL -> first + generator.nextGaussian() * second;
          });
    }
    return result;
  }

  private static Tensor bernoulli(Generation.Bernoulli bernoulli, Tensor x) {
    RandomGenerator generator = generator(bernoulli.seed());
    Tensor result = Tensor.allocate(bernoulli.dtype().orElse(x.dtype()), x.dims());
    for (long i = 0; i < result.elements(); i++) {
      result.setDouble(i, generator.nextDouble() < x.getDouble(i) ? 1 : 0);
    }
    return result;
  }

  private static Tensor draw(Generation.Multinomial op, Tensor logits) {
    RandomGenerator generator = generator(op.seed());
    int classes = Math.toIntExact(logits.dim(1));
    Tensor result = Tensor.allocate(op.dtype(), logits.dim(0), op.samples());
    for (long batch = 0; batch < logits.dim(0); batch++) {
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        max = Math.max(max, logits.getDouble(batch * classes + c));
      }
      double[] cumulative = new double[classes];
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(logits.getDouble(batch * classes + c) - max);
        cumulative[c] = sum;
      }
      for (long s = 0; s < op.samples(); s++) {
        int at = Arrays.binarySearch(cumulative, generator.nextDouble() * sum);
        result.setLong(batch * op.samples() + s, Math.min(classes - 1, at < 0 ? -at - 1 : at + 1));
      }
    }
    return result;
  }
}
