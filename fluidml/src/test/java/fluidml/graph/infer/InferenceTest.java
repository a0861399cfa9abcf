package fluidml.graph.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidModelException;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.graph.GraphVerifier;
import fluidml.graph.Value;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class InferenceTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    try (InputStream in = InferenceTest.class.getResourceAsStream("/fluidml/graph/inference.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList().stream()
              .map(line -> DynamicTest.dynamicTest(line, () -> check(line.split(" \\| "))));
    }
  }

  private static void check(String[] parts) {
    boolean fails = parts[2].startsWith("!");
    int results = fails ? 1 : parts[2].split(";").length;
    String text = graph(parts[0], operands(parts[1]), results);
    if (fails) {
      InvalidModelException e =
          assertThrows(InvalidModelException.class, () -> GraphParser.parse(text));
      assertTrue(e.getMessage().contains(parts[2].substring(1).strip()), e.getMessage());
      assertTrue(e.getMessage().contains("node 'y0'"), e.getMessage());
      return;
    }
    Graph graph = GraphParser.parse(text);
    GraphVerifier.verify("inference", graph);
    assertEquals(parts[2], types(graph));
  }

  private static String types(Graph graph) {
    return graph.outputs().stream()
        .map(Value::type)
        .map(Object::toString)
        .collect(Collectors.joining("; "));
  }

  /** Splits at the commas outside of brackets. */
  private static List<String> operands(String text) {
    List<String> operands = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      depth += "[({".indexOf(c) >= 0 ? 1 : "])}".indexOf(c) >= 0 ? -1 : 0;
      if (c == ',' && depth == 0) {
        operands.add(text.substring(start, i).strip());
        start = i + 1;
      }
    }
    operands.add(text.substring(start).strip());
    return operands;
  }

  private static String graph(String op, List<String> operands, int results) {
    StringBuilder inputs = new StringBuilder();
    StringBuilder constants = new StringBuilder();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      String operand = operands.get(i);
      String name = "%x" + i;
      if (operand.equals("_")) {
        names.add("_");
        continue;
      }
      names.add(name);
      if (operand.endsWith("}")) {
        constants.append("  %s = Constant(%s)\n".formatted(name, operand));
      } else {
        inputs.append(inputs.isEmpty() ? "" : ", ").append(name).append(": ").append(operand);
      }
    }
    String outputs =
        IntStream.range(0, results).mapToObj(i -> "%y" + i).collect(Collectors.joining(", "));
    return "graph \"g\" (%s) {\n%s  %s = %s %s\n  return %s\n}\n"
        .formatted(inputs, constants, outputs, op, String.join(", ", names), outputs);
  }

  @Test
  void bodiesGiveTypes() {
    assertEquals(
        "f32[s,if_0]; f32[s,4]; i64[7,s]",
        types(
            GraphParser.parse(
                """
                graph "g" (%c: bool[], %x: f32[s,4]) {
                  %y = If(thenBranch=graph "then" (%p: f32[n,4]) {
                    return %p
                  }, elseBranch=graph "else" (%p: f32[n,4]) {
                    %q = Concat(1) %p, %p
                    return %q
                  }) %c, %x
                  %trips = Constant(i64[]{7})
                  %z, %scanned = Loop(body=graph "body" (%i: i64[], %on: bool[], %a: f32[s,4]) {
                    %b = Unary(RELU) %a
                    %n = ShapeOf(start=0, end=1) %b
                    %u = Reshape([]) %n
                    %r = Range(start=0, size=s, step=1, dtype=i64)
                    return %on, %b, %r
                  }, carried=1) %trips, _, %x
                  return %y, %z, %scanned
                }
                """)));
  }

  @Test
  void loopsForgetExtentsThatChange() {
    assertEquals(
        "f32[loop_1]",
        types(
            GraphParser.parse(
                """
                graph "g" (%x: f32[s], %n: i64[]) {
                  %z = Loop(body=graph "body" (%i: i64[], %on: bool[], %a: f32[len]) {
                    %b = Concat(0) %a, %a
                    return %on, %b
                  }, carried=1) %n, _, %x
                  return %z
                }
                """)));
  }

  @Test
  void shapeArithmeticFolds() {
    assertEquals(
        "f32[b,12,div(s,2)]; i64[b*s]; f32[2*s,b]",
        types(
            GraphParser.parse(
                """
                graph "g" (%x: f32[b,s,12]) {
                  %zero = Constant(i64[]{0})
                  %one = Constant(i64[]{1})
                  %axis = Constant(i64[1]{0})
                  %two = Constant(f32[]{2.0})
                  %shape = ShapeOf(start=0, end=3) %x
                  %b = Gather(0) %shape, %zero
                  %s = Gather(0) %shape, %one
                  %sf = Cast(to=f32, saturate=true, roundMode=UP) %s
                  %half = Binary(DIV) %sf, %two
                  %floor = Unary(FLOOR) %half
                  %h = Cast(to=i64, saturate=true, roundMode=UP) %floor
                  %hs = UnsqueezeBy() %h, %axis
                  %starts = Constant(i64[2]{0, 0})
                  %twelve = Constant(i64[1]{12})
                  %bs = UnsqueezeBy() %b, %axis
                  %target = Concat(0) %bs, %twelve, %hs
                  %y = ConstantOfShape(f32[1]{0.0}) %target
                  %n = Binary(MUL) %b, %s
                  %r = RangeBy() %zero, %n, %one
                  %front = Constant(i64[2]{1, 0})
                  %swapped = Gather(0) %shape, %front
                  %minus = Constant(i64[2]{-1, -1})
                  %is = Binary(EQUAL) %swapped, %minus
                  %ones = Constant(i64[2]{1, 1})
                  %chosen = Where() %is, %ones, %swapped
                  %f = Constant(i64[2]{2, 1})
                  %product = Binary(MUL) %chosen, %f
                  %e = ConstantOfShape(f32[1]{0.0}) %product
                  return %y, %r, %e
                }
                """)));
  }

  @Test
  void assumptionsAreListedOnce() {
    Graph graph =
        GraphParser.parse(
            """
            graph "g" (%x: f32[s,4], %y: f32[t,4], %z: f32[s,4]) {
              %a = Binary(ADD) %x, %y
              %b = Binary(MUL) %x, %y
              %c = MatMul() %b, %w
              return %a, %c
            }
            """
                .replace("%z: f32[s,4]", "%w: f32[u,2]"));
    Assumptions assumptions = Assumptions.of(graph);
    assertEquals(2, assumptions.conditions().size());
    assertTrue(assumptions.violation(name -> 4).isEmpty());
    assertTrue(assumptions.violation(name -> name.equals("t") ? 1 : 4).isEmpty());
    String violation = assumptions.violation(name -> name.equals("t") ? 3 : 4).orElseThrow();
    assertEquals("node 'a' needs t = s or 1, but they are 3 and 4", violation);
    assertTrue(assumptions.violation(name -> name.equals("u") ? 3 : 4).isPresent());
  }
}
