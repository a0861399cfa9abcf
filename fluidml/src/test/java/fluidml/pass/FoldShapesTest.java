package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.GraphParser;
import fluidml.graph.GraphPrinter;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class FoldShapesTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new FoldShapes());
  }

  @Test
  void extentsThatOnlyDataTellsKeepTheirNames() {
    String text =
        """
        graph "g" (%x: f32[n]) {
          %i: i64[1,found] = NonZero() %x
          %t: i64[found] = Reshape([found]) %i
          return %t
        }
        """;
    assertEquals(text, GraphPrinter.print(new FoldShapes().run(GraphParser.parse(text))));
  }
}
