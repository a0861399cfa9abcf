package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.memory.MemoryPlan;
import fluidml.memory.PlanValidator;
import fluidml.memory.Planners;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PlanCommandTest {
  @ParameterizedTest
  @EnumSource(SyntheticNetworks.Form.class)
  void networksHaveTheirOperatorsAndPlansNearTheBound(SyntheticNetworks.Form form) {
    SyntheticNetworks.Network network = SyntheticNetworks.of(form, 1000);
    assertTrue(network.operators() >= 1000 && network.operators() < 1020);
    MemoryPlan plan =
        PlanValidator.check(network.problem(), Planners.fast().plan(network.problem()));
    assertTrue(plan.ratio(network.problem()) < 1.2, plan::toString);
  }

  @Test
  void theCommandMeasuresAndPlots(@TempDir Path folder) throws Exception {
    Path svg = folder.resolve("plan.svg");
    String[] arguments = {
      "plan", "--sizes", "50,100", "--repetitions", "1", "--exact", "0.1", "--svg", svg.toString()
    };
    assertEquals(0, Main.commandLine().execute(arguments));
    assertTrue(Files.readString(svg).startsWith("<svg"));
  }
}
