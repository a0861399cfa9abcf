package fluidml.tune;

import fluidml.graph.Node;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Window;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.schedule.LoopOrder;
import fluidml.loop.schedule.TileShape;
import fluidml.lower.Decisions.Algorithm;
import fluidml.lower.Decisions.Tiling;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The ways to compute one operator that are worth a measurement, and how many there are besides.
 *
 * @param ways besides the usual one, the most promising first
 * @param existing the usual one and all others that can be run
 */
record Candidates(List<Way> ways, int existing) {
  /** Nothing to choose. */
  private static final Candidates NONE = new Candidates(List.of(), 1);

  /** Tiles whose estimate is worse than the best by this factor are left out. */
  private static final double WORSE = 1.3;

  /** Most tiles of one operator that are measured. */
  private static final int MOST_TILES = 6;

  /** Most other loop orders of one operator that are measured. */
  private static final int MOST_ORDERS = 6;

  /** Blocks of terms. */
  private static final List<Integer> BLOCKS = List.of(256, 384, 768, 1536);

  /** Most rows of a tile. */
  private static final int MOST_ROWS = 14;

  /** Most vectors of a tile. */
  private static final int MOST_VECTORS = 4;

  /**
   * The candidates of a node.
   *
   * @param extents the number behind a dim
   * @param filtering whether minimal filtering is allowed
   */
  static Candidates of(Node node, Target target, ToLongFunction<Dim> extents, boolean filtering) {
    return switch (node.op()) {
      case MatMul _ -> product(node, target, extents);
      case Conv conv -> convolution(node, conv, target, extents, filtering);
      default -> NONE;
    };
  }

  private static Candidates product(Node node, Target target, ToLongFunction<Dim> extents) {
    ScalarType scalar = Exprs.registerType(node.input(0).dtype());
    TileShape usual = TileShape.of(target, scalar);
    Shape space = node.output().shape();
    if (space.rank() < 2) {
      return NONE;
    }
    long elements = space.dims().stream().mapToLong(extents).reduce(1, (a, b) -> a * b);
    long columns = extents.applyAsLong(space.dim(-1));
    long depth = extents.applyAsLong(node.input(0).shape().dim(-1));
    if (elements == 0 || depth == 0) {
      return NONE;
    }
    Shape right = node.input(1).shape();
    boolean shared = right.dims().subList(0, right.rank() - 2).stream().allMatch(d -> d.is(1));
    long rows = shared ? elements / columns : extents.applyAsLong(space.dim(-2));
    ContractionModel model = new ContractionModel(rows, columns, depth, usual.lanes());
    List<Tiling> shapes = shapes(usual);
    TileShape taken = TileShape.of(target, scalar, space.dim(-1).constant());
    Tiling plain = new Tiling(taken.rows(), taken.vectors());
    List<Way> ways = new ArrayList<>();
    best(shapes, model, MOST_TILES, plain).forEach(t -> ways.add(Way.of(t)));
    List<Tiling> loops = shared ? loops(plain, depth) : List.of();
    best(loops, model, MOST_ORDERS, plain).forEach(t -> ways.add(Way.of(t)));
    int orders = shared ? 1 + BLOCKS.size() * LoopOrder.values().length : 1;
    return new Candidates(ways, shapes.size() * orders);
  }

  /** Every shape of tiles that fits the registers. */
  private static List<Tiling> shapes(TileShape usual) {
    List<Tiling> all = new ArrayList<>();
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
      for (int vectors = 1; vectors <= MOST_VECTORS; vectors++) {
        if (usual.allows(rows, vectors)) {
          all.add(new Tiling(rows, vectors));
        }
      }
    }
    return all;
  }

  /** Orders and blocks that do not come to the same as another one. */
  private static List<Tiling> loops(Tiling plain, long depth) {
    List<Tiling> all = new ArrayList<>();
    all.add(new Tiling(plain.rows(), plain.vectors(), 0, LoopOrder.MNK));
    for (int block : BLOCKS) {
      if (block < depth) {
        for (LoopOrder order : LoopOrder.values()) {
          all.add(new Tiling(plain.rows(), plain.vectors(), block, order));
        }
      }
    }
    return all;
  }

  private static List<Tiling> best(
      List<Tiling> all, ContractionModel model, int most, Tiling plain) {
    double least = all.stream().mapToDouble(model::cycles).min().orElse(0);
    return all.stream()
        .filter(t -> !t.equals(plain) && model.cycles(t) <= least * WORSE)
        .sorted(Comparator.comparingDouble(model::cycles))
        .limit(most)
        .toList();
  }

  private static Candidates convolution(
      Node node, Conv conv, Target target, ToLongFunction<Dim> extents, boolean filtering) {
    List<Dim> filters = node.input(1).shape().dims();
    if (!filters.stream().allMatch(Dim::isConstant)) {
      return NONE;
    }
    Window window = conv.window();
    long count = filters.getFirst().constant().orElseThrow() / conv.groups();
    long depth = 1;
    for (Dim dim : filters.subList(1, filters.size())) {
      depth *= dim.constant().orElseThrow();
    }
    Shape y = node.output().shape();
    long pixels = extents.applyAsLong(y.dim(0));
    for (Dim dim : y.dims().subList(2, y.rank())) {
      pixels *= extents.applyAsLong(dim);
    }
    TileShape usual = TileShape.of(target, Exprs.registerType(node.input(0).dtype()));
    List<Tiling> shapes = shapes(usual);
    List<Way> ways = new ArrayList<>();
    boolean square =
        filtering
            && !conv.exact()
            && conv.groups() == 1
            && window.kernel().equals(List.of(3L, 3L))
            && window.strides().equals(List.of(1L, 1L))
            && window.dilations().equals(List.of(1L, 1L));
    ways.add(Way.of(Algorithm.DIRECT));
    if (square) {
      ways.add(Way.of(Algorithm.WINOGRAD_4));
      ways.add(Way.of(Algorithm.WINOGRAD_2));
    }
    if (count > 1) {
      ContractionModel model = new ContractionModel(pixels, count, depth, usual.lanes());
      for (Tiling tiling : best(shapes, model, square ? 3 : MOST_TILES, new Tiling(0, 0))) {
        ways.add(Way.of(Algorithm.DIRECT, tiling));
        if (square) {
          ways.add(Way.of(Algorithm.WINOGRAD_4, tiling));
        }
      }
    }
    if (!square) {
      // Without a choice of the algorithm the first way is the usual one.
      ways.removeFirst();
    }
    return new Candidates(List.copyOf(ways), shapes.size() * (square ? 3 : 1));
  }
}
