package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.CenterCropPad;
import fluidml.graph.op.Movement.Col2Im;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.ExpandBy;
import fluidml.graph.op.Movement.Flatten;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.PadBy;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.ReshapeBy;
import fluidml.graph.op.Movement.ReverseSequence;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Movement.SliceBy;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.SplitBy;
import fluidml.graph.op.Movement.Squeeze;
import fluidml.graph.op.Movement.SqueezeBy;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Movement.TileBy;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Movement.Trilu;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Movement.UnsqueezeBy;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** Result types of the ops that rearrange elements and have their geometry as attributes. */
final class MovementTypes {
  private MovementTypes() {}

  static List<Type> infer(Site site, Movement op) {
    return switch (op) {
      case Reshape reshape -> {
        site.arity(1, 1);
        Optional<Shape> x = site.shape(0);
        x.ifPresent(
            s ->
                site.agree(
                    s.elements(),
                    reshape.shape().elements(),
                    "elements of %s and of %s".formatted(s, reshape.shape())));
        yield site.one(site.dtype(0), reshape.shape());
      }
      case Squeeze squeeze -> {
        site.arity(1, 1);
        yield site.one(site.dtype(0), site.shape(0).map(s -> squeeze(site, s, squeeze.axes())));
      }
      case Unsqueeze unsqueeze -> {
        site.arity(1, 1);
        yield site.one(site.dtype(0), site.shape(0).map(s -> unsqueeze(site, s, unsqueeze.axes())));
      }
      case Flatten flatten -> {
        site.arity(1, 1);
        yield site.one(
            site.dtype(0),
            site.shape(0)
                .map(s -> flatten(site, s, flatten.axis()))
                .orElseGet(() -> site.freshShape(2)));
      }
      case Transpose transpose -> {
        site.arity(1, 1);
        yield site.one(
            site.dtype(0),
            site.shape(0)
                .map(s -> transpose(site, s, transpose.permutation()))
                .orElseGet(() -> site.freshShape(transpose.permutation().size())));
      }
      case Expand expand -> {
        site.arity(1, 1);
        site.broadcastsTo(0, expand.shape());
        yield site.one(site.dtype(0), expand.shape());
      }
      case Concat concat -> site.one(concatType(site), concat(site, concat.axis()));
      case Split split -> split(site, split);
      case Slice slice -> {
        site.arity(1, 1);
        yield site.one(site.dtype(0), site.shape(0).map(s -> slice(site, s, slice.axes())));
      }
      case Pad pad -> {
        site.arity(1, 2);
        site.sameType(0, 1);
        yield site.one(site.dtype(0), pad(site, pad.before(), pad.after()));
      }
      case Tile tile -> {
        site.arity(1, 1);
        yield site.one(site.dtype(0), tile(site, tile.repeats()));
      }
      case Trilu _ -> {
        site.arity(1, 2);
        site.rank(0, 2, Integer.MAX_VALUE);
        yield site.one(site.dtype(0), site.shape(0));
      }
      case ReverseSequence reverse -> {
        site.arity(2, 2);
        Optional<Shape> x = site.rank(0, 2, Integer.MAX_VALUE);
        Optional<Shape> lengths = site.rank(1, 1, 1);
        site.requireIndex(1);
        x.ifPresent(s -> site.axis(reverse.timeAxis(), s.rank()));
        x.ifPresent(
            s -> {
              Dim batch = s.dim(site.axis(reverse.batchAxis(), s.rank()));
              lengths.ifPresent(n -> site.agree(batch, n.dim(0), "lengths of sequences"));
            });
        yield site.one(site.dtype(0), x);
      }
      case Col2Im _ -> DynamicMovementTypes.col2Im(site);
      case CenterCropPad crop -> DynamicMovementTypes.centerCropPad(site, crop);
      case ReshapeBy reshape -> DynamicMovementTypes.reshape(site, reshape.allowZero());
      case SqueezeBy _ -> DynamicMovementTypes.squeeze(site);
      case UnsqueezeBy _ -> DynamicMovementTypes.unsqueeze(site);
      case ExpandBy _ -> DynamicMovementTypes.expand(site);
      case SplitBy split -> DynamicMovementTypes.split(site, split.axis());
      case SliceBy _ -> DynamicMovementTypes.slice(site);
      case PadBy _ -> DynamicMovementTypes.pad(site);
      case TileBy _ -> DynamicMovementTypes.tile(site);
    };
  }

  static Shape squeeze(Site site, Shape x, List<Integer> axes) {
    List<Integer> gone = axes.isEmpty() ? unitAxes(x) : site.axes(axes, x.rank());
    for (int axis : gone) {
      site.agree(x.dim(axis), Dim.ONE, "squeezed axis " + axis);
    }
    return ReductionTypes.without(x, gone, false);
  }

  private static List<Integer> unitAxes(Shape x) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (x.dim(i).is(1)) {
        axes.add(i);
      }
    }
    return axes;
  }

  static Shape unsqueeze(Site site, Shape x, List<? extends Number> axes) {
    int rank = x.rank() + axes.size();
    List<Integer> added = site.axes(axes, rank);
    List<Dim> dims = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < rank; i++) {
      dims.add(added.contains(i) ? Dim.ONE : x.dim(next++));
    }
    return new Shape(dims);
  }

  static Shape flatten(Site site, Shape x, int axis) {
    int split = axis == x.rank() ? axis : site.axis(axis, Math.max(1, x.rank()));
    return Shape.of(
        new Shape(x.dims().subList(0, split)).elements(),
        new Shape(x.dims().subList(split, x.rank())).elements());
  }

  private static Shape transpose(Site site, Shape x, List<Integer> permutation) {
    if (permutation.size() != x.rank() || new HashSet<>(permutation).size() != x.rank()) {
      throw site.error(
          "%s does not permute the %d axes of operand 0".formatted(permutation, x.rank()));
    }
    return new Shape(permutation.stream().map(axis -> x.dim(site.axis(axis, x.rank()))).toList());
  }

  private static DType concatType(Site site) {
    site.arity(1, Integer.MAX_VALUE);
    for (int i = 1; i < site.operands(); i++) {
      site.sameType(0, i);
    }
    return site.dtype(0);
  }

  private static Optional<Shape> concat(Site site, int axis) {
    Optional<Shape> first = Optional.empty();
    for (int i = 0; i < site.operands() && first.isEmpty(); i++) {
      first = site.shape(i);
    }
    if (first.isEmpty()) {
      return Optional.empty();
    }
    int rank = first.get().rank();
    int along = site.axis(axis, rank);
    List<Dim> dims = new ArrayList<>(first.get().dims());
    Dim sum = Dim.ZERO;
    boolean known = true;
    for (int i = 0; i < site.operands(); i++) {
      Optional<Shape> shape = site.rank(i, rank);
      known &= shape.isPresent();
      for (int j = 0; shape.isPresent() && j < rank; j++) {
        Dim dim = shape.get().dim(j);
        if (j == along) {
          sum = sum.plus(dim);
        } else {
          dims.set(j, site.agree(dims.get(j), dim, "axis " + j));
        }
      }
    }
    dims.set(along, known ? sum : site.fresh());
    return Optional.of(new Shape(dims));
  }

  private static List<Type> split(Site site, Split op) {
    site.arity(1, 1);
    site.results(op.sizes().size(), op.sizes().size());
    Optional<Shape> x = site.shape(0);
    if (x.isEmpty()) {
      return Collections.nCopies(site.outputs(), Type.unranked(site.dtype(0)));
    }
    int axis = site.axis(op.axis(), x.get().rank());
    Dim sum = Dim.ZERO;
    for (Dim size : op.sizes()) {
      sum = sum.plus(size);
    }
    site.agree(x.get().dim(axis), sum, "split axis and the sum of the sizes");
    return op.sizes().stream()
        .<Type>map(size -> Type.tensor(site.dtype(0), x.get().withDim(axis, size)))
        .toList();
  }

  static Shape slice(Site site, Shape x, List<SliceAxis> axes) {
    site.axes(axes.stream().map(SliceAxis::axis).toList(), x.rank());
    Shape result = x;
    for (SliceAxis slice : axes) {
      int axis = site.axis(slice.axis(), x.rank());
      if (slice.size().minus(x.dim(axis)).lowerBound() > 0) {
        throw site.error(
            "a slice of %s elements does not fit axis %d with %s"
                .formatted(slice.size(), axis, x.dim(axis)));
      }
      result = result.withDim(axis, slice.size());
    }
    return result;
  }

  static Optional<Shape> pad(Site site, List<Dim> before, List<Dim> after) {
    Optional<Shape> x = site.rank(0, before.size());
    if (after.size() != before.size()) {
      throw site.error(
          "there are %d pads before and %d after".formatted(before.size(), after.size()));
    }
    return x.map(
        s -> {
          List<Dim> dims = new ArrayList<>();
          for (int i = 0; i < s.rank(); i++) {
            dims.add(s.dim(i).plus(before.get(i)).plus(after.get(i)));
          }
          return new Shape(dims);
        });
  }

  static Shape tile(Site site, List<Dim> repeats) {
    Optional<Shape> x = site.rank(0, repeats.size());
    if (x.isEmpty()) {
      return site.freshShape(repeats.size());
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < repeats.size(); i++) {
      dims.add(x.get().dim(i).times(repeats.get(i)));
    }
    return new Shape(dims);
  }
}
