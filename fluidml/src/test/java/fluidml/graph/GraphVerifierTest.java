package fluidml.graph;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.VerificationException;
import fluidml.graph.op.Control.If;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Op;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphVerifierTest {
  private static final Op RELU = new Unary(UnaryFunction.RELU);
  private static final Type VECTOR = Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("n")));
  private final Value x = new Value("x", VECTOR);
  private final Value y = new Value("y", VECTOR);

  private static void assertBroken(String rule, Graph graph) {
    VerificationException e =
        assertThrows(VerificationException.class, () -> GraphVerifier.verify("test", graph));
    assertTrue(e.getMessage().contains("'" + rule + "'"), e.getMessage());
    assertTrue(e.getMessage().contains("graph 'g'"), e.getMessage());
  }

  private Graph graph(Node... nodes) {
    return new Graph("g", List.of(x), List.of(y), List.of(nodes));
  }

  private static Node node(Op op, Value operand, Value result) {
    return new Node("n", op, List.of(operand), List.of(result));
  }

  @Test
  void acceptsWhatIsRight() {
    GraphVerifier.verify("test", graph(node(RELU, x, y)));
    Value narrower = new Value("y", Type.tensor(DType.FLOAT32, 7));
    GraphVerifier.verify(
        "test", new Graph("g", List.of(x), List.of(narrower), List.of(node(RELU, x, narrower))));
  }

  @Test
  void namesAreUnique() {
    Value same = new Value("x", VECTOR);
    assertBroken("names", new Graph("g", List.of(x), List.of(same), List.of(node(RELU, x, same))));
  }

  @Test
  void valuesAreDefinedOnce() {
    Node node = node(RELU, x, y);
    assertBroken("names", graph(node, node));
  }

  @Test
  void nodesReadWhatIsThere() {
    Value z = new Value("z", VECTOR);
    assertBroken("order", graph(node(RELU, z, y), node(RELU, x, z)));
  }

  @Test
  void outputsAreComputed() {
    assertBroken("outputs", graph());
  }

  @Test
  void typesAreThoseInferred() {
    Value wrongType = new Value("y", Type.tensor(DType.FLOAT64, Shape.of(Dim.symbol("n"))));
    Value wrongRank = new Value("y", Type.tensor(DType.FLOAT32, 2, 3));
    Value vague = new Value("y", Type.unranked(DType.FLOAT32));
    for (Value wrong : List.of(wrongType, wrongRank, vague)) {
      assertBroken("types", graph(node(RELU, x, wrong)));
    }
    assertBroken("types", graph(node(new Unary(UnaryFunction.NOT), x, y)));
  }

  @Test
  void symbolsComeFromSomewhere() {
    Value dims = new Value("y", Type.tensor(DType.INT64, 1));
    Op op = new DimTensor(List.of(Dim.symbol("m")), Shape.of(1));
    assertBroken("symbols", graph(new Node("n", op, List.of(), List.of(dims))));
  }

  @Test
  void bodiesAreVerified() {
    Value condition = new Value("c", Type.tensor(DType.BOOL, Shape.SCALAR));
    Graph branch = new Graph("g", List.of(), List.of(y), List.of());
    Node node = new Node("n", new If(branch, branch), List.of(condition), List.of(y));
    assertBroken("outputs", new Graph("outer", List.of(condition), List.of(y), List.of(node)));
  }
}
