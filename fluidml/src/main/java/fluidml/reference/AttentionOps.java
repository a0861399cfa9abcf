package fluidml.reference;

import fluidml.graph.op.Contraction;
import fluidml.graph.op.Contraction.AttentionScores;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Scaled dot-product attention. Scores are soft-capped before the mask is added, so that what is
 * masked stays masked; a row that is masked completely attends to nothing and gives zeros.
 */
final class AttentionOps {
  private AttentionOps() {}

  /** Heads × positions × depth of each batch, whatever the operand's form was. */
  private record Heads(double[] values, int batch, int heads, int length, int depth) {
    static Heads of(Tensor x, long heads) {
      double[] values = Loops.doubles(x);
      if (x.rank() == 4) {
        return new Heads(values, (int) x.dim(0), (int) x.dim(1), (int) x.dim(2), (int) x.dim(3));
      }
      int batch = (int) x.dim(0);
      int length = (int) x.dim(1);
      int count = (int) heads;
      int depth = (int) (x.dim(2) / heads);
      Heads result = new Heads(new double[values.length], batch, count, length, depth);
      for (int i = 0; i < values.length; i++) {
        int column = i % (count * depth);
        int row = i / (count * depth);
        int at = result.at(row / length, column / depth) + row % length * depth + column % depth;
        result.values[at] = values[i];
      }
      return result;
    }

    /** Where the matrix of one head begins. */
    int at(int b, int head) {
      return (b * heads + head) * length * depth;
    }

    Heads after(Heads past) {
      int total = past.length + length;
      Heads joined =
          new Heads(new double[batch * heads * total * depth], batch, heads, total, depth);
      for (int b = 0; b < batch; b++) {
        for (int h = 0; h < heads; h++) {
          int split = past.length * depth;
          System.arraycopy(past.values, past.at(b, h), joined.values, joined.at(b, h), split);
          System.arraycopy(
              values, at(b, h), joined.values, joined.at(b, h) + split, length * depth);
        }
      }
      return joined;
    }

    Tensor tensor(DType dtype) {
      return Loops.tensor(dtype, values, batch, heads, length, depth);
    }
  }

  static List<Datum> execute(Contraction.Attention op, Operands operands) {
    Tensor query = operands.tensor(0);
    Heads q = Heads.of(query, op.queryHeads());
    Heads k = Heads.of(operands.tensor(1), op.keyValueHeads());
    Heads v = Heads.of(operands.tensor(2), op.keyValueHeads());
    int past = 0;
    if (operands.has(4)) {
      Heads before = Heads.of(operands.tensor(4), 0);
      past = before.length;
      k = k.after(before);
    }
    if (operands.has(5)) {
      v = v.after(Heads.of(operands.tensor(5), 0));
    }
    if (k.heads == 0 || q.heads % k.heads != 0) {
      throw new IllegalArgumentException(q.heads + " heads over " + k.heads + " key heads");
    }
    long[] valid = operands.optionalLongs(6).orElse(new long[0]);
    double[] bias = bias(operands.optionalTensor(3), q, k);
    double scale = op.scale().orElse(1 / Math.sqrt(q.depth));
    int rows = q.length;
    int columns = k.length;
    Heads y =
        new Heads(new double[q.batch * q.heads * rows * v.depth], q.batch, q.heads, rows, v.depth);
    Heads kept =
        new Heads(new double[q.batch * q.heads * rows * columns], q.batch, q.heads, rows, columns);
    double[] scores = new double[rows * columns];
    double[] product = new double[rows * v.depth];
    for (int b = 0; b < q.batch; b++) {
      for (int h = 0; h < q.heads; h++) {
        int kvHead = h / (q.heads / k.heads);
        Products.gemm(
            rows,
            columns,
            q.depth,
            Products.rows(q.values, q.at(b, h), q.depth, 1),
            Products.rows(k.values, k.at(b, kvHead), 1, k.depth),
            Products.sink(scores, 0, columns));
        for (int i = 0; i < scores.length; i++) {
          scores[i] *= scale;
        }
        keep(op, AttentionScores.RAW, scores, kept, b, h);
        if (op.softcap() != 0) {
          for (int i = 0; i < scores.length; i++) {
            scores[i] = op.softcap() * Math.tanh(scores[i] / op.softcap());
          }
        }
        keep(op, AttentionScores.CAPPED, scores, kept, b, h);
        long length = valid.length == 0 ? columns : valid[b];
        long offset = operands.has(4) || valid.length == 0 ? past : length - rows;
        for (int i = 0; i < scores.length; i++) {
          int column = i % columns;
          boolean hidden = column >= length || (op.causal() && column > i / columns + offset);
          double added = bias.length == 0 ? 0 : bias[kept.at(b, h) + i];
          boolean masked = hidden || added == Double.NEGATIVE_INFINITY;
          scores[i] = masked ? Double.NEGATIVE_INFINITY : scores[i] + added;
        }
        keep(op, AttentionScores.MASKED, scores, kept, b, h);
        softmax(scores, columns);
        keep(op, AttentionScores.SOFTMAX, scores, kept, b, h);
        weigh(scores, v, v.at(b, kvHead), product);
        System.arraycopy(product, 0, y.values, y.at(b, h), product.length);
      }
    }
    DType dtype = query.dtype();
    return Operands.result(
        query.rank() == 4 ? y.tensor(dtype) : merged(y, dtype),
        k.tensor(operands.tensor(1).dtype()),
        v.tensor(operands.tensor(2).dtype()),
        kept.tensor(dtype));
  }

  private static void keep(
      Contraction.Attention op, AttentionScores stage, double[] scores, Heads kept, int b, int h) {
    if (op.scores() == stage) {
      System.arraycopy(scores, 0, kept.values, kept.at(b, h), scores.length);
    }
  }

  /**
   * What is added to the scores of every head; −∞ where a mask of bools or a short mask hides them.
   */
  private static double[] bias(Optional<Tensor> mask, Heads q, Heads k) {
    if (mask.isEmpty()) {
      return new double[0];
    }
    Tensor m = mask.get();
    long[] dims = m.dims();
    int given = (int) dims[dims.length - 1];
    int columns = k.length;
    long[] seen = {q.batch, q.heads, q.length, given == 1 ? columns : Math.min(given, columns)};
    long[] full = {q.batch, q.heads, q.length, columns};
    double[] bias = new double[(int) NdIndex.product(full)];
    Arrays.fill(bias, Double.NEGATIVE_INFINITY);
    boolean selects = m.dtype() == DType.BOOL;
    long[] strides = new long[4];
    long[] own = NdIndex.strides(dims);
    for (int i = 0; i < dims.length; i++) {
      int axis = 4 - dims.length + i;
      if (dims[i] != 1 && dims[i] < seen[axis]) {
        throw new IllegalArgumentException("mask " + m + " does not broadcast to the scores");
      }
      strides[axis] = dims[i] == 1 ? 0 : own[i];
    }
    NdIndex.rows(
        seen,
        new long[2],
        new long[][] {NdIndex.strides(full), strides},
        (at, step, count) -> {
          for (long i = 0; i < count; i++) {
            long from = at[1] + i * step[1];
            bias[(int) (at[0] + i * step[0])] =
                !selects ? m.getDouble(from) : m.getBoolean(from) ? 0 : Double.NEGATIVE_INFINITY;
          }
        });
    return bias;
  }

  private static void softmax(double[] scores, int columns) {
    for (int row = 0; row < scores.length; row += columns) {
      double max = Double.NEGATIVE_INFINITY;
      for (int j = row; j < row + columns; j++) {
        max = Math.max(max, scores[j]);
      }
      double sum = 0;
      for (int j = row; j < row + columns; j++) {
        scores[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(scores[j] - max);
        sum += scores[j];
      }
      for (int j = row; sum != 0 && j < row + columns; j++) {
        scores[j] /= sum;
      }
    }
  }

  /** {@code probabilities · v}; values that nobody attends to are not touched, be they NaN. */
  private static void weigh(double[] probabilities, Heads v, int at, double[] product) {
    Arrays.fill(product, 0);
    for (int i = 0; i < probabilities.length; i++) {
      double p = probabilities[i];
      if (p != 0) {
        int from = at + i % v.length * v.depth;
        int into = i / v.length * v.depth;
        for (int d = 0; d < v.depth; d++) {
          product[into + d] += p * v.values[from + d];
        }
      }
    }
  }

  /** [batch, rows, heads · depth]. */
  private static Tensor merged(Heads y, DType dtype) {
    double[] values = new double[y.values.length];
    int width = y.heads * y.depth;
    for (int i = 0; i < values.length; i++) {
      int row = i / width;
      int column = i % width;
      values[i] =
          y.values[
              y.at(row / y.length, column / y.depth) + row % y.length * y.depth + column % y.depth];
    }
    return Loops.tensor(dtype, values, y.batch, y.length, width);
  }
}
