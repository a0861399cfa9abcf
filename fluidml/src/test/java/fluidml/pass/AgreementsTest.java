package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import org.junit.jupiter.api.Test;

class AgreementsTest {
  @Test
  void aTableCutToTheLengthOfASequenceHasItsLength() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[s,4], %table: f32[512,4]) {
              %s = ShapeOf(start=0, end=1) %x
              %zero = Constant(i64[1]{0})
              %cut = SliceBy() %table, %zero, %s, %zero
              %y = Binary(ADD) %x, %cut
              return %y
            }
            """);
    Graph result = new FoldShapes().run(graph);
    assertEquals("[s,4]", result.nodes().getFirst().output().shape().toString());
  }

  @Test
  void aTableOfOneRowMayBroadcast() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[s,4], %table: f32[1,4]) {
              %s = ShapeOf(start=0, end=1) %x
              %zero = Constant(i64[1]{0})
              %cut = SliceBy() %table, %zero, %s, %zero
              %y = Binary(ADD) %x, %cut
              return %y
            }
            """);
    Graph result = new FoldShapes().run(graph);
    assertEquals("[min(1,s),4]", result.nodes().getFirst().output().shape().toString());
  }
}
