package fluidml.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidModelException;
import fluidml.error.SessionClosedException;
import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxFileTest {
  @TempDir Path directory;

  @Test
  void weightsAreSlicesOfTheMappingAndDieWithIt() throws IOException {
    Path path = directory.resolve("m.onnx");
    OnnxWriter.write(Models.mixed(), path);
    Tensor weights;
    OnnxFile file = OnnxFile.open(path);
    try (file) {
      weights = file.tensor(file.model().graph().initializers().getFirst());
      assertTrue(weights.data().isMapped());
      assertEquals(12f, weights.getFloat(11));
    }
    file.close();
    assertThrows(IllegalStateException.class, () -> weights.getFloat(0));
    assertThrows(
        SessionClosedException.class,
        () -> file.tensor(file.model().graph().initializers().getFirst()));
  }

  @Test
  void externalDataAreMappedAtTheirOffsets() throws IOException {
    Path path = directory.resolve("m.onnx");
    OnnxWriter.writeExternal(Models.mixed(), path, "m.bin", 1);
    try (OnnxFile file = OnnxFile.open(path)) {
      TensorProto proto = file.model().graph().initializers().getFirst();
      assertInstanceOf(TensorProto.External.class, proto.data());
      Tensor weights = file.tensor(proto);
      assertTrue(weights.data().isMapped());
      assertEquals(7f, weights.getFloat(6));
    }
  }

  private static TensorProto external(String location, long offset, OptionalLong length) {
    return new TensorProto(
        "w",
        DType.FLOAT32,
        List.of(4L),
        new TensorProto.External(location, offset, length, Map.of()));
  }

  private String failure(TensorProto proto) throws IOException {
    Path model = Files.createDirectories(directory.resolve("model")).resolve("m.onnx");
    GraphProto graph = GraphProto.of("g", List.of(), List.of(), List.of(), List.of(proto));
    OnnxWriter.write(ModelProto.of(17, graph), model);
    try (OnnxFile file = OnnxFile.open(model)) {
      TensorProto read = file.model().graph().initializers().getFirst();
      String message =
          assertThrows(InvalidModelException.class, () -> file.tensor(read)).getMessage();
      assertTrue(message.startsWith("m.onnx, tensor 'w', external data '"), message);
      return message;
    }
  }

  @Test
  void externalDataStayInsideTheModelsDirectory() throws IOException {
    Path inside = Files.createDirectories(directory.resolve("model"));
    Path secret = directory.resolve("secret.bin");
    Files.write(secret, new byte[16]);
    Files.write(inside.resolve("ok.bin"), new byte[20]);
    Files.createSymbolicLink(inside.resolve("link.bin"), secret);
    Files.createDirectories(inside.resolve("folder"));
    OptionalLong none = OptionalLong.empty();
    assertTrue(failure(external("../secret.bin", 0, none)).contains("'..'"));
    assertTrue(failure(external("folder/../../secret.bin", 0, none)).contains("'..'"));
    assertTrue(failure(external(secret.toString(), 0, none)).contains("absolute"));
    assertTrue(failure(external("link.bin", 0, none)).contains("symbolic link"));
    assertTrue(failure(external("folder", 0, none)).contains("regular file"));
    assertTrue(failure(external("a\\b", 0, none)).contains("relative path"));
    assertTrue(failure(external("missing.bin", 0, none)).contains("cannot be found"));
    assertTrue(failure(external("ok.bin", 8, none)).contains("bytes 8 to 24"));
    assertTrue(failure(external("ok.bin", Long.MAX_VALUE, none)).contains("the file has 20"));
    assertTrue(failure(external("ok.bin", 0, OptionalLong.of(15))).contains("length given is 15"));
  }

  @Test
  void missingAndEmptyFilesAreNamed() throws IOException {
    Path path = directory.resolve("none.onnx");
    assertThrows(InvalidModelException.class, () -> OnnxFile.open(path));
    Files.write(path, new byte[0]);
    String message =
        assertThrows(InvalidModelException.class, () -> OnnxFile.open(path)).getMessage();
    assertTrue(message.contains("none.onnx") && message.contains("no graph"), message);
  }

  @Test
  void tensorsRoundTripAsFiles() throws IOException {
    Path path = directory.resolve("t.pb");
    OnnxTensors.write(path, "t", Tensor.ofLongs(1, -2, 3));
    assertArrayEquals(new long[] {1, -2, 3}, OnnxTensors.read(path).toLongs());
    OnnxTensors.write(path, "s", Tensor.ofStrings(List.of("a", "ß", ""), 3));
    assertEquals(List.of("a", "ß", ""), OnnxTensors.read(path).strings());
  }
}
