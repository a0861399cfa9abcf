package fluidml.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every engine over ONNX's operator tests and the project's own cases, against the known gaps. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CorpusTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private Corpus operators;

  @BeforeAll
  void open() throws IOException {
    String given = System.getProperty("fluidml.shared", "");
    Path root = Path.of(System.getProperty("fluidml.root", ".."));
    Path zip =
        (given.isEmpty() ? root.resolve("../shared") : Path.of(given)).resolve("onnx/node.zip");
    if (Files.exists(zip)) {
      operators = Corpus.open(zip);
    }
  }

  @AfterAll
  void close() throws IOException {
    if (operators != null) {
      operators.close();
    }
  }

  /** Every n-th operator test, from the k-th on. */
  private List<TestCase> operators(int n, int k) {
    assumeTrue(operators != null, "skipped: no shared data with onnx/node.zip");
    List<TestCase> cases = operators.cases();
    return IntStream.range(0, cases.size()).filter(i -> i % n == k).mapToObj(cases::get).toList();
  }

  private static void check(Engine engine, List<TestCase> cases) {
    CaseRunner runner = new CaseRunner(engine, TIMEOUT);
    Report report = new Report(List.of(engine.name()), cases.stream().map(runner::run).toList());
    StringWriter unexpected = new StringWriter();
    report.printUnexpected(new PrintWriter(unexpected));
    assertEquals("", unexpected.toString());
  }

  @Test
  void findsAllOperatorTests() {
    assertTrue(operators(1, 0).size() >= 1449);
  }

  @ParameterizedTest
  @EnumSource(
      value = Engines.class,
      names = {"REFERENCE", "COMPILED"})
  void operatorTests(Engines engine) {
    check(engine.create(1, OptionalInt.empty()), operators(1, 0));
  }

  @Test
  void operatorTestsWithEveryAccessChecked() {
    check(Engines.COMPILED_CHECKED.create(2, OptionalInt.empty()), operators(1, 0));
  }

  @Test
  void operatorTestsOnOnnxRuntime() {
    check(Engines.ONNXRUNTIME.create(1, OptionalInt.empty()), operators(1, 0));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 128, 256, 512})
  void operatorTestsWithVectorsOf(int bits) {
    check(Engines.COMPILED.create(1, OptionalInt.of(bits)), operators(4, bits / 128 % 4));
  }

  @ParameterizedTest
  @EnumSource(Engines.class)
  void projectCases(Engines engine) throws IOException {
    try (Corpus corpus = Corpus.project()) {
      check(engine.create(2, OptionalInt.empty()), corpus.cases());
    }
  }
}
