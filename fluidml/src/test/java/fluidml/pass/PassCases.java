package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.graph.GraphPrinter;
import fluidml.graph.GraphVerifier;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs a pass on graphs written as text, and compares with the text that is expected and, on the
 * interpreter with random inputs, with what the graph computed before.
 *
 * <p>A file holds cases of the form {@code ### title}, input, {@code ---}, expected. The system
 * property {@code fluidml.rewrite} replaces what is expected by what comes out.
 */
final class PassCases {
  private static final Path FOLDER =
      Path.of(System.getProperty("fluidml.root", ".."), "fluidml/src/test/resources/fluidml/pass");

  private record Case(String title, String input, String expected) {}

  private PassCases() {}

  /** One test for each case of the file named after the pass. */
  static Stream<DynamicTest> of(Pass pass) throws IOException {
    return of(pass, pass.name());
  }

  /** One test for each case of a file. */
  static Stream<DynamicTest> of(Pass pass, String name) throws IOException {
    Path file = FOLDER.resolve(name + ".txt");
    List<Case> cases = read(file);
    if (Boolean.getBoolean("fluidml.rewrite")) {
      StringBuilder text = new StringBuilder();
      for (Case one : cases) {
        String result = GraphPrinter.print(pass.run(GraphParser.parse(one.input)));
        text.append("### ").append(one.title).append('\n').append(one.input);
        text.append("---\n").append(result).append('\n');
      }
      Files.writeString(file, text.toString().stripTrailing() + "\n");
      cases = read(file);
    }
    return cases.stream().map(one -> DynamicTest.dynamicTest(one.title, () -> check(pass, one)));
  }

  private static List<Case> read(Path file) throws IOException {
    List<Case> cases = new ArrayList<>();
    for (String part : Files.readString(file).split("(?m)^### ", -1)) {
      if (part.isBlank()) {
        continue;
      }
      int line = part.indexOf('\n');
      String[] sides = (part.substring(line + 1) + "\n").split("(?m)^---\n", 2);
      cases.add(
          new Case(
              part.substring(0, line),
              sides[0].strip() + "\n",
              sides.length > 1 ? sides[1].strip() + "\n" : ""));
    }
    return cases;
  }

  private static void check(Pass pass, Case one) {
    Graph before = GraphParser.parse(one.input);
    GraphVerifier.verify("parser", before);
    Graph after = pass.run(before);
    GraphVerifier.verify(pass.name(), after);
    assertEquals(one.expected, GraphPrinter.print(after));
    assertSameResults(before, after, 1e-5);
  }

  /** Compares what two graphs compute for random inputs, in which every symbol is 3. */
  static void assertSameResults(Graph before, Graph after, double tolerance) {
    Random random = new Random(7);
    List<Datum> inputs = new ArrayList<>();
    for (Value input : before.inputs()) {
      Tensor tensor = Tensor.allocate(input.dtype(), input.shape().evaluate(_ -> 3));
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.setDouble(
            i, input.dtype().isFloat() ? random.nextDouble() * 2 - 1 : random.nextInt(2));
      }
      inputs.add(Datum.of(tensor));
    }
    List<Datum> expected = Interpreter.run(before, inputs);
    List<Datum> found = Interpreter.run(after, inputs);
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertClose(
          before.outputs().get(i), expected.get(i).tensor(), found.get(i).tensor(), tolerance);
    }
  }

  private static void assertClose(Value value, Tensor expected, Tensor found, double tolerance) {
    assertEquals(expected.toString(), found.toString(), value.name());
    for (long i = 0; i < expected.elements(); i++) {
      double a = expected.getDouble(i);
      double b = found.getDouble(i);
      boolean close = a == b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a));
      long index = i;
      assertTrue(
          close || (Double.isNaN(a) && Double.isNaN(b)),
          () -> value + " at " + index + ": " + a + " became " + b);
    }
  }
}
