package fluidml.graph;

import fluidml.graph.op.Control.If;
import fluidml.graph.op.Control.Loop;
import fluidml.graph.op.Control.Scan;
import fluidml.graph.op.Control.SequenceMap;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Generation.Random;
import fluidml.graph.op.Generation.Range;
import fluidml.graph.op.Movement.Expand;
import fluidml.graph.op.Movement.Pad;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Op;
import fluidml.tensor.Dim;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Symbols and bodies in the attributes of ops. */
public final class OpSymbols {
  private OpSymbols() {}

  /** The names of the symbols in the attributes of an op, not counting bodies. */
  public static Set<String> symbols(Op op) {
    Set<String> names = new TreeSet<>();
    dims(op).forEach(dim -> names.addAll(dim.symbols()));
    return names;
  }

  private static Stream<Dim> dims(Op op) {
    return switch (op) {
      case Reshape reshape -> reshape.shape().dims().stream();
      case Expand expand -> expand.shape().dims().stream();
      case Split split -> split.sizes().stream();
      case Slice slice -> slice.axes().stream().flatMap(a -> Stream.of(a.start(), a.size()));
      case Pad pad -> Stream.concat(pad.before().stream(), pad.after().stream());
      case Tile tile -> tile.repeats().stream();
      case DimTensor dims -> Stream.concat(dims.elements().stream(), dims.shape().dims().stream());
      case Range range -> Stream.of(range.start(), range.size());
      case Random random -> random.shape().dims().stream();
      default -> Stream.of();
    };
  }

  /** The graphs that an op runs. */
  public static List<Graph> bodies(Op op) {
    return switch (op) {
      case If branch -> List.of(branch.thenBranch(), branch.elseBranch());
      case Loop loop -> List.of(loop.body());
      case Scan scan -> List.of(scan.body());
      case SequenceMap map -> List.of(map.body());
      default -> List.of();
    };
  }
}
