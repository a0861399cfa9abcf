package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Movement.PadBy;
import fluidml.graph.op.Movement.PadMode;
import fluidml.graph.op.Movement.SliceBy;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.SplitBy;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Slice, Split and Pad, whose geometry moved from attributes to inputs. */
final class Slices {
  private static final Map<String, PadMode> PAD_MODES_2 =
      Map.of("constant", PadMode.CONSTANT, "reflect", PadMode.REFLECT, "edge", PadMode.EDGE);

  private static final Map<String, PadMode> PAD_MODES =
      Map.of(
          "constant", PadMode.CONSTANT,
          "reflect", PadMode.REFLECT,
          "edge", PadMode.EDGE,
          "wrap", PadMode.WRAP);

  private Slices() {}

  static void register(Operators to) {
    to.add("Slice", 1, 1, 1, Slices::sliceByAttributes);
    to.add("Slice", 10, 3, 5, c -> c.out(new SliceBy(), c.operands()));
    to.add("Split", 2, 1, 1, Slices::splitByAttribute);
    to.add("Split", 13, 1, 2, Slices::splitByInput);
    to.add("Split", 18, 1, 2, Slices::splitCounted);
    to.add("Pad", 2, 1, 1, Slices::padByAttributes);
    to.add("Pad", 11, 2, 3, c -> pad(c, PAD_MODES_2));
    to.add("Pad", 18, 2, 4, c -> pad(c, PAD_MODES_2));
    to.add("Pad", 19, 2, 4, c -> pad(c, PAD_MODES));
  }

  private static List<Value> sliceByAttributes(Call c) {
    List<Long> starts = c.attributes().requiredIntegers("starts");
    List<Long> ends = c.attributes().requiredIntegers("ends");
    Optional<List<Long>> axes = c.attributes().integers("axes");
    List<Long> named = axes.orElse(LongStream.range(0, starts.size()).boxed().toList());
    if (starts.size() != ends.size() || starts.size() != named.size()) {
      throw c.invalid("attributes 'starts', 'ends' and 'axes' differ in length");
    }
    return c.out(new SliceBy(), c.in(0), c.longs(starts), c.longs(ends), c.longs(named));
  }

  private static List<Value> splitByAttribute(Call c) {
    int axis = c.axis(c.attributes().integer("axis", 0), c.in(0));
    Optional<List<Long>> sizes = c.attributes().integers("split");
    if (sizes.isEmpty()) {
      return equalParts(c, axis);
    }
    return c.out(new Split(axis, sizes.get().stream().map(Dim::of).toList()), c.in(0));
  }

  private static List<Value> splitByInput(Call c) {
    int axis = c.axis(c.attributes().integer("axis", 0), c.in(0));
    return c.has(1) ? c.out(new SplitBy(axis), c.operands()) : equalParts(c, axis);
  }

  private static List<Value> splitCounted(Call c) {
    long count = c.attributes().integer("num_outputs", c.outputCount());
    if (count != c.outputCount()) {
      throw c.invalid(
          "attribute 'num_outputs' is %d, the node has %d outputs"
              .formatted(count, c.outputCount()));
    }
    return splitByInput(c);
  }

  /** Parts of ⌈extent / count⌉ elements, the last smaller. */
  private static List<Value> equalParts(Call c, int axis) {
    if (c.in(0).knownShape().isEmpty()) {
      return c.out(new SplitBy(axis), c.in(0));
    }
    if (c.rank(c.in(0)) == 0 || c.outputCount() == 0) {
      throw c.invalid("a scalar cannot be split, nor anything into no parts");
    }
    Dim extent = c.shape(c.in(0)).dim(axis);
    int count = c.outputCount();
    Dim part = extent.ceilDiv(Dim.of(count));
    Dim remainder = extent.mod(Dim.of(count));
    if (c.version() < 18 && remainder.isConstant() && !remainder.is(0)) {
      throw c.invalid("%s elements cannot be split into %d equal parts".formatted(extent, count));
    }
    List<Dim> sizes = new ArrayList<>();
    Dim rest = extent;
    for (int i = 0; i < count - 1; i++) {
      // The parts before the last may reach the end when the count does not divide the extent.
      Dim size = remainder.is(0) ? part : part.min(rest);
      sizes.add(size);
      rest = rest.minus(size);
    }
    sizes.add(rest);
    return c.out(new Split(axis, sizes), c.in(0));
  }

  private static List<Value> padByAttributes(Call c) {
    PadMode mode = c.attributes().choice("mode", "constant", PAD_MODES_2);
    List<Long> pads = c.attributes().requiredIntegers("pads");
    double value = c.attributes().real("value", 0);
    return c.out(new PadBy(mode), c.in(0), c.longs(pads), c.scalar(c.dtype(c.in(0)), value));
  }

  private static List<Value> pad(Call c, Map<String, PadMode> modes) {
    return c.out(new PadBy(c.attributes().choice("mode", "constant", modes)), c.operands());
  }
}
