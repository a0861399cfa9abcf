package fluidml.reference;

import fluidml.graph.op.Reduction;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Computes the ops of {@link Reduction}. */
final class ReductionOps {
  private ReductionOps() {}

  static List<Datum> execute(Reduction op, Operands operands) {
    Tensor x = operands.tensor(0);
    return switch (op) {
      case Reduction.Reduce reduce -> Operands.result(reduce(reduce, x, operands));
      case Reduction.ArgReduce arg -> Operands.result(argReduce(arg, x));
      case Reduction.Softmax(int axis) -> Operands.result(softmax(x, axis, false));
      case Reduction.LogSoftmax(int axis) -> Operands.result(softmax(x, axis, true));
      case Reduction.Hardmax(int axis) -> Operands.result(hardmax(x, axis));
      case Reduction.CumulativeSum(boolean exclusive, boolean reverse) ->
          Operands.result(cumulate(x, operands.scalarLong(1), false, exclusive, reverse));
      case Reduction.CumulativeProduct(boolean exclusive, boolean reverse) ->
          Operands.result(cumulate(x, operands.scalarLong(1), true, exclusive, reverse));
      case Reduction.TopK top -> topK(top, x, operands.scalarLong(1));
      case Reduction.MaxPool pool -> Pooling.max(pool, x);
      case Reduction.AveragePool pool -> Operands.result(Pooling.average(pool, x));
      case Reduction.LpPool pool -> Operands.result(Pooling.lp(pool, x));
    };
  }

  /** A tensor as outer × axis × inner. */
  private record Lines(long outer, int length, long inner) {
    static Lines of(Tensor x, int axis) {
      long[] dims = x.dims();
      return new Lines(
          NdIndex.product(dims, 0, axis),
          Math.toIntExact(dims[axis]),
          NdIndex.product(dims, axis + 1, dims.length));
    }

    /** Position of the first element of every line along the axis. */
    LongStream starts() {
      return LongStream.range(0, outer * inner).map(i -> i / inner * length * inner + i % inner);
    }
  }

  private static Tensor reduce(Reduction.Reduce op, Tensor x, Operands operands) {
    int rank = x.rank();
    long[] given =
        operands
            .optionalLongs(1)
            .orElseGet(() -> op.axes().stream().mapToLong(Integer::longValue).toArray());
    boolean[] reduced = new boolean[rank];
    Arrays.fill(reduced, given.length == 0 && !op.noopWithEmptyAxes());
    for (long axis : given) {
      reduced[Operands.axis(axis, rank)] = true;
    }
    long[] kept = x.dims();
    long count = 1;
    for (int axis = 0; axis < rank; axis++) {
      count *= reduced[axis] ? kept[axis] : 1;
      kept[axis] = reduced[axis] ? 1 : kept[axis];
    }
    Tensor y =
        x.dtype().isFloat()
            ? reduceReal(op.function(), x, kept, count)
            : reduceLong(op.function(), x, kept, count);
    long[] dims =
        IntStream.range(0, rank)
            .filter(axis -> op.keepDims() || !reduced[axis])
            .mapToLong(axis -> kept[axis])
            .toArray();
    return y.reshaped(dims);
  }

  /** Walks x and, in step, the element of the result that each element is combined into. */
  private static void walk(Tensor x, long[] kept, NdIndex.Row row) {
    long[] dims = x.dims();
    NdIndex.rows(
        dims,
        new long[2],
        new long[][] {NdIndex.strides(dims), NdIndex.broadcastStrides(kept, dims)},
        row);
  }

  private static Tensor reduceReal(ReduceFunction function, Tensor x, long[] kept, long count) {
    double[] all = Loops.doubles(x);
    double[] sums = new double[(int) NdIndex.product(kept)];
    double[] largest = sums;
    switch (function) {
      case PROD -> Arrays.fill(sums, 1);
      case MIN -> Arrays.fill(sums, Double.POSITIVE_INFINITY);
      case MAX -> Arrays.fill(sums, Double.NEGATIVE_INFINITY);
      case LOG_SUM_EXP -> {
        double[] max = new double[sums.length];
        Arrays.fill(max, Double.NEGATIVE_INFINITY);
        combine(x, kept, (i, o) -> max[o] = Math.max(max[o], all[i]));
        largest = max;
      }
      case SUM, MEAN, L1, L2, SUM_SQUARE, LOG_SUM -> {}
    }
    double[] max = largest;
    switch (function) {
      case SUM, MEAN, LOG_SUM -> combine(x, kept, (i, o) -> sums[o] += all[i]);
      case PROD -> combine(x, kept, (i, o) -> sums[o] *= all[i]);
      case MIN -> combine(x, kept, (i, o) -> sums[o] = Math.min(sums[o], all[i]));
      case MAX -> combine(x, kept, (i, o) -> sums[o] = Math.max(sums[o], all[i]));
      case L1 -> combine(x, kept, (i, o) -> sums[o] += Math.abs(all[i]));
      case L2, SUM_SQUARE -> combine(x, kept, (i, o) -> sums[o] += all[i] * all[i]);
      case LOG_SUM_EXP ->
          combine(x, kept, (i, o) -> sums[o] += max[o] == all[i] ? 1 : Math.exp(all[i] - max[o]));
    }
    for (int o = 0; o < sums.length; o++) {
      sums[o] =
          switch (function) {
            case MEAN -> sums[o] / count;
            case L2 -> Math.sqrt(sums[o]);
            case LOG_SUM -> Math.log(sums[o]);
            case LOG_SUM_EXP -> max[o] + Math.log(sums[o]);
            case SUM, PROD, MIN, MAX, L1, SUM_SQUARE -> sums[o];
          };
    }
    return Loops.tensor(x.dtype(), sums, kept);
  }

  /** Combines element {@code input} of x into element {@code output} of the result. */
  @FunctionalInterface
  private interface Combine {
    void combine(int input, int output);
  }

  private static void combine(Tensor x, long[] kept, Combine combine) {
    walk(
        x,
        kept,
        (at, step, n) -> {
          for (long i = 0; i < n; i++) {
            combine.combine((int) (at[0] + i * step[0]), (int) (at[1] + i * step[1]));
          }
        });
  }

  private static Tensor reduceLong(ReduceFunction function, Tensor x, long[] kept, long count) {
    boolean unsigned = x.dtype() == DType.UINT64;
    long[] y = new long[(int) NdIndex.product(kept)];
    Arrays.fill(
        y,
        switch (function) {
          case PROD -> 1;
          case MIN -> largest(x.dtype());
          case MAX -> smallest(x.dtype());
          case SUM, MEAN, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP -> 0;
        });
    double[] exponentials = new double[y.length];
    combine(
        x,
        kept,
        (i, o) -> {
          long v = x.getLong(i);
          switch (function) {
            case SUM, MEAN, LOG_SUM -> y[o] += v;
            case PROD -> y[o] *= v;
            case MIN ->
                y[o] =
                    (unsigned ? Long.compareUnsigned(v, y[o]) : Long.compare(v, y[o])) < 0
                        ? v
                        : y[o];
            case MAX ->
                y[o] =
                    (unsigned ? Long.compareUnsigned(v, y[o]) : Long.compare(v, y[o])) > 0
                        ? v
                        : y[o];
            case L1 -> y[o] += unsigned ? v : Math.abs(v);
            case L2, SUM_SQUARE -> y[o] += v * v;
            case LOG_SUM_EXP -> exponentials[o] += Math.exp((double) v);
          }
        });
    Tensor result = Tensor.allocate(x.dtype(), kept);
    for (int o = 0; o < y.length; o++) {
      switch (function) {
        case SUM, PROD, MIN, MAX, L1, SUM_SQUARE -> result.setLong(o, y[o]);
        case MEAN -> result.setLong(o, unsigned ? Long.divideUnsigned(y[o], count) : y[o] / count);
        case L2 -> result.setDouble(o, Math.sqrt((double) y[o]));
        case LOG_SUM -> result.setDouble(o, Math.log((double) y[o]));
        case LOG_SUM_EXP -> result.setDouble(o, Math.log(exponentials[o]));
      }
    }
    return result;
  }

  private static long largest(DType dtype) {
    return switch (dtype.kind()) {
      case SIGNED -> Long.MAX_VALUE >>> (64 - dtype.bits());
      case UNSIGNED -> -1L >>> (64 - dtype.bits());
      default -> 1;
    };
  }

  private static long smallest(DType dtype) {
    return dtype.kind() == DType.Kind.SIGNED ? Long.MIN_VALUE >> (64 - dtype.bits()) : 0;
  }

  private static Tensor argReduce(Reduction.ArgReduce op, Tensor x) {
    int axis = Operands.axis(op.axis(), x.rank());
    Lines lines = Lines.of(x, axis);
    Comparator<Long> order = order(x, op.max());
    long[] result =
        lines
            .starts()
            .map(
                start -> {
                  long best = 0;
                  for (long i = 1; i < lines.length; i++) {
                    int better = order.compare(start + i * lines.inner, start + best * lines.inner);
                    best = better < 0 || (better == 0 && op.selectLastIndex()) ? i : best;
                  }
                  return best;
                })
            .toArray();
    long[] dims =
        IntStream.range(0, x.rank())
            .filter(i -> i != axis || op.keepDims())
            .mapToLong(i -> i == axis ? 1 : x.dim(i))
            .toArray();
    return Tensor.of(result, dims);
  }

  /** Compares positions in x by their elements, the smallest (or largest) first. */
  private static Comparator<Long> order(Tensor x, boolean largestFirst) {
    Comparator<Long> ascending =
        x.dtype().isFloat()
            ? (a, b) -> compare(x.getDouble(a), x.getDouble(b))
            : x.dtype() == DType.UINT64
                ? (a, b) -> Long.compareUnsigned(x.getLong(a), x.getLong(b))
                : (a, b) -> Long.compare(x.getLong(a), x.getLong(b));
    return largestFirst ? ascending.reversed() : ascending;
  }

  /** Zeros of either sign are equal; NaN is the largest. */
  private static int compare(double a, double b) {
    return a == b ? 0 : Double.compare(a, b);
  }

  static Tensor softmax(Tensor x, int axis, boolean log) {
    if (x.elements() == 0) {
      return x;
    }
    Lines lines = Lines.of(x, Operands.axis(axis, x.rank()));
    double[] values = Loops.doubles(x);
    int step = (int) lines.inner;
    lines
        .starts()
        .forEach(
            start -> {
              double max = Double.NEGATIVE_INFINITY;
              for (int i = 0; i < lines.length; i++) {
                max = Math.max(max, values[(int) start + i * step]);
              }
              double sum = 0;
              for (int i = 0; i < lines.length; i++) {
                sum += Math.exp(values[(int) start + i * step] - max);
              }
              double logSum = Math.log(sum);
              for (int i = 0; i < lines.length; i++) {
                double shifted = values[(int) start + i * step] - max;
                values[(int) start + i * step] = log ? shifted - logSum : Math.exp(shifted) / sum;
              }
            });
    return Loops.tensor(x.dtype(), values, x.dims());
  }

  private static Tensor hardmax(Tensor x, int axis) {
    Lines lines = Lines.of(x, Operands.axis(axis, x.rank()));
    Comparator<Long> order = order(x, true);
    Tensor y = Tensor.allocate(x.dtype(), x.dims());
    if (lines.length > 0) {
      lines
          .starts()
          .forEach(
              start -> {
                long best = start;
                for (int i = 1; i < lines.length; i++) {
                  long at = start + i * lines.inner;
                  best = order.compare(at, best) < 0 ? at : best;
                }
                y.setLong(best, 1);
              });
    }
    return y;
  }

  private static Tensor cumulate(
      Tensor x, long axis, boolean product, boolean exclusive, boolean reverse) {
    Lines lines = Lines.of(x, Operands.axis(axis, x.rank()));
    Tensor y = Tensor.allocate(x.dtype(), x.dims());
    boolean real = x.dtype().isFloat();
    lines
        .starts()
        .forEach(
            start -> {
              double sum = product ? 1 : 0;
              long exact = product ? 1 : 0;
              for (int i = 0; i < lines.length; i++) {
                long at = start + (reverse ? lines.length - 1 - i : i) * lines.inner;
                double before = sum;
                long exactBefore = exact;
                if (real) {
                  sum = product ? sum * x.getDouble(at) : sum + x.getDouble(at);
                  y.setDouble(at, exclusive ? before : sum);
                } else {
                  exact = product ? exact * x.getLong(at) : exact + x.getLong(at);
                  y.setLong(at, exclusive ? exactBefore : exact);
                }
              }
            });
    return y;
  }

  private static List<Datum> topK(Reduction.TopK op, Tensor x, long k) {
    int axis = Operands.axis(op.axis(), x.rank());
    Lines lines = Lines.of(x, axis);
    if (k < 0 || k > lines.length) {
      throw new IllegalArgumentException("k = " + k + " of " + lines.length + " elements");
    }
    long[] dims = x.dims();
    dims[axis] = k;
    Elements values = new Elements(x.dtype(), dims);
    long[] indices = new long[Math.toIntExact(NdIndex.product(dims))];
    Selection selection = new Selection(x, op.largest(), lines.length, Math.toIntExact(k));
    for (long line = 0; line < lines.outer * lines.inner; line++) {
      long outer = line / lines.inner;
      long start = outer * lines.length * lines.inner + line % lines.inner;
      long first = outer * k * lines.inner + line % lines.inner;
      int[] best = selection.first(start, lines.inner);
      for (int i = 0; i < best.length; i++) {
        long at = first + i * lines.inner;
        values.copy(at, x, start + best[i] * lines.inner);
        indices[(int) at] = best[i];
      }
    }
    return Operands.result(values.build(), Tensor.of(indices, dims));
  }
}
