package fluidml.lower;

import fluidml.graph.op.Window;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.schedule.WindowAxis;
import fluidml.loop.schedule.WindowSchedule;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The geometry of sliding windows over views {@code [n, channels, spatial…]}. */
final class Windows {
  private Windows() {}

  /** The spatial axes of a window as sizes of a kernel, all of them run-time sizes. */
  static List<WindowAxis> axes(CallBuilder call, Window window, View x, Shape y) {
    List<WindowAxis> axes = new ArrayList<>();
    for (int a = 0; a < window.rank(); a++) {
      Dim input = x.shape().dim(a + 2);
      Dim output = y.dim(a + 2);
      axes.add(
          new WindowAxis(
              call.parameter(input),
              call.parameter(x.strides().get(a + 2)),
              call.parameter(Dim.of(window.kernel().get(a))),
              call.parameter(Dim.of(window.strides().get(a))),
              call.parameter(Dim.of(window.dilations().get(a))),
              call.parameter(window.padBegin(a, input, output)),
              call.parameter(output)));
    }
    return axes;
  }

  /** The same axes with the geometry of the last one as constants. */
  static List<WindowAxis> axesWithFixedLast(CallBuilder call, Window window, View x, Shape y) {
    List<WindowAxis> axes = new ArrayList<>(axes(call, window, x, y));
    WindowAxis last = axes.removeLast();
    axes.add(
        new WindowAxis(
            last.input(),
            last.inputStride(),
            Exprs.index(window.kernel().getLast()),
            Exprs.index(window.strides().getLast()),
            Exprs.index(window.dilations().getLast()),
            last.pad(),
            last.output()));
    return axes;
  }

  /** The extents of a spatial axis, if they are numbers. */
  static Optional<WindowSchedule.Extents> known(Window window, int axis, Shape x, Shape y) {
    Dim input = x.dim(axis + 2);
    Dim output = y.dim(axis + 2);
    Dim pad = window.padBegin(axis, input, output);
    return input.isConstant() && output.isConstant() && pad.isConstant()
        ? Optional.of(
            new WindowSchedule.Extents(
                input.constant().getAsLong(),
                pad.constant().getAsLong(),
                output.constant().getAsLong()))
        : Optional.empty();
  }

  /** Whether the spatial axes of a view lie as if they were one. */
  static boolean isFlat(View view) {
    for (int axis = 2; axis < view.shape().rank() - 1; axis++) {
      Dim inner = view.strides().get(axis + 1).times(view.shape().dim(axis + 1));
      if (!view.strides().get(axis).equals(inner)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a window is one element wide and moves by one. */
  static boolean isPointwise(Window window) {
    return window.kernel().stream().allMatch(k -> k == 1)
        && window.strides().stream().allMatch(s -> s == 1);
  }

  /** Places on all spatial axes of an image. */
  static Dim pixels(Shape image) {
    return image.dims().stream().skip(2).reduce(Dim.ONE, Dim::times);
  }

  /** All spatial axes of a pointwise window as one. */
  static List<WindowAxis> flatAxis(CallBuilder call, View x) {
    Dim extent = pixels(x.shape());
    Expr one = Exprs.index(1);
    return List.of(
        new WindowAxis(
            call.parameter(extent),
            call.parameter(x.strides().getLast()),
            one,
            one,
            one,
            Exprs.index(0),
            call.parameter(extent)));
  }

  /** Whether some window leaves the input, as far as that can be told. */
  static boolean leaves(Window window, Shape x, Shape y) {
    for (int a = 0; a < window.rank(); a++) {
      Dim input = x.dim(a + 2);
      Dim output = y.dim(a + 2);
      Dim pad = window.padBegin(a, input, output);
      Dim last = output.minus(Dim.ONE).times(window.strides().get(a)).plus(window.span(a));
      boolean unpadded =
          pad.is(0)
              && (window.padding() == Window.Padding.VALID
                  || (window.padding() == Window.Padding.EXPLICIT && window.padsEnd().get(a) <= 0)
                  || (last.isConstant()
                      && input.isConstant()
                      && last.constant().getAsLong() <= input.constant().getAsLong()));
      if (!unpadded) {
        return true;
      }
    }
    return false;
  }

  /** Positions of the window. */
  static long taps(Window window) {
    return window.kernel().stream().reduce(1L, (a, b) -> a * b);
  }

  /** The index {@code leading…, spatial…} of a window's tap, given as one number. */
  static List<Expr> indices(List<Expr> leading, Expr tap, CallBuilder call, View filters) {
    List<Expr> spatial = new ArrayList<>();
    Expr rest = tap;
    for (int axis = filters.shape().rank() - 1; axis > leading.size(); axis--) {
      Expr extent = call.size(filters.shape().dim(axis));
      spatial.addFirst(rest.minus(rest.div(extent).times(extent)));
      rest = rest.div(extent);
    }
    spatial.addFirst(rest);
    List<Expr> all = new ArrayList<>(leading);
    all.addAll(spatial);
    return all;
  }
}
