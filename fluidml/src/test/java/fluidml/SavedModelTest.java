package fluidml;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import fluidml.emit.jvm.HostTarget;
import fluidml.error.FluidmlException;
import fluidml.error.IncompatibleModelException;
import fluidml.error.InvalidInputException;
import fluidml.error.InvalidModelException;
import fluidml.graph.Graph;
import fluidml.graph.GraphParser;
import fluidml.onnx.OnnxTensors;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.saved.SavedModel;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SavedModelTest {
  private static final int PAGE = 4096;

  /** Any machine has it, and its kernels leave the JIT's profile of the Vector API alone. */
  private static final Options SCALAR = Options.defaults().withVectorBits(0);

  /** Symbolic extents, a packed and a plain constant, a filled value, an interpreted node. */
  private static final String MIXED =
      """
      graph "mixed" (%x: f32[n,4], %t: i64[k]) {
        %w: f32[4,5] = Constant(f32[4,5]#weights)
        %b: f32[5] = Constant(f32[5]{1, 2, 3, 4, 5})
        %p: f32[n,5] = MatMul() %x, %w
        %y: f32[n,5] = Binary(ADD) %p, %b
        %s: i64[2] = DimTensor(elements=[n, n*2], shape=[2])
        %u: i64[_u] = Unique(axis=none, sorted=true) %t
        %z: f32[n,5] = Unary(RELU) %y
        return %z, %s, %u, %b
      }
      """;

  @TempDir Path temporary;
  private Path file;

  @BeforeEach
  void path() {
    file = temporary.resolve("model.fluidml");
  }

  private static Graph mixed() {
    float[] weights = new float[20];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i - 9.5f;
    }
    return GraphParser.parse(MIXED, Map.of("weights", Tensor.of(weights, 4, 5)));
  }

  private static Map<String, Datum> inputs(int rows) {
    float[] x = new float[rows * 4];
    for (int i = 0; i < x.length; i++) {
      x[i] = i % 7 - 3;
    }
    Map<String, Datum> inputs = new LinkedHashMap<>();
    inputs.put("x", Datum.of(Tensor.of(x, rows, 4)));
    inputs.put("t", Datum.of(Tensor.ofLongs(3, 1, 3, 2)));
    return inputs;
  }

  private void saveMixed() throws IOException {
    try (Model model = Model.of(mixed(), SCALAR)) {
      model.save(file);
    }
  }

  @Test
  void runsAsBeforeForAnyExtents() throws IOException {
    saveMixed();
    try (Model compiled = Model.of(mixed(), SCALAR);
        Session before = compiled.newSession();
        Model saved = Model.load(file);
        Session after = saved.newSession()) {
      assertEquals(compiled.inputs().toString(), saved.inputs().toString());
      for (int rows : new int[] {1, 9, 40, 9}) {
        Map<String, Datum> expected = before.runData(inputs(rows));
        Map<String, Datum> actual = after.runData(inputs(rows));
        assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
        expected.forEach((name, datum) -> assertSame(name, datum.tensor(), actual.get(name)));
      }
      assertThrows(InvalidInputException.class, () -> after.runData(Map.of()));
    }
  }

  private static void assertSame(String name, Tensor expected, Datum actual) {
    assertArrayEquals(expected.dims(), actual.tensor().dims(), name);
    assertEquals(-1, expected.data().mismatch(actual.tensor().data()), name);
  }

  @Test
  void savesWhatWasSaved() throws IOException {
    saveMixed();
    Path copy = temporary.resolve("copy.fluidml");
    try (Model saved = Model.load(file)) {
      saved.save(copy);
      saved.save(file);
    }
    assertEquals(-1, Files.mismatch(file, copy));
  }

  @Test
  void sameModelMakesSameFile() throws IOException {
    saveMixed();
    byte[] first = Files.readAllBytes(file);
    saveMixed();
    assertArrayEquals(first, Files.readAllBytes(file));
  }

  @Test
  void aModelOfTheSharedFolderRunsAsBefore() throws IOException {
    Path folder = SharedData.require("models/gptneox-tiny");
    try (Model model = Model.load(folder.resolve("model.onnx"))) {
      model.save(file);
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (int i = 0; i < model.inputs().size(); i++) {
        Path data = folder.resolve("test_data_set_0/input_" + i + ".pb");
        inputs.put(model.inputs().get(i).name(), OnnxTensors.read(data));
      }
      try (Session before = model.newSession();
          Model saved = Model.load(file);
          Session after = saved.newSession()) {
        Map<String, Tensor> actual = after.run(inputs);
        before.run(inputs).forEach((n, t) -> assertSame(n, t, Datum.of(actual.get(n))));
      }
    } catch (InvalidModelException e) {
      SharedData.require("models/gptneox-tiny/weights.bin");
      throw e;
    }
  }

  @Test
  void everyDamagedByteIsFound() throws IOException {
    saveMixed();
    byte[] whole = Files.readAllBytes(file);
    for (int i = 8; i < whole.length; i += i < 200 ? 1 : 41) {
      byte[] damaged = whole.clone();
      damaged[i] ^= (byte) (1 << (i % 8));
      if (isPadding(whole, i)) {
        continue;
      }
      assertRefused(damaged, "byte " + i);
    }
  }

  /** Between sections lies nothing. */
  private static boolean isPadding(byte[] whole, int at) {
    if (at < PAGE) {
      return false;
    }
    ByteBuffer page = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    for (int section = 0; section < 3; section++) {
      long offset = page.getLong(48 + 24 * section);
      if (at >= offset && at < offset + page.getLong(56 + 24 * section)) {
        return false;
      }
    }
    return true;
  }

  private void assertRefused(byte[] bytes, String what) throws IOException {
    Path damaged = temporary.resolve("damaged.fluidml");
    Files.write(damaged, bytes);
    try (SavedModel _ = SavedModel.open(damaged)) {
      fail("not refused: " + what);
    } catch (InvalidModelException | IncompatibleModelException e) {
      assertTrue(e.getMessage().contains("damaged.fluidml"), e.getMessage());
    }
  }

  @Test
  void everyCutIsFound() throws IOException {
    saveMixed();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 8; length < whole.length; length += length < 200 ? 3 : 499) {
      assertRefused(java.util.Arrays.copyOf(whole, length), "cut to " + length);
    }
    assertRefused(java.util.Arrays.copyOf(whole, whole.length + 1), "one byte more");
  }

  @Test
  void nonsenseWithTheRightChecksumsIsNoCrash() throws IOException {
    saveMixed();
    byte[] whole = Files.readAllBytes(file);
    ByteBuffer page = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(5);
    Path damaged = temporary.resolve("damaged.fluidml");
    for (int round = 0; round < 120; round++) {
      byte[] bytes = whole.clone();
      int section = round % 10 == 0 ? 1 : 0;
      int offset = (int) page.getLong(48 + 24 * section);
      int length = (int) page.getLong(56 + 24 * section);
      for (int i = 0; i <= random.nextInt(3); i++) {
        bytes[offset + random.nextInt(length)] = (byte) random.nextInt();
      }
      sign(bytes);
      Files.write(damaged, bytes);
      try (SavedModel model = SavedModel.open(damaged)) {
        assertTrue(model.program().steps().size() > 0);
      } catch (FluidmlException e) {
        assertTrue(e.getMessage().contains("damaged.fluidml"), e.toString());
      }
    }
  }

  /** Makes the checksums right. */
  private static void sign(byte[] bytes) {
    ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 48; at < 48 + 3 * 24; at += 24) {
      page.putInt(at + 16, checksum(bytes, page.getLong(at), page.getLong(at + 8)));
    }
    page.putInt(12, checksum(bytes, 16, PAGE - 16));
  }

  private static int checksum(byte[] bytes, long offset, long length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, (int) offset, (int) length);
    return (int) crc.getValue();
  }

  private static final String BYTES =
      """
      graph "bytes" (%x: u8[3,8]) {
        %w = Constant(i8[8,2]{1, -2, 3, -4, 5, -6, 7, -8, 9, 10, 11, 12, 13, 14, 15, 16})
        %z = Constant(u8[]{128})
        %y = MatMulInteger() %x, %w, %z
        return %y
      }
      """;

  @Test
  void machineCodeIsUsedWhereItRunsUnlessForbidden() throws IOException {
    Tensor x = Tensor.allocate(DType.UINT8, 3, 8);
    for (int i = 0; i < 24; i++) {
      x.setLong(i, 11 * i % 256);
    }
    Graph graph = GraphParser.parse(BYTES);
    long[] expected = Interpreter.run(graph, List.of(Datum.of(x))).getFirst().tensor().toLongs();
    Options options = Options.defaults().withThreads(1);
    for (boolean allowed : new boolean[] {true, false}) {
      try (Model model = Model.of(graph, options.withMachineCode(allowed))) {
        assertEquals(
            allowed && HostTarget.hasByteProducts(),
            model.program().orElseThrow().target().byteProducts());
        model.save(file);
      }
      try (Model model = Model.load(file, options);
          Session session = model.newSession()) {
        assertArrayEquals(expected, session.run(Map.of("x", x)).get("y").toLongs());
      }
      if (allowed && HostTarget.hasByteProducts()) {
        assertThrows(
            InvalidInputException.class, () -> Model.load(file, options.withMachineCode(false)));
      }
    }
  }

  /** The first page says that the code needs it. */
  @Test
  void filesWithMachineCodeAreRefusedWhereItDoesNotRun() throws IOException {
    saveMixed();
    byte[] bytes = Files.readAllBytes(file);
    bytes[28] = 1;
    sign(bytes);
    Files.write(file, bytes);
    if (HostTarget.hasByteProducts()) {
      Model.load(file).close();
    } else {
      String told =
          assertThrows(IncompatibleModelException.class, () -> Model.load(file)).getMessage();
      assertTrue(told.contains("dot products"), told);
    }
  }

  @Test
  void filesForOtherMachinesAndVersionsAreRefused() throws IOException {
    saveMixed();
    byte[] whole = Files.readAllBytes(file);
    Map<Integer, String> changes =
        Map.of(8, "version", 16, "library", 20, "Java", 24, "vectors", 32, "saved for");
    changes.forEach(
        (at, message) -> {
          byte[] bytes = whole.clone();
          bytes[at + 1] ^= 0x40;
          sign(bytes);
          try {
            Files.write(file, bytes);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
          String told =
              assertThrows(IncompatibleModelException.class, () -> Model.load(file)).getMessage();
          assertTrue(told.contains(message) && told.contains("compile the model again"), told);
        });
  }

  @Test
  void optionsThatContradictTheFileAreRefused() throws IOException {
    saveMixed();
    Options defaults = Options.defaults();
    for (Options options :
        List.of(
            defaults.withEngine(Options.Engine.REFERENCE),
            defaults.withChecked(true),
            defaults.withVectorBits(128))) {
      assertThrows(InvalidInputException.class, () -> Model.load(file, options));
    }
  }

  @Test
  void onlyUncheckedCompiledModelsAreSaved() throws IOException {
    for (Options options :
        List.of(
            Options.defaults().withEngine(Options.Engine.REFERENCE),
            Options.defaults().withChecked(true))) {
      try (Model model = Model.of(mixed(), options)) {
        assertThrows(InvalidInputException.class, () -> model.save(file));
      }
    }
    try (Model model = Model.of(mixed(), SCALAR)) {
      Files.createDirectories(file.resolve("inside"));
      assertThrows(IOException.class, () -> model.save(file));
    }
    try (var left = Files.list(temporary)) {
      assertEquals(List.of(file), left.toList());
    }
  }
}
