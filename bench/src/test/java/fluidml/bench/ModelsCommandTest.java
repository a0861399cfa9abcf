package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.bench.models.Architecture;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.onnx.OnnxWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ModelsCommandTest {
  @Test
  void writesAModelThatRunsLikeOnnxRuntime(@TempDir Path folder) {
    assertEquals(0, Main.commandLine().execute("models", "--out=" + folder, "lstm"));
    Path file = folder.resolve("lstm");
    try (Model model = Model.load(Inputs.modelFile(file), Options.defaults());
        Session session = model.newSession()) {
      var outputs = session.run(Inputs.of(file, model.inputs(), Map.of()));
      double error = Inputs.error(file, outputs.values());
      assertTrue(error >= 0 && error < 1e-5, () -> "error " + error);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MOBILENETV3", "CONVNEXT", "YOLO", "AUDIO", "LSTM"})
  void everyNodeIsUnderstood(Architecture architecture, @TempDir Path folder) throws Exception {
    Architecture.Instance instance = architecture.build();
    Path file = folder.resolve("model.onnx");
    OnnxWriter.write(instance.model(), file);
    try (OnnxFile open = OnnxFile.open(file)) {
      assertEquals(instance.inputs().size(), OnnxImporter.graph(open).inputs().size());
    }
    Files.delete(file);
  }

  @Test
  void refusesANameThatIsNone() {
    assertEquals(2, Main.commandLine().execute("models", "--out=x", "alexnet"));
    assertEquals(2, Main.commandLine().execute("models", "lstm"));
    assertEquals(0, Main.commandLine().execute("models", "--list"));
  }
}
