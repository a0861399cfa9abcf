package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Generation.ShapeOf;
import fluidml.graph.op.Movement.Flatten;
import fluidml.graph.op.Movement.ReshapeBy;
import fluidml.graph.op.Op;
import fluidml.graph.op.Reduction.ArgReduce;
import fluidml.graph.op.Reduction.CumulativeProduct;
import fluidml.graph.op.Reduction.CumulativeSum;
import fluidml.graph.op.Reduction.Hardmax;
import fluidml.graph.op.Reduction.LogSoftmax;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Reduction.Softmax;
import fluidml.graph.op.Reduction.TopK;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** Operators that combine the elements along axes. */
final class Reductions {
  private Reductions() {}

  static void register(Operators to) {
    reduce(to, "ReduceSum", 13, ReduceFunction.SUM);
    reduce(to, "ReduceMean", 18, ReduceFunction.MEAN);
    reduce(to, "ReduceProd", 18, ReduceFunction.PROD);
    reduce(to, "ReduceMin", 18, ReduceFunction.MIN);
    reduce(to, "ReduceMax", 18, ReduceFunction.MAX);
    reduce(to, "ReduceL1", 18, ReduceFunction.L1);
    reduce(to, "ReduceL2", 18, ReduceFunction.L2);
    reduce(to, "ReduceSumSquare", 18, ReduceFunction.SUM_SQUARE);
    reduce(to, "ReduceLogSum", 18, ReduceFunction.LOG_SUM);
    reduce(to, "ReduceLogSumExp", 18, ReduceFunction.LOG_SUM_EXP);
    to.add("ArgMax", 1, 1, 1, c -> argReduce(c, true));
    to.add("ArgMin", 1, 1, 1, c -> argReduce(c, false));
    softmax(to, "Softmax", Softmax::new);
    softmax(to, "LogSoftmax", LogSoftmax::new);
    softmax(to, "Hardmax", Hardmax::new);
    to.add(
        "CumSum",
        11,
        2,
        2,
        c ->
            c.out(
                new CumulativeSum(
                    c.attributes().flag("exclusive", false), c.attributes().flag("reverse", false)),
                c.operands()));
    to.add(
        "CumProd",
        26,
        2,
        2,
        c ->
            c.out(
                new CumulativeProduct(
                    c.attributes().flag("exclusive", false), c.attributes().flag("reverse", false)),
                c.operands()));
    to.add("TopK", 1, 1, 1, c -> topK(c, c.longs(List.of(c.attributes().requiredInteger("k")))));
    to.add("TopK", 10, 2, 2, c -> topK(c, c.in(1)));
  }

  /** A reduction whose axes are an attribute at first and an input since a version. */
  private static void reduce(Operators to, String opType, int sinceInput, ReduceFunction function) {
    to.add(
        opType,
        1,
        1,
        1,
        c -> {
          List<Integer> axes = c.attributes().axes("axes").orElse(List.of());
          boolean keepDims = c.attributes().flag("keepdims", true);
          return c.out(new Reduce(function, c.axes(axes, c.in(0)), keepDims), c.in(0));
        });
    to.add(
        opType,
        sinceInput,
        1,
        2,
        c -> {
          boolean keepDims = c.attributes().flag("keepdims", true);
          boolean noop = c.attributes().flag("noop_with_empty_axes", false);
          Optional<long[]> axes = c.has(1) ? c.knownIntegers(c.in(1)) : Optional.of(new long[0]);
          if (axes.isEmpty()) {
            return c.out(new Reduce(function, List.of(), keepDims, noop), c.operands());
          }
          List<Integer> list = Arrays.stream(axes.get()).mapToObj(a -> c.axis(a, c.in(0))).toList();
          return c.out(new Reduce(function, list, keepDims, noop && list.isEmpty()), c.in(0));
        });
  }

  private static List<Value> argReduce(Call c, boolean max) {
    return c.out(
        new ArgReduce(
            max,
            c.axis(c.attributes().integer("axis", 0), c.in(0)),
            c.attributes().flag("keepdims", true),
            c.attributes().flag("select_last_index", false)),
        c.operands());
  }

  /** Before version 13 these worked on the operand flattened to a matrix before the axis. */
  private static void softmax(Operators to, String opType, IntFunction<Op> op) {
    to.add(
        opType,
        1,
        1,
        1,
        c -> {
          Value x = c.in(0);
          int rank = c.rank(x);
          int axis = c.axis(c.attributes().integer("axis", 1), rank);
          if (axis == rank - 1) {
            return c.out(op.apply(axis), x);
          }
          Value matrix = c.add(op.apply(1), c.add(new Flatten(axis), x));
          return c.out(new ReshapeBy(false), matrix, c.add(new ShapeOf(0, rank), x));
        });
    to.add(
        opType,
        13,
        1,
        1,
        c -> c.out(op.apply(c.axis(c.attributes().integer("axis", -1), c.in(0))), c.in(0)));
  }

  private static List<Value> topK(Call c, Value k) {
    return c.out(
        new TopK(
            c.axis(c.attributes().integer("axis", -1), c.in(0)),
            c.attributes().flag("largest", true),
            c.attributes().flag("sorted", true)),
        c.in(0),
        k);
  }
}
