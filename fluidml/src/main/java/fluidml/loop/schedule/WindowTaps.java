package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.schedule.WindowSchedule.Function;
import fluidml.loop.schedule.WindowSchedule.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** What a window of a {@link WindowSchedule} visits and what it makes of it. */
record WindowTaps(Problem problem, Function function) {
  /** The type of one result. */
  Type scalar() {
    return new Type(Exprs.registerType(problem.input().dtype()), 1);
  }

  /** The part of a window on one axis that lies inside the input. */
  record Range(Expr start, Expr low, Expr high) {}

  /** The ranges on the first axes. */
  List<Range> ranges(BodyBuilder b, List<Expr> position) {
    List<Range> ranges = new ArrayList<>();
    for (int a = 0; a < position.size(); a++) {
      WindowAxis axis = problem.axes().get(a);
      Expr start = b.let("start" + a, axis.start(position.get(a)));
      Expr round = axis.dilation().minus(1);
      Expr low =
          Exprs.select(
              start.ge(Exprs.index(0)), Exprs.index(0), round.minus(start).div(axis.dilation()));
      Expr high = axis.input().minus(start).plus(round).div(axis.dilation()).min(axis.kernel());
      ranges.add(new Range(start, b.let("low" + a, low), b.let("high" + a, high)));
    }
    return ranges;
  }

  /** Visits the taps of a window: the index of the input's element, and the tap's number. */
  void taps(BodyBuilder b, List<Range> ranges, int axes, Expr index, BiConsumer<Expr, Expr> body) {
    taps(b, ranges, 0, axes, index, Exprs.index(0), body);
  }

  private void taps(
      BodyBuilder b,
      List<Range> ranges,
      int axis,
      int axes,
      Expr index,
      Expr tap,
      BiConsumer<Expr, Expr> body) {
    if (axis == axes) {
      body.accept(index, tap);
      return;
    }
    WindowAxis a = problem.axes().get(axis);
    Range range = ranges.get(axis);
    b.loop(
        "k" + axis,
        range.low,
        range.high,
        k -> {
          Expr at = range.start.plus(k.times(a.dilation())).times(a.inputStride());
          Expr next = b.let("at" + axis, index.plus(at));
          Expr number = b.let("tap" + axis, tap.times(a.kernel()).plus(k));
          taps(b, ranges, axis + 1, axes, next, number, body);
        });
  }

  /** Index of the first element of an image. */
  Expr base(BodyBuilder b, Expr image) {
    return b.let("base", problem.inputBase().plus(image.times(problem.batchStride())));
  }

  /** Positions of a window. */
  Expr tapCount() {
    Expr taps = Exprs.index(1);
    for (WindowAxis axis : problem.axes()) {
      taps = taps.times(axis.kernel());
    }
    return taps;
  }

  /** The result of no taps, in all lanes. */
  Expr initial() {
    Type vector = scalar().times(problem.lanes());
    if (!(function instanceof Function.Max)) {
      return Exprs.constant(vector, 0);
    }
    return switch (scalar().scalar()) {
      case F32, F64 -> Exprs.constant(vector, Double.NEGATIVE_INFINITY);
      case I32 -> Exprs.integer(vector, Integer.MIN_VALUE);
      case I64, BOOL -> Exprs.integer(vector, Long.MIN_VALUE);
    };
  }

  /** What a tap multiplies elements with, if it does. */
  Optional<Expr> filter(BodyBuilder b, Expr panel, Expr tap) {
    return function instanceof Function.Depthwise(Buffer panels)
        ? Optional.of(b.load(panels, panel.plus(tap.times(problem.lanes())), problem.lanes()))
        : Optional.empty();
  }

  /** A result after one more tap. */
  Expr next(Expr.Read sum, Expr x, Optional<Expr> filter) {
    return switch (function) {
      case Function.Depthwise _ -> x.fma(filter.orElseThrow(), sum);
      case Function.Max _ -> Exprs.quickMax(sum, x);
      case Function.Average _ -> sum.plus(x);
    };
  }

  /** Number of elements that a mean divides by, on the axes of the ranges. */
  Optional<Expr> count(BodyBuilder b, List<Range> ranges) {
    if (!(function instanceof Function.Average average)) {
      return Optional.empty();
    }
    Expr count = Exprs.index(1);
    for (int a = 0; a < ranges.size(); a++) {
      WindowAxis axis = problem.axes().get(a);
      Range range = ranges.get(a);
      int at = a;
      Expr onAxis =
          average
              .padEnd()
              .map(
                  ends ->
                      axis.input()
                          .plus(ends.get(at))
                          .minus(range.start)
                          .plus(axis.dilation().minus(1))
                          .div(axis.dilation())
                          .min(axis.kernel()))
              .orElse(range.high.minus(range.low));
      count = count.times(onAxis);
    }
    ScalarType type = scalar().scalar();
    return Optional.of(b.let("count", Exprs.convert(type, count)));
  }

  /** A result after the last tap. */
  static Expr finished(Expr sum, Optional<Expr> count) {
    return count.map(sum::div).orElse(sum);
  }
}
