package fluidml.graph.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.GraphParser;
import fluidml.graph.infer.Requirements.Inside;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequirementsTest {
  @Test
  void slicesThatCannotLeaveTheirAxisRequireNothing() {
    assertEquals(
        List.of(),
        requirements(
            "Slice([{axis=1, start=2, size=6, step=1}, {axis=0, start=0, size=s, step=1}])"));
  }

  @Test
  void aSliceOfATableMustEndInsideIt() {
    List<Inside> conditions = requirements("Slice([{axis=1, start=s, size=2, step=1}])");
    assertEquals(1, conditions.size());
    assertTrue(conditions.getFirst().holds(_ -> 6));
    assertFalse(conditions.getFirst().holds(_ -> 7));
  }

  @Test
  void anEmptySliceMayLieAnywhere() {
    List<Inside> conditions = requirements("Slice([{axis=1, start=7, size=s, step=-3}])");
    assertTrue(conditions.getFirst().holds(_ -> 0));
    assertTrue(conditions.getFirst().holds(_ -> 3));
    assertFalse(conditions.getFirst().holds(_ -> 4));
  }

  private static List<Inside> requirements(String slice) {
    return Requirements.of(
        GraphParser.parse("graph \"g\" (%x: f32[s,8]) {\n  %y = " + slice + " %x\n  return %y\n}"));
  }
}
