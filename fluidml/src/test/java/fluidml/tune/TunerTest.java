package fluidml.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.layout.SolutionValidator;
import fluidml.loop.Target;
import fluidml.lower.Lowering;
import fluidml.lower.Lowerings;
import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import fluidml.vm.ThreadTeam;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TunerTest {
  private static final Target TARGET = new Target(0, false);
  private static final List<Lowering> LOWERINGS = Lowerings.all();

  @TempDir Path folder;

  private static Graph graph() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("n"), Dim.of(8))));
    Value w = g.constant("w", Tensor.allocate(DType.FLOAT32, 8, 8));
    Value y = g.add("first", new MatMul(), List.of(x, w), List.of("y")).getFirst();
    g.output(g.add("second", new MatMul(), List.of(y, w), List.of("z")).getFirst());
    return g.build();
  }

  @Test
  void measuresOnceAndIsFoundAgain() throws Exception {
    Graph graph = graph();
    Tuning tuning = Tuning.at(folder.resolve("costs.txt"));
    Datum[] inputs = {Datum.of(Tensor.allocate(DType.FLOAT32, 5, 8))};
    List<String> begun = new ArrayList<>();
    try (ThreadTeam team = new ThreadTeam(1)) {
      Tuner tuner = new Tuner(graph, TARGET, LOWERINGS, true, team, tuning.file(TARGET));
      assertTrue(tuning.choice(graph, TARGET, LOWERINGS, true, 1).isEmpty());
      Tuner.Result first =
          tuner.run(inputs, Duration.ofMinutes(1), "best", (_, _, what) -> begun.add(what));
      first.solutions().values().forEach(s -> SolutionValidator.check(first.problem(), s));
      assertEquals("default", begun.getFirst());
      assertEquals("the choice", begun.getLast());
      assertFalse(first.programs().isEmpty());
      Tuner.Result second = tuner.run(inputs, Duration.ZERO, "best", (_, _, _) -> {});
      assertTrue(second.programs().isEmpty());
      assertEquals(first.choice(), second.choice());
    }
    assertEquals(
        tuning.file(TARGET).read().choices().values().iterator().next(),
        tuning.choice(graph, TARGET, LOWERINGS, true, 1).orElseThrow());
    assertTrue(tuning.choice(graph, TARGET, LOWERINGS, true, 2).isEmpty());
    assertTrue(Tuning.NONE.choice(graph, TARGET, LOWERINGS, true, 1).isEmpty());
  }
}
