package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.graph.GraphVerifier;
import fluidml.tensor.DType;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class WidenProductsTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new WidenProducts());
  }

  @Test
  void whatLiesBetweenProductsStaysWide() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f16[n,2], %w: f16[2,2], %b: f16[2]) {
              %y = MatMul() %x, %w
              %s = Binary(ADD) %y, %b
              %t = Transpose([1, 0]) %s
              %c = Cast(to=f32, saturate=true, roundMode=UP) %t
              %z = MatMul() %s, %w
              return %z, %c
            }
            """);
    Graph wide = new RemoveDeadCode().run(new WidenProducts(true).run(graph));
    GraphVerifier.verify("widened", wide);
    List<String> narrow =
        wide.nodes().stream()
            .filter(n -> n.output().dtype() == DType.FLOAT16)
            .map(n -> n.op().mnemonic())
            .toList();
    // The model's own cast rounds, and the output does.
    assertEquals(List.of("Cast", "Cast"), narrow);
  }
}
