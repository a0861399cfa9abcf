package fluidml.conformance;

import static fluidml.conformance.ProjectCase.floats;
import static fluidml.conformance.ProjectCase.node;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.OnnxWriter;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ValueInfoProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private CommandLine command;

  @BeforeEach
  void command() {
    command =
        Main.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
  }

  private static ModelProto model(String op) {
    return ModelProto.of(
        17,
        GraphProto.of(
            "g",
            List.of(node(op, "x", "y")),
            List.of(ValueInfoProto.tensor("x", DType.FLOAT32, 4)),
            List.of(ValueInfoProto.tensor("y", DType.FLOAT32, 4)),
            List.of()));
  }

  private void write(String name, String op, Tensor y) throws IOException {
    ProjectCase.of(name, model(op), ProjectCase.Run.of(floats(i -> i, 4), y)).write(folder);
  }

  @Test
  void passingCasesGiveExitCodeZeroAndATable() throws IOException {
    write("negated", "Neg", floats(i -> -i, 4));
    assertEquals(0, command.execute(folder.toString()), err.toString());
    assertTrue(out.toString().matches("(?s)engine .*reference +1 +0 +0.*compiled +1 +0 +0.*"));
  }

  @Test
  void aWrongResultGivesExitCodeOneAndALine() throws IOException {
    write("wrong", "Neg", floats(i -> i, 4));
    assertEquals(1, command.execute("--engine", "reference", "--list", "fail", folder.toString()));
    assertTrue(
        out.toString().contains("reference: wrong: fail: output 'y': element 1"), out.toString());
    assertTrue(err.toString().contains("reference: wrong: fail"), err.toString());
  }

  @Test
  void anUnknownOperatorIsUnsupportedAndADamagedModelFails() throws IOException {
    write("unknown", "NoSuchOperator", floats(i -> i, 4));
    write("damaged", "Neg", floats(i -> -i, 4));
    Files.write(folder.resolve("damaged/model.onnx"), new byte[] {8, 10, 58, 100, 1});
    Path json = folder.resolve("results.json");
    String[] args = {"--engine", "reference", "--json", json.toString(), folder.toString()};
    assertEquals(1, command.execute(args));
    JsonNode root = new ObjectMapper().readTree(json.toFile());
    assertEquals(1, root.at("/engines/0/unsupported").asInt());
    assertEquals(1, root.at("/engines/0/fail").asInt());
    assertEquals(2, root.at("/engines/0/unexpected").asInt());
    assertEquals("damaged", root.at("/cases/0/case").asText());
    assertEquals("unsupported", root.at("/cases/1/status").asText());
  }

  @Test
  void aKnownGapThatPassesMustLeaveTheList() throws IOException {
    write("test_dft_inverse", "Neg", floats(i -> -i, 4));
    write("test_bernoulli", "Neg", floats(i -> -i, 4));
    assertEquals(1, command.execute("--engine", "reference", folder.toString()));
    assertTrue(
        err.toString().contains("test_dft_inverse: passes, but is listed as a known gap"),
        err.toString());
    assertTrue(!err.toString().contains("test_bernoulli"), err.toString());
  }

  @Test
  void lightModelsGetInputsThatCountUp() throws IOException {
    OnnxWriter.write(model("Neg"), folder.resolve("light_a.onnx"));
    OnnxTensors.write(folder.resolve("light_a_output_0.pb"), "y", floats(i -> -i / 4.0, 4));
    OnnxWriter.write(model("Exp"), folder.resolve("light_b.onnx"));
    assertEquals(0, command.execute("--engine", "compiled", folder.toString()), err.toString());
    assertTrue(out.toString().contains("compiled                  2"), out.toString());
  }

  @Test
  void zipsAreCorporaToo() throws IOException {
    write("zipped", "Neg", floats(i -> -i, 4));
    Path zip = folder.resolve("cases.zip");
    Path root = folder.resolve("zipped");
    try (ZipOutputStream stream = new ZipOutputStream(Files.newOutputStream(zip))) {
      for (String file :
          List.of("model.onnx", "test_data_set_0/input_0.pb", "test_data_set_0/output_0.pb")) {
        stream.putNextEntry(new ZipEntry("node/test_zipped/" + file));
        stream.write(Files.readAllBytes(root.resolve(file)));
      }
    }
    String[] args = {"--engine", "reference", "--list", "pass", zip.toString()};
    assertEquals(0, command.execute(args), err.toString());
    assertTrue(out.toString().contains("test_zipped: pass"), out.toString());
  }

  @Test
  void filesThatCannotBeReadOrWrittenAreNamed() throws IOException {
    Path zip = Files.writeString(folder.resolve("text.zip"), "no zip");
    assertEquals(6, command.execute(zip.toString()));
    assertTrue(err.toString().startsWith("conformance: "), err.toString());
    write("negated", "Neg", floats(i -> -i, 4));
    String[] args = {"--json", zip.resolve("such.json").toString(), folder.toString()};
    assertEquals(6, command.execute(args));
  }

  @Test
  void nothingToRunIsWrongUsage() {
    assertEquals(2, command.execute());
    assertEquals(2, command.execute(folder.toString()));
    assertEquals(2, command.execute(folder.resolve("missing").toString()));
    assertEquals(2, command.execute("--vector-bits", "100", folder.toString()));
    assertEquals(2, command.execute("--engine", "nosuch", folder.toString()));
  }
}
