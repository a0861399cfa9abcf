package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Movement.CenterCropPad;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** Result types of the ops that rearrange elements and read their geometry from operands. */
final class DynamicMovementTypes {
  private DynamicMovementTypes() {}

  /** The number of elements of a one-dimensional operand, if it is known. */
  private static OptionalLong length(Site site, int index) {
    if (!site.has(index)) {
      return OptionalLong.empty();
    }
    return site.shape(index).map(s -> s.elements().constant()).orElse(OptionalLong.empty());
  }

  /** The elements of an operand that is int32 or int64, if they are known. */
  private static Optional<List<Dim>> numbers(Site site, int index) {
    if (!site.has(index)) {
      return Optional.empty();
    }
    site.requireIndex(index);
    OptionalLong length = length(site, index);
    if (length.isPresent() && length.getAsLong() == 0) {
      return Optional.of(List.of());
    }
    return site.elements(index).map(SymbolicTensor::elements);
  }

  /** A shape of which at most the rank is known. */
  private static Optional<Shape> ranked(Site site, OptionalLong rank) {
    return rank.isPresent() && rank.getAsLong() <= 64
        ? Optional.of(site.freshShape((int) rank.getAsLong()))
        : Optional.empty();
  }

  static List<Type> reshape(Site site, boolean allowZero) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<List<Dim>> target = numbers(site, 1);
    return site.one(
        site.dtype(0),
        target.isPresent()
            ? Optional.of(Geometry.reshape(site, site.shape(0), target.get(), allowZero))
            : ranked(site, length(site, 1)));
  }

  /** The axes in an operand as numbers, if they are known. */
  static Optional<List<Integer>> axes(Site site, int index) {
    Optional<List<Dim>> axes = numbers(site, index);
    return axes.isPresent() && axes.get().stream().allMatch(Dim::isConstant)
        ? Optional.of(
            axes.get().stream().map(d -> Math.toIntExact(d.constant().getAsLong())).toList())
        : Optional.empty();
  }

  static List<Type> squeeze(Site site) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<Shape> x = site.shape(0);
    Optional<List<Integer>> axes = axes(site, 1);
    if (x.isPresent() && axes.isPresent()) {
      return site.one(site.dtype(0), MovementTypes.squeeze(site, x.get(), axes.get()));
    }
    OptionalLong count = length(site, 1);
    return site.one(
        site.dtype(0),
        x.isPresent() && count.isPresent()
            ? ranked(site, OptionalLong.of(Math.max(0, x.get().rank() - count.getAsLong())))
            : Optional.empty());
  }

  static List<Type> unsqueeze(Site site) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<Shape> x = site.shape(0);
    Optional<List<Integer>> axes = axes(site, 1);
    if (x.isPresent() && axes.isPresent()) {
      return site.one(site.dtype(0), MovementTypes.unsqueeze(site, x.get(), axes.get()));
    }
    OptionalLong count = length(site, 1);
    return site.one(
        site.dtype(0),
        x.isPresent() && count.isPresent()
            ? ranked(site, OptionalLong.of(x.get().rank() + count.getAsLong()))
            : Optional.empty());
  }

  static List<Type> expand(Site site) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<Shape> x = site.shape(0);
    Optional<List<Dim>> target = numbers(site, 1);
    OptionalLong length = length(site, 1);
    if (x.isEmpty() || (target.isEmpty() && length.isEmpty())) {
      return site.one(site.dtype(0), Optional.empty());
    }
    if (target.isPresent()) {
      return site.one(site.dtype(0), site.broadcast(x.get(), new Shape(target.get())));
    }
    int rank = Math.max(x.get().rank(), Math.toIntExact(length.getAsLong()));
    List<Dim> dims = new ArrayList<>();
    for (int i = rank; i >= 1; i--) {
      boolean fixed = i <= x.get().rank() && !x.get().dim(-i).mayEqual(Dim.ONE);
      dims.add(fixed ? x.get().dim(-i) : site.fresh());
    }
    return site.one(site.dtype(0), new Shape(dims));
  }

  /** The sizes of the parts, if they are known. */
  static Optional<List<Dim>> splitSizes(Site site, int axis) {
    if (site.has(1)) {
      Optional<List<Dim>> sizes = numbers(site, 1);
      if (sizes.isPresent() && sizes.get().size() != site.outputs()) {
        throw site.error(
            "%d sizes are given for %d results".formatted(sizes.get().size(), site.outputs()));
      }
      return sizes;
    }
    return site.shape(0)
        .map(
            s -> {
              Dim extent = s.dim(site.axis(axis, s.rank()));
              Dim part = extent.ceilDiv(Dim.of(site.outputs()));
              List<Dim> sizes = new ArrayList<>(Collections.nCopies(site.outputs() - 1, part));
              sizes.add(extent.minus(part.times(site.outputs() - 1)));
              return sizes;
            });
  }

  static List<Type> split(Site site, int axis) {
    site.arity(1, 2);
    site.results(1, Integer.MAX_VALUE);
    Optional<Shape> x = site.rank(0, 1, Integer.MAX_VALUE);
    if (x.isEmpty()) {
      return Collections.nCopies(site.outputs(), Type.unranked(site.dtype(0)));
    }
    int along = site.axis(axis, x.get().rank());
    Optional<List<Dim>> sizes = splitSizes(site, along);
    if (sizes.isPresent()) {
      Dim sum = Dim.ZERO;
      for (Dim size : sizes.get()) {
        sum = sum.plus(size);
      }
      site.agree(x.get().dim(along), sum, "split axis and the sum of the sizes");
    }
    List<Type> types = new ArrayList<>();
    for (int i = 0; i < site.outputs(); i++) {
      Dim size = sizes.isPresent() ? sizes.get().get(i) : site.fresh();
      types.add(Type.tensor(site.dtype(0), x.get().withDim(along, size)));
    }
    return types;
  }

  /**
   * The axes that are sliced, and how far that is known the slice of each.
   *
   * @param axes in the order given
   * @param slices for each axis, empty if start, end or step are not known
   */
  record Sliced(List<Integer> axes, List<Optional<SliceAxis>> slices) {}

  /** What is known of a slice by operands; empty if not even the axes are. */
  static Optional<Sliced> sliced(Site site, Shape x) {
    Optional<List<Dim>> starts = numbers(site, 1);
    Optional<List<Dim>> ends = numbers(site, 2);
    Optional<List<Dim>> steps = site.has(4) ? numbers(site, 4) : Optional.empty();
    Optional<List<Integer>> given = axes(site, 3);
    OptionalLong count = length(site, 1);
    if (site.has(3) ? given.isEmpty() : count.isEmpty()) {
      return Optional.empty();
    }
    List<Integer> axes =
        site.axes(
            given.orElseGet(() -> IntStream.range(0, (int) count.getAsLong()).boxed().toList()),
            x.rank());
    for (Optional<List<Dim>> list : List.of(starts, ends, steps)) {
      if (list.isPresent() && list.get().size() != axes.size()) {
        throw site.error(
            "%d bounds or steps are given for %d axes".formatted(list.get().size(), axes.size()));
      }
    }
    List<Optional<SliceAxis>> slices = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      OptionalLong step =
          steps.isPresent()
              ? steps.get().get(i).constant()
              : site.has(4) ? OptionalLong.empty() : OptionalLong.of(1);
      slices.add(
          starts.isEmpty() || ends.isEmpty() || step.isEmpty()
              ? Optional.empty()
              : Geometry.slice(
                  site,
                  axes.get(i),
                  x.dim(axes.get(i)),
                  starts.get().get(i),
                  ends.get().get(i),
                  step.getAsLong()));
    }
    return Optional.of(new Sliced(axes, slices));
  }

  static List<Type> slice(Site site) {
    site.arity(3, 5);
    site.requireIndex(1);
    site.requireIndex(2);
    Optional<Shape> x = site.rank(0, 1, Integer.MAX_VALUE);
    if (x.isEmpty()) {
      return site.one(site.dtype(0), Optional.empty());
    }
    Optional<Sliced> sliced = sliced(site, x.get());
    if (sliced.isEmpty()) {
      return site.one(site.dtype(0), site.freshShape(x.get().rank()));
    }
    Shape result = x.get();
    for (int i = 0; i < sliced.get().axes().size(); i++) {
      Dim size = sliced.get().slices().get(i).map(SliceAxis::size).orElseGet(site::fresh);
      result = result.withDim(sliced.get().axes().get(i), size);
    }
    return site.one(site.dtype(0), result);
  }

  /** The pads of each axis, before and after, if they are known. */
  static Optional<List<List<Dim>>> pads(Site site, int rank) {
    Optional<List<Dim>> pads = numbers(site, 1);
    Optional<List<Integer>> given = axes(site, 3);
    if (pads.isEmpty() || (site.has(3) && given.isEmpty())) {
      return Optional.empty();
    }
    List<Integer> axes =
        given.isPresent()
            ? site.axes(given.get(), rank)
            : IntStream.range(0, rank).boxed().toList();
    if (pads.get().size() != 2 * axes.size()) {
      throw site.error("%d pads are given for %d axes".formatted(pads.get().size(), axes.size()));
    }
    List<Dim> before = new ArrayList<>(Collections.nCopies(rank, Dim.ZERO));
    List<Dim> after = new ArrayList<>(before);
    for (int i = 0; i < axes.size(); i++) {
      before.set(axes.get(i), pads.get().get(i));
      after.set(axes.get(i), pads.get().get(i + axes.size()));
    }
    return Optional.of(List.of(before, after));
  }

  static List<Type> pad(Site site) {
    site.arity(2, 4);
    site.requireIndex(1);
    DType dtype = site.sameType(0, 2);
    Optional<Shape> x = site.shape(0);
    if (x.isEmpty()) {
      return site.one(dtype, Optional.empty());
    }
    Optional<List<List<Dim>>> pads = pads(site, x.get().rank());
    return site.one(
        dtype,
        pads.isPresent()
            ? MovementTypes.pad(site, pads.get().get(0), pads.get().get(1))
            : Optional.of(site.freshShape(x.get().rank())));
  }

  static List<Type> tile(Site site) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<List<Dim>> repeats = numbers(site, 1);
    if (repeats.isPresent()) {
      return site.one(site.dtype(0), MovementTypes.tile(site, repeats.get()));
    }
    OptionalLong rank =
        site.shape(0).isPresent() ? OptionalLong.of(site.shape(0).get().rank()) : length(site, 1);
    return site.one(site.dtype(0), ranked(site, rank));
  }

  static List<Type> col2Im(Site site) {
    site.arity(3, 3);
    site.requireIndex(1);
    site.requireIndex(2);
    Optional<Shape> x = site.rank(0, 3);
    Optional<List<Dim>> image = numbers(site, 1);
    Optional<List<Dim>> block = numbers(site, 2);
    OptionalLong spatial = length(site, 1);
    if (image.isEmpty() && spatial.isEmpty()) {
      return site.one(site.dtype(0), Optional.empty());
    }
    List<Dim> dims = new ArrayList<>();
    dims.add(x.isPresent() ? x.get().dim(0) : site.fresh());
    dims.add(
        x.isPresent() && block.isPresent()
            ? x.get().dim(1).floorDiv(new Shape(block.get()).elements())
            : site.fresh());
    dims.addAll(image.orElseGet(() -> site.freshShape((int) spatial.getAsLong()).dims()));
    return site.one(site.dtype(0), new Shape(dims));
  }

  static List<Type> centerCropPad(Site site, CenterCropPad op) {
    site.arity(2, 2);
    site.requireIndex(1);
    Optional<Shape> x = site.shape(0);
    if (x.isEmpty()) {
      return site.one(
          site.dtype(0),
          ranked(site, op.axes().isEmpty() ? length(site, 1) : OptionalLong.empty()));
    }
    int rank = x.get().rank();
    List<Integer> axes =
        op.axes().isEmpty()
            ? IntStream.range(0, rank).boxed().toList()
            : site.axes(op.axes(), rank);
    Optional<List<Dim>> extents = numbers(site, 1);
    if (extents.isPresent() && extents.get().size() != axes.size()) {
      throw site.error(
          "%d extents are given for %d axes".formatted(extents.get().size(), axes.size()));
    }
    Dim[] dims = x.get().dims().toArray(Dim[]::new);
    for (int i = 0; i < axes.size(); i++) {
      dims[axes.get(i)] = extents.isPresent() ? extents.get().get(i) : site.fresh();
    }
    return site.one(site.dtype(0), new Shape(Arrays.asList(dims)));
  }
}
