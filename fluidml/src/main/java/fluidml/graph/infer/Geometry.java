package fluidml.graph.infer;

import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Geometries that are operands, resolved against the shapes they apply to. */
final class Geometry {
  /** Bounds beyond this stand for "to the end". */
  private static final long FAR = Integer.MAX_VALUE;

  private Geometry() {}

  /**
   * The shape that a reshape to {@code target} gives.
   *
   * @param x shape of the operand, if its rank is known; without it, −1 becomes a new symbol
   */
  static Shape reshape(Site site, Optional<Shape> x, List<Dim> target, boolean allowZero) {
    List<Dim> dims = new ArrayList<>(target);
    int inferred = -1;
    for (int i = 0; i < dims.size(); i++) {
      Dim dim = dims.get(i);
      if (dim.is(0) && !allowZero) {
        dims.set(i, x.isEmpty() ? site.fresh() : copied(site, x.get(), i));
      } else if (dim.is(-1)) {
        if (inferred >= 0) {
          throw site.error("the shape %s has more than one -1".formatted(target));
        }
        inferred = i;
        dims.set(i, Dim.ONE);
      } else if (dim.upperBound() < 0) {
        throw site.error("the shape %s has the extent %s".formatted(target, dim));
      }
    }
    Dim known = new Shape(dims).elements();
    if (inferred >= 0) {
      dims.set(inferred, x.isEmpty() ? site.fresh() : rest(site, x.get(), known, dims));
    } else if (x.isPresent()) {
      site.agree(x.get().elements(), known, "elements of %s and of %s".formatted(x.get(), target));
    }
    return new Shape(dims);
  }

  private static Dim copied(Site site, Shape x, int axis) {
    if (axis >= x.rank()) {
      throw site.error("extent 0 at axis %d has nothing to copy from %s".formatted(axis, x));
    }
    return x.dim(axis);
  }

  private static Dim rest(Site site, Shape x, Dim known, List<Dim> dims) {
    Dim elements = x.elements();
    if (known.is(0)) {
      site.agree(elements, known, "elements of %s and of %s".formatted(x, dims));
      return Dim.ZERO;
    }
    Optional<Dim> exact = elements.divideExactly(known);
    if (exact.isEmpty() && elements.isConstant() && known.isConstant()) {
      throw site.error(
          "%s with %s elements cannot be reshaped to %s with one extent inferred"
              .formatted(x, elements, dims));
    }
    Dim inferred = exact.orElseGet(() -> elements.floorDiv(known));
    site.assume(elements, known.times(inferred), false);
    return inferred;
  }

  /**
   * The slice of one axis, if the signs of its bounds are known. A start that may lie behind the
   * end of the axis is left so: the size is 0 then.
   */
  static Optional<SliceAxis> slice(Site site, int axis, Dim extent, Dim start, Dim end, long step) {
    if (step == 0) {
      throw site.error("the step of axis %d is 0".formatted(axis));
    }
    Dim last = extent.plus(-1);
    Dim top = step > 0 ? extent : last;
    Optional<Dim> from = position(extent, start);
    Optional<Dim> to = position(extent, end);
    if (from.isEmpty() || to.isEmpty()) {
      return Optional.empty();
    }
    Dim inside = from.get().max(Dim.ZERO);
    Dim clamped = inside.min(top);
    Dim first = step < 0 || clamped.isConstant() || !inside.mayEqual(clamped) ? clamped : inside;
    Dim distance =
        step > 0 ? forward(extent, from.get(), to.get()) : first.minus(to.get().max(Dim.of(-1)));
    Dim size = distance.ceilDiv(Dim.of(Math.abs(step))).max(Dim.ZERO);
    return Optional.of(new SliceAxis(axis, first, size, step));
  }

  /** {@code min(to, extent) - max(from, 0)}, written so that it simplifies. */
  private static Dim forward(Dim extent, Dim from, Dim to) {
    Dim distance = to.minus(from).min(extent.minus(from));
    return from.lowerBound() >= 0 ? distance : distance.min(to).min(extent);
  }

  /**
   * A bound counted from the beginning, not clamped; empty if its sign is not known. The extent
   * itself and one less count as they are: if that is negative, the axis has no elements.
   */
  private static Optional<Dim> position(Dim extent, Dim bound) {
    if (bound.lowerBound() >= FAR) {
      return Optional.of(extent);
    }
    if (bound.upperBound() <= -FAR) {
      return Optional.of(Dim.of(-1));
    }
    long behind = bound.minus(extent).constant().orElse(1);
    boolean atEnd = behind == 0 || behind == -1;
    if (bound.lowerBound() >= 0 || atEnd) {
      return Optional.of(bound);
    }
    return bound.upperBound() < 0 ? Optional.of(bound.plus(extent)) : Optional.empty();
  }
}
