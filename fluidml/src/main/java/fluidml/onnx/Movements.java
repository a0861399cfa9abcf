package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Movement.CenterCropPad;
import fluidml.graph.op.Movement.Col2Im;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.ExpandBy;
import fluidml.graph.op.Movement.Flatten;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.ReshapeBy;
import fluidml.graph.op.Movement.ReverseSequence;
import fluidml.graph.op.Movement.Squeeze;
import fluidml.graph.op.Movement.SqueezeBy;
import fluidml.graph.op.Movement.TileBy;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Movement.Trilu;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Movement.UnsqueezeBy;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Operators that rearrange elements. */
final class Movements {
  private Movements() {}

  static void register(Operators to) {
    to.add("Reshape", 5, 2, 2, c -> c.out(new ReshapeBy(false), c.operands()));
    to.add(
        "Reshape",
        14,
        2,
        2,
        c -> c.out(new ReshapeBy(c.attributes().flag("allowzero", false)), c.operands()));
    to.add("Squeeze", 1, 1, 1, c -> squeeze(c, c.attributes().axes("axes").orElse(List.of())));
    to.add("Squeeze", 13, 1, 2, Movements::squeezeByInput);
    to.add("Unsqueeze", 1, 1, 1, Movements::unsqueezeByAttribute);
    to.add("Unsqueeze", 13, 2, 2, Movements::unsqueezeByInput);
    to.add("Flatten", 1, 1, 1, Movements::flatten);
    to.add("Transpose", 1, 1, 1, Movements::transpose);
    to.add("Expand", 8, 2, 2, c -> c.out(new ExpandBy(), c.operands()));
    to.add("Concat", 4, 1, Integer.MAX_VALUE, Movements::concat);
    to.add("Tile", 6, 2, 2, c -> c.out(new TileBy(), c.operands()));
    to.add(
        "Trilu", 14, 1, 2, c -> c.out(new Trilu(c.attributes().flag("upper", true)), c.operands()));
    to.add("ReverseSequence", 10, 2, 2, Movements::reverseSequence);
    to.add("Col2Im", 18, 3, 3, Movements::col2Im);
    to.add(
        "CenterCropPad",
        18,
        2,
        2,
        c ->
            c.out(
                new CenterCropPad(c.axes(c.attributes().axes("axes").orElse(List.of()), c.in(0))),
                c.operands()));
    to.add("DepthToSpace", 1, 1, 1, Movements::depthToSpace);
    to.add("SpaceToDepth", 1, 1, 1, Movements::spaceToDepth);
  }

  private static List<Value> squeeze(Call c, List<Integer> axes) {
    return c.out(new Squeeze(c.axes(axes, c.in(0))), c.in(0));
  }

  private static List<Value> squeezeByInput(Call c) {
    if (!c.has(1)) {
      return squeeze(c, List.of());
    }
    Optional<List<Integer>> axes = knownAxes(c, c.in(1));
    return axes.isPresent() ? squeeze(c, axes.get()) : c.out(new SqueezeBy(), c.operands());
  }

  private static Optional<List<Integer>> knownAxes(Call c, Value axes) {
    return c.knownIntegers(axes)
        .map(known -> Arrays.stream(known).mapToObj(Math::toIntExact).toList());
  }

  private static List<Value> unsqueezeByAttribute(Call c) {
    return unsqueeze(
        c,
        c.attributes().axes("axes").orElseThrow(() -> c.invalid("attribute 'axes' is required")));
  }

  private static List<Value> unsqueezeByInput(Call c) {
    Optional<List<Integer>> axes = knownAxes(c, c.in(1));
    return axes.isPresent() ? unsqueeze(c, axes.get()) : c.out(new UnsqueezeBy(), c.operands());
  }

  private static List<Value> unsqueeze(Call c, List<Integer> axes) {
    List<Integer> positions =
        c.in(0)
            .knownShape()
            .map(s -> axes.stream().map(a -> c.axis(a, s.rank() + axes.size())).toList())
            .orElse(axes);
    return c.out(new Unsqueeze(positions), c.in(0));
  }

  private static List<Value> flatten(Call c) {
    int axis = c.attributes().int32("axis", 1);
    int rank = c.rank(c.in(0));
    if (axis < -rank || axis > rank) {
      throw c.invalid("axis " + axis + " is out of range for " + rank + " axes");
    }
    return c.out(new Flatten(axis < 0 ? axis + rank : axis), c.in(0));
  }

  private static List<Value> transpose(Call c) {
    Optional<List<Integer>> given = c.attributes().axes("perm");
    List<Integer> permutation =
        given.orElseGet(() -> IntStream.range(0, c.rank(c.in(0))).boxed().toList().reversed());
    boolean valid =
        permutation.stream()
            .sorted()
            .toList()
            .equals(IntStream.range(0, permutation.size()).boxed().toList());
    if (!valid) {
      throw c.invalid("attribute 'perm' is " + permutation + ", not a permutation");
    }
    return c.out(new Transpose(permutation), c.in(0));
  }

  private static List<Value> concat(Call c) {
    return c.out(new Concat(c.axis(c.attributes().requiredInteger("axis"), c.in(0))), c.operands());
  }

  private static List<Value> reverseSequence(Call c) {
    return c.out(
        new ReverseSequence(
            c.attributes().int32("batch_axis", 1), c.attributes().int32("time_axis", 0)),
        c.operands());
  }

  private static List<Value> col2Im(Call c) {
    Shape imageShape = c.shape(c.in(1));
    long rank =
        imageShape.rank() != 1
            ? -1
            : imageShape
                .dim(0)
                .constant()
                .orElseThrow(() -> c.unsupported("the number of image axes must be constant"));
    if (rank < 1) {
      throw c.invalid("image_shape must be a vector");
    }
    int spatial = (int) rank;
    List<Long> pads = c.attributes().integers("pads", Collections.nCopies(2 * spatial, 0L));
    if (pads.size() != 2 * spatial) {
      throw c.invalid("attribute 'pads' needs " + 2 * spatial + " entries");
    }
    return c.out(
        new Col2Im(
            Poolings.spatial(c, "dilations", spatial, 1),
            pads.subList(0, spatial),
            pads.subList(spatial, 2 * spatial),
            Poolings.spatial(c, "strides", spatial, 1)),
        c.operands());
  }

  private static List<Value> depthToSpace(Call c) {
    long block = blockSize(c);
    boolean columnFirst = c.attributes().choice("mode", "DCR", Map.of("DCR", false, "CRD", true));
    Shape s = imageShape(c);
    Dim depth = s.dim(1).floorDiv(block * block);
    Dim b = Dim.of(block);
    Value x = c.in(0);
    Value moved =
        columnFirst
            ? c.transpose(c.reshape(x, s.dim(0), depth, b, b, s.dim(2), s.dim(3)), 0, 1, 4, 2, 5, 3)
            : c.transpose(
                c.reshape(x, s.dim(0), b, b, depth, s.dim(2), s.dim(3)), 0, 3, 4, 1, 5, 2);
    Shape result = Shape.of(s.dim(0), depth, s.dim(2).times(b), s.dim(3).times(b));
    return c.out(new Reshape(result), moved);
  }

  private static List<Value> spaceToDepth(Call c) {
    Shape s = imageShape(c);
    long block = blockSize(c);
    Dim b = Dim.of(block);
    Dim height = s.dim(2).floorDiv(b);
    Dim width = s.dim(3).floorDiv(b);
    Value split = c.reshape(c.in(0), s.dim(0), s.dim(1), height, b, width, b);
    Value moved = c.transpose(split, 0, 3, 5, 1, 2, 4);
    Shape result = Shape.of(s.dim(0), s.dim(1).times(block * block), height, width);
    return c.out(new Reshape(result), moved);
  }

  private static long blockSize(Call c) {
    long block = c.attributes().requiredInteger("blocksize");
    if (block < 1 || block > 1 << 20) {
      throw c.invalid("attribute 'blocksize' is " + block);
    }
    return block;
  }

  private static Shape imageShape(Call c) {
    return c.shape(c.in(0), 4);
  }
}
