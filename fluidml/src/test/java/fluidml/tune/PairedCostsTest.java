package fluidml.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.loop.Target;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowerings;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PairedCostsTest {
  private static final Map<String, CostTable.Cost> KNOWN =
      Map.of("a", new CostTable.Cost(2e-6, 0, 8), "b", new CostTable.Cost(6e-6, 0, 8));

  /** Three products in a row. */
  private static LoweredProgram program() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(8, 8)));
    Value w = g.input("w", Type.tensor(DType.FLOAT32, Shape.of(8, 8)));
    Value y = g.add("first", new MatMul(), List.of(x, w), List.of("y")).getFirst();
    Value z = g.add("second", new MatMul(), List.of(y, w), List.of("z")).getFirst();
    g.output(g.add("third", new MatMul(), List.of(z, w), List.of("v")).getFirst());
    return Lowerer.lower(g.build(), new Target(0, false), Lowerings.all(), true, Decisions.NONE);
  }

  /**
   * A machine that is slower by any factor in any turn, by another one for every step, changes
   * nothing.
   */
  @Property(tries = 30)
  void aChangeOfTheMachineIsInNoCost(
      @ForAll @Size(min = 4, max = 9) List<@DoubleRange(min = 0.5, max = 4) Double> slowdown) {
    List<long[]> usual = new ArrayList<>();
    List<long[]> other = new ArrayList<>();
    for (double slow : slowdown) {
      usual.add(new long[] {Math.round(20_000 * slow), 20_000, Math.round(60_000 / slow)});
      other.add(new long[] {Math.round(10_000 * slow), 30_000, Math.round(60_000 / slow)});
    }
    LoweredProgram program = program();
    PairedCosts paired = new PairedCosts(program, List.of("a", "a", "b"), usual, KNOWN);
    Map<String, CostTable.Cost> costs = paired.of(program, List.of("c", "d", "e"), other);
    assertEquals(1e-6, costs.get("c").seconds(), 1e-9);
    assertEquals(3e-6, costs.get("d").seconds(), 1e-9);
    assertEquals(6e-6, costs.get("e").seconds(), 1e-9);
    assertEquals(0, costs.get("e").spread(), 1e-9);
  }

  /** Equal operators that differ by where they are in a program are compared where they are. */
  @Test
  void aPlaceInTheProgramIsInNoCost() {
    LoweredProgram program = program();
    List<long[]> usual = List.of(new long[] {10_000, 30_000, 60_000});
    PairedCosts paired = new PairedCosts(program, List.of("a", "a", "b"), usual, KNOWN);
    List<long[]> other = List.of(new long[] {10_000, 15_000, 60_000});
    Map<String, CostTable.Cost> costs = paired.of(program, List.of("c", "d", "b"), other);
    assertEquals(2e-6, costs.get("c").seconds(), 1e-12);
    assertEquals(1e-6, costs.get("d").seconds(), 1e-12);
  }

  /** A step that took no measurable time by default is compared with the whole run. */
  @Test
  void whatTookNoTimeIsComparedWithTheRun() {
    LoweredProgram program = program();
    List<long[]> usual = List.of(new long[] {0, 40_000, 60_000});
    PairedCosts paired = new PairedCosts(program, List.of("a", "a", "b"), usual, KNOWN);
    Map<String, CostTable.Cost> costs =
        paired.of(program, List.of("c", "a", "b"), List.of(new long[] {5_000, 40_000, 60_000}));
    assertEquals(5e-6 * 10e-6 / 100e-6, costs.get("c").seconds(), 1e-12);
  }
}
