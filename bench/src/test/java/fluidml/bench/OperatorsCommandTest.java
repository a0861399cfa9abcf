package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.bench.models.Architecture;
import fluidml.bench.models.SingleOperator;
import fluidml.onnx.OnnxWriter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class OperatorsCommandTest {
  @TempDir private Path folder;

  /** Every operator, with inputs of true size, beside ONNX Runtime. */
  @TestFactory
  Stream<DynamicTest> resultsAreThoseOfOnnxRuntime() {
    return SingleOperator.all().stream()
        .map(o -> DynamicTest.dynamicTest(o.label(), () -> compare(o)));
  }

  private void compare(SingleOperator operator) throws Exception {
    Path file = folder.resolve("model.onnx");
    Architecture.Instance instance = operator.build();
    OnnxWriter.write(instance.model(), file);
    Map<String, Tensor> inputs = Inputs.offHeap(instance.inputs());
    try (Model model = Model.load(file, Options.defaults());
        Session session = model.newSession()) {
      Map<String, Tensor> outputs = session.run(inputs);
      for (Map.Entry<String, Tensor> expected : OnnxRuntime.outputs(file, inputs).entrySet()) {
        Tensor output = outputs.get(expected.getKey());
        assertEquals(expected.getValue().shape(), output.shape());
        assertEquals(expected.getValue().dtype(), output.dtype());
        double most = output.dtype().isFloat() && output.dtype() != DType.FLOAT16 ? 1e-5 : 0;
        assertTrue(Inputs.error(output, expected.getValue()) <= most, operator.label());
      }
    }
  }

  @Test
  void measuresWhatIsNamed() throws Exception {
    Path json = folder.resolve("rows.json");
    assertEquals(
        0,
        Main.commandLine()
            .execute("operators", "trilu", "--warmup=0", "--turns=1", "--json=" + json));
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertEquals(1, rows.size());
    assertEquals("Trilu", rows.get(0).get("operator").asText());
    assertEquals(0, rows.get(0).get("error").asDouble());
    assertTrue(rows.get(0).get("ratio").asDouble() > 0);
  }

  @Test
  void unknownNameIsWrongUsage() {
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine().setErr(new PrintWriter(err, true)).execute("operators", "no such");
    assertEquals(2, code);
    assertTrue(err.toString().contains("--list"), err.toString());
  }
}
