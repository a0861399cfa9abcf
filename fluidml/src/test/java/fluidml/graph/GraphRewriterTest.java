package fluidml.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation.Constant;
import fluidml.graph.op.Indexing.NonZero;
import fluidml.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphRewriterTest {
  private static final String GRAPH =
      """
      graph "g" (%x: f32[n], %c: bool[]) {
        %a = Unary(ABS) %x
        %b = Unary(RELU) %a
        %dead = Unary(EXP) %b
        %y = If(thenBranch=graph "then" (%p: f32[n]) {
          %q = Unary(RELU) %p
          %r = Unary(NEG) %q
          return %r
        }, elseBranch=graph "else" (%p: f32[n]) {
          return %p
        }) %c, %b
        return %y
      }
      """;

  private static boolean dropRelu(Node node, GraphRewriter rewriter) {
    if (node.op().equals(new Unary(UnaryFunction.RELU))) {
      rewriter.replace(node.output(), rewriter.value(node.input(0)));
      return true;
    }
    return false;
  }

  @Test
  void replacesHereAndInBodiesAndDropsDeadCode() {
    Graph graph = GraphRewriter.rewrite(GraphParser.parse(GRAPH), GraphRewriterTest::dropRelu);
    GraphVerifier.verify("test", graph);
    assertEquals(
        GraphPrinter.print(
            GraphParser.parse(
                """
                graph "g" (%x: f32[n], %c: bool[]) {
                  %a = Unary(ABS) %x
                  %y = If(thenBranch=graph "then" (%p: f32[n]) {
                    %r = Unary(NEG) %p
                    return %r
                  }, elseBranch=graph "else" (%p: f32[n]) {
                    return %p
                  }) %c, %a
                  return %y
                }
                """)),
        GraphPrinter.print(graph));
  }

  @Test
  void keepsTheGraphThatNoRuleChanges() {
    Graph graph = GraphRewriter.withoutDeadCode(GraphParser.parse(GRAPH));
    assertSame(graph, GraphRewriter.rewrite(graph, (node, rewriter) -> false));
  }

  @Test
  void sharesUnchangedNodes() {
    Graph graph = GraphParser.parse(GRAPH);
    Graph result = GraphRewriter.rewrite(graph, GraphRewriterTest::dropRelu);
    assertSame(graph.nodes().getFirst(), result.nodes().getFirst());
  }

  @Test
  void extentsThatBecomeKnownReplaceTheirSymbol() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[n,2]) {
              %m = Constant(i64[2]{1, 1})
              %i = NonZero() %m
              %t = Transpose([1, 0]) %i
              %s = ShapeOf(start=0, end=1) %t
              %e = Expand([nonzero_0,2]) %x
              %y = Binary(ADD) %e, %x
              return %t, %e
            }
            """);
    Graph result =
        GraphRewriter.rewrite(
            graph,
            (node, r) -> {
              if (!(node.op() instanceof NonZero)) {
                return false;
              }
              Tensor positions = Tensor.of(new long[] {0, 1}, 1, 2);
              r.replace(node, new Constant(positions), List.of());
              return true;
            });
    assertEquals("i64[2,1]", result.outputs().get(0).type().toString());
    assertEquals("f32[2,2]", result.outputs().get(1).type().toString());
    GraphVerifier.verify("test", result);
  }

  @Test
  void complainsAboutForgottenValues() {
    Graph graph = GraphParser.parse(GRAPH);
    assertThrows(
        IllegalStateException.class,
        () -> GraphRewriter.rewrite(graph, (node, r) -> node.name().equals("a")));
  }
}
