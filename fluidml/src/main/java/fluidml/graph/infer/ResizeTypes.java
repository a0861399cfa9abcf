package fluidml.graph.infer;

import fluidml.graph.op.Vision.AspectPolicy;
import fluidml.graph.op.Vision.Resize;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** Shapes of resized tensors. */
final class ResizeTypes {
  private ResizeTypes() {}

  static Optional<Shape> infer(Site site, Resize op) {
    Optional<Shape> x = site.shape(0);
    if (x.isEmpty()) {
      return Optional.empty();
    }
    int rank = x.get().rank();
    List<Integer> axes =
        op.axes().isEmpty()
            ? IntStream.range(0, rank).boxed().toList()
            : site.axes(op.axes(), rank);
    List<Dim> extents;
    if (site.has(3)) {
      site.requireIndex(3);
      int sizes = site.elements(3).map(e -> e.elements().size()).orElse(axes.size());
      if (sizes != axes.size()) {
        throw site.error("%d sizes are given for %d axes".formatted(sizes, axes.size()));
      }
      extents = site.elements(3).isPresent() ? sized(site, op, x.get(), axes) : unknown(site, axes);
    } else if (site.has(2)) {
      extents = new ArrayList<>();
      for (int i = 0; i < axes.size(); i++) {
        extents.add(scaled(site, x.get().dim(axes.get(i)), i, axes.size()));
      }
    } else {
      throw site.error("neither scales nor sizes are given");
    }
    Shape result = x.get();
    for (int i = 0; i < axes.size(); i++) {
      result = result.withDim(axes.get(i), extents.get(i));
    }
    return Optional.of(result);
  }

  private static List<Dim> unknown(Site site, List<Integer> axes) {
    return axes.stream().map(_ -> site.fresh()).toList();
  }

  private static List<Dim> sized(Site site, Resize op, Shape x, List<Integer> axes) {
    List<Dim> sizes = site.elements(3).orElseThrow().elements();
    if (op.aspect() == AspectPolicy.STRETCH) {
      return sizes;
    }
    double ratio = op.aspect() == AspectPolicy.NOT_LARGER ? Double.MAX_VALUE : 0;
    for (int i = 0; i < axes.size(); i++) {
      OptionalLong size = sizes.get(i).constant();
      OptionalLong extent = x.dim(axes.get(i)).constant();
      if (size.isEmpty() || extent.isEmpty()) {
        return unknown(site, axes);
      }
      double own = (double) size.getAsLong() / extent.getAsLong();
      ratio = op.aspect() == AspectPolicy.NOT_LARGER ? Math.min(ratio, own) : Math.max(ratio, own);
    }
    double factor = ratio;
    return axes.stream()
        .map(axis -> x.dim(axis).constant().getAsLong())
        .map(extent -> Dim.of((long) Math.floor(extent * factor + 0.5)))
        .toList();
  }

  private static Dim scaled(Site site, Dim extent, int index, int axes) {
    Optional<Tensor> scales = site.constant(2);
    if (scales.isPresent() && scales.get().elements() != axes) {
      throw site.error("%d scales are given for %d axes".formatted(scales.get().elements(), axes));
    }
    if (scales.isPresent() && scales.get().getFloat(index) == 1) {
      return extent;
    }
    if (scales.isPresent() && extent.isConstant()) {
      return Dim.of(Resize.scaled(extent.constant().getAsLong(), scales.get().getFloat(index)));
    }
    return site.fractions(2)
        .filter(f -> f.numerators().size() == axes)
        .map(f -> extent.times(f.numerators().get(index)).floorDiv(f.denominators().get(index)))
        .orElseGet(site::fresh);
  }
}
