package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Op;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.loop.schedule.LoopOrder;
import fluidml.loop.schedule.TileShape;
import fluidml.lower.Decisions.Tiling;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Whatever is decided from outside, the results stay those of the interpreter. */
class DecisionsTest {
  private static final Target TARGET = new Target(512, true);
  private static final Dim N = Dim.symbol("n");
  private static final int HEADS = 3;
  private static final int WIDTH = 16;

  /** What attention is made of, with its heads split and merged, and a wide product behind it. */
  private static Graph graph() {
    Random random = new Random(5);
    GraphBuilder g = new GraphBuilder("t");
    Dim width = Dim.of((long) HEADS * WIDTH);
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.of(2), N, width)));
    Value w = g.constant("w", Compiled.random(DType.FLOAT32, random, HEADS * WIDTH, HEADS * WIDTH));
    Value v = g.constant("v", Compiled.random(DType.FLOAT32, random, HEADS * WIDTH, 70));
    Value projected = add(g, "projected", new MatMul(), x, w);
    Value bent = add(g, "bent", new Elementwise.Unary(UnaryFunction.TANH), projected);
    Shape split = Shape.of(Dim.of(2), N, Dim.of(HEADS), Dim.of(WIDTH));
    Value rows = add(g, "rows", new Movement.Reshape(split), bent);
    Value heads = add(g, "heads", new Movement.Transpose(List.of(0, 2, 1, 3)), rows);
    Value keys = add(g, "keys", new Movement.Transpose(List.of(0, 2, 3, 1)), rows);
    Value scores = add(g, "scores", new MatMul(), heads, keys);
    Value context = add(g, "context", new MatMul(), scores, heads);
    Value turned = add(g, "turned", new Movement.Transpose(List.of(0, 2, 1, 3)), context);
    Value merged = add(g, "merged", new Movement.Reshape(Shape.of(Dim.of(2), N, width)), turned);
    g.output(add(g, "wide", new MatMul(), merged, v));
    return g.build();
  }

  private static Value add(GraphBuilder g, String name, Op op, Value... operands) {
    return g.add(name, op, List.of(operands), List.of(name)).getFirst();
  }

  @Test
  void mergingHeadsNeedsNoCopyByDefault() {
    LoweredProgram program = Compiled.lower(graph(), TARGET);
    assertEquals(4, program.steps().size());
    assertEquals(List.of(), copies(program));
    Decisions rowMajor = new Decisions(Map.of(), Map.of("context", List.of(0, 1, 2, 3)), Map.of());
    assertEquals(List.of("Reshape"), copies(Compiled.lower(graph(), TARGET, rowMajor)));
  }

  private static List<String> copies(LoweredProgram program) {
    return program.steps().stream().map(Step::label).filter(l -> l.startsWith("Reshape")).toList();
  }

  @Test
  void tilesChangeTheKernelOnlyWhereTheyFit() {
    String usual = Compiled.lower(graph(), TARGET).steps().getFirst().toString();
    for (Tiling tiling : List.of(new Tiling(7, 2), new Tiling(31, 4))) {
      Decisions decisions = new Decisions(Map.of("projected", tiling), Map.of(), Map.of());
      String chosen = Compiled.lower(graph(), TARGET, decisions).steps().getFirst().toString();
      assertEquals(tiling.rows() > 14, chosen.equals(usual), tiling.label());
    }
  }

  @Property(tries = 20)
  void anyTilesInAnyOrderGiveTheSameResults(@ForAll long seed) {
    Random random = new Random(seed);
    Map<String, Tiling> tiles = new HashMap<>();
    for (String node : List.of("projected", "scores", "context", "wide")) {
      int block = random.nextBoolean() ? 0 : 1 + random.nextInt(40);
      LoopOrder loops = order(random);
      tiles.put(node, new Tiling(1 + random.nextInt(14), 1 + random.nextInt(4), block, loops));
    }
    Map<String, List<Integer>> orders = new HashMap<>();
    orders.put("bent", order(random, 3));
    orders.put("scores", order(random, 4));
    orders.put("context", order(random, 4));
    Decisions decisions = new Decisions(tiles, orders, Map.of());
    Tensor x = Compiled.random(DType.FLOAT32, random, 2, 1 + random.nextInt(40), HEADS * WIDTH);
    Compiled.check(graph(), 0.05, decisions, x);
  }

  @Property(tries = 30)
  void variedProgramsAreThoseOfTheirDecisions(@ForAll long seed) {
    Random random = new Random(seed);
    Graph graph = graph();
    Map<String, Tiling> tiles = new HashMap<>();
    for (String node : List.of("projected", "scores", "context", "wide")) {
      if (random.nextBoolean()) {
        tiles.put(node, new Tiling(1 + random.nextInt(5), 1 + random.nextInt(4)));
      }
    }
    Map<String, List<Integer>> orders = new HashMap<>();
    if (random.nextBoolean()) {
      orders.put("context", order(random, 4));
    }
    Decisions decisions = new Decisions(tiles, orders, Map.of());
    LoweredProgram usual = Compiled.lower(graph, TARGET);
    assertEquals(
        Compiled.lower(graph, TARGET, decisions).steps().toString(),
        Lowerer.vary(usual, Lowerings.all(), true, decisions).steps().toString());
  }

  private static LoopOrder order(Random random) {
    List<LoopOrder> orders = new ArrayList<>(List.of(LoopOrder.values()));
    Collections.shuffle(orders, random);
    return orders.getFirst();
  }

  private static List<Integer> order(Random random, int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(i);
    }
    // A product cannot be written along another axis than its columns; those stay innermost.
    Collections.shuffle(axes.subList(0, rank - 1), random);
    return axes;
  }

  @Test
  void sensibleTilesFitTheRegisters() {
    TileShape usual = TileShape.of(TARGET, ScalarType.F32);
    assertTrue(usual.allows(6, 4) && usual.allows(8, 3) && usual.allows(14, 2));
    assertTrue(!usual.allows(15, 2) && !usual.allows(0, 1) && !usual.allows(7, 4));
  }
}
