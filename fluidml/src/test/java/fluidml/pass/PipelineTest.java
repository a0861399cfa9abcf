package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.VerificationException;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.graph.Node;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PipelineTest {
  private static final String GRAPH =
      """
      graph "g" (%x: f32[4]) {
        %one = Constant(f32[]{1})
        %a = Binary(MUL) %x, %one
        %b = Unary(EXP) %a
        return %b
      }
      """;

  private static final int FIRST_SIMPLIFY = Pipeline.standard().names().indexOf("simplify");

  @Test
  void recordsWhatEachPassDid() {
    Pipeline.Optimised result = Pipeline.standard().optimise(GraphParser.parse(GRAPH));
    assertEquals(
        Pipeline.standard().names(), result.records().stream().map(PassRecord::pass).toList());
    PassRecord simplify = result.records().get(FIRST_SIMPLIFY);
    assertEquals("simplify", simplify.pass());
    assertTrue(simplify.changed());
    assertEquals(3, simplify.nodesBefore());
    assertEquals(1, simplify.nodesAfter());
  }

  @Test
  void splitsTransposedConvolutionsWithNormalizations() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[1,1,3]) {
              %w = Constant(f32[1,2,2]{1, 2, 3, 4})
              %one = Constant(f32[2]{1, 1})
              %c = ConvTranspose(window={kernel=[2], strides=[2], dilations=[1], padsBegin=[0], \
            padsEnd=[0], padding=EXPLICIT}, groups=1, outputPadding=[], outputShape=[]) %x, %w
              %y = BatchNorm(0.00001) %c, %one, %one, %one, %one
              return %y
            }
            """);
    List<Node> nodes = Pipeline.standard().run(graph).nodes();
    assertTrue(nodes.stream().noneMatch(node -> node.op() instanceof ConvTranspose));
    assertEquals(2, nodes.stream().filter(node -> node.op() instanceof Conv).count());
  }

  @Test
  void stopsAfterSomePasses() {
    Graph graph = GraphParser.parse(GRAPH);
    assertEquals(3, Pipeline.standard().stopAfter(FIRST_SIMPLIFY).run(graph).nodes().size());
    assertEquals(1, Pipeline.standard().stopAfter(FIRST_SIMPLIFY + 1).run(graph).nodes().size());
  }

  @Test
  void showsTheGraphAfterEachPass() {
    List<Integer> sizes = new ArrayList<>();
    Pipeline.of(List.of(new RemoveDeadCode(), new Simplify()))
        .observedBy((_, graph) -> sizes.add(graph.nodes().size()))
        .optimise(GraphParser.parse(GRAPH));
    assertEquals(List.of(3, 1), sizes);
  }

  @Test
  void namesThePassAndTheNodeThatBreakAGraph() {
    Pass breaking =
        new Pass() {
          @Override
          public String name() {
            return "lose-a-node";
          }

          @Override
          public Graph run(Graph graph) {
            List<Node> nodes = graph.nodes().subList(0, graph.nodes().size() - 1);
            List<Node> rest = new ArrayList<>(nodes.subList(0, nodes.size() - 1));
            rest.add(graph.nodes().getLast());
            return new Graph(graph.name(), graph.inputs(), graph.outputs(), rest);
          }
        };
    Pipeline pipeline = Pipeline.of(List.of(breaking));
    Graph graph = GraphParser.parse(GRAPH);
    String message =
        assertThrows(VerificationException.class, () -> pipeline.run(graph)).getMessage();
    assertTrue(message.contains("lose-a-node") && message.contains("'b'"), message);
  }
}
