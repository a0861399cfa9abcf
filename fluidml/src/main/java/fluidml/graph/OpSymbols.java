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
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Movement.Split;
import fluidml.graph.op.Movement.Tile;
import fluidml.graph.op.Op;
import fluidml.tensor.Dim;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Symbols and bodies in the attributes of ops. */
public final class OpSymbols {
  private OpSymbols() {}

  /**
   * An op with the symbols in its attributes replaced. Bodies stay as they are: their symbols are
   * their own.
   */
  public static Op substitute(Op op, Map<String, Dim> replacements) {
    return replacements.isEmpty() ? op : map(op, dim -> dim.substitute(replacements));
  }

  /** The names of the symbols in the attributes of an op, not counting bodies. */
  public static Set<String> symbols(Op op) {
    Set<String> names = new TreeSet<>();
    map(
        op,
        dim -> {
          names.addAll(dim.symbols());
          return dim;
        });
    return names;
  }

  private static List<Dim> map(List<Dim> dims, UnaryOperator<Dim> change) {
    return dims.stream().map(change).toList();
  }

  private static Op map(Op op, UnaryOperator<Dim> change) {
    return switch (op) {
      case Reshape reshape -> new Reshape(reshape.shape().map(change));
      case Expand expand -> new Expand(expand.shape().map(change));
      case Split split -> new Split(split.axis(), map(split.sizes(), change));
      case Slice slice ->
          new Slice(
              slice.axes().stream()
                  .map(
                      a ->
                          new SliceAxis(
                              a.axis(), change.apply(a.start()), change.apply(a.size()), a.step()))
                  .toList());
      case Pad pad -> new Pad(map(pad.before(), change), map(pad.after(), change), pad.mode());
      case Tile tile -> new Tile(map(tile.repeats(), change));
      case DimTensor dims -> new DimTensor(map(dims.elements(), change), dims.shape().map(change));
      case Range range ->
          new Range(
              change.apply(range.start()), change.apply(range.size()), range.step(), range.dtype());
      case Random random ->
          new Random(
              random.distribution(),
              random.first(),
              random.second(),
              random.dtype(),
              random.shape().map(change),
              random.seed());
      default -> op;
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

  /** An op that runs changed graphs; the same op if none changes. */
  public static Op mapBodies(Op op, UnaryOperator<Graph> change) {
    return switch (op) {
      case If branch -> {
        Graph first = change.apply(branch.thenBranch());
        Graph second = change.apply(branch.elseBranch());
        boolean same = first.equals(branch.thenBranch()) && second.equals(branch.elseBranch());
        yield same ? op : new If(first, second);
      }
      case Loop loop -> {
        Graph body = change.apply(loop.body());
        yield body.equals(loop.body()) ? op : new Loop(body, loop.carried());
      }
      case Scan scan -> {
        Graph body = change.apply(scan.body());
        yield body.equals(scan.body())
            ? op
            : new Scan(
                body,
                scan.carried(),
                scan.inputAxes(),
                scan.inputReverse(),
                scan.outputAxes(),
                scan.outputReverse());
      }
      case SequenceMap map -> {
        Graph body = change.apply(map.body());
        yield body.equals(map.body()) ? op : new SequenceMap(body, map.mapped());
      }
      default -> op;
    };
  }
}
