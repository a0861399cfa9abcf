package fluidml.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.file.AtomicFile;
import fluidml.loop.schedule.LoopOrder;
import fluidml.lower.Decisions;
import fluidml.lower.Decisions.Tiling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CostFileTest {
  private static final Machine MACHINE = new Machine("cpu", 2, 512, "25", "1");

  @TempDir Path folder;

  private static CostTable one(String key) {
    return new CostTable(Map.of(key, new CostTable.Cost(1.5e-3, 1e-5, 12)), Map.of());
  }

  private static CostTable choice() {
    Decisions decisions =
        new Decisions(
            Map.of("/a b/MatMul", new Tiling(8, 3, 384, LoopOrder.MKN), "", new Tiling(6, 4)),
            Map.of("y=1", List.of(0, 2, 1, 3)),
            Map.of("conv 1", Decisions.Algorithm.WINOGRAD_2));
    return CostTable.EMPTY.with("m", new CostTable.Choice("global", 1, 2, 3, decisions));
  }

  @Test
  void entriesAddUpAndSurvive() throws IOException {
    CostFile file = new CostFile(folder.resolve("new/costs.txt"), MACHINE);
    assertEquals(CostTable.EMPTY, file.read());
    file.add(one("a"));
    file.add(choice());
    assertEquals(one("a").with(one("b")).with(choice()), file.add(one("b")));
    assertEquals(one("a").with(one("b")).with(choice()), file.read());
  }

  @Test
  void damagedAndForeignTablesAreIgnored() throws IOException {
    Path path = folder.resolve("costs.txt");
    CostFile file = new CostFile(path, MACHINE);
    file.add(one("a"));
    String whole = Files.readString(path);
    for (String damaged :
        List.of("", "x", whole.substring(0, whole.length() / 2), whole.replace("0.0015", "0.5"))) {
      Files.writeString(path, damaged);
      assertEquals(CostTable.EMPTY, file.read());
    }
    Files.writeString(path, whole);
    Machine other = new Machine("cpu", 4, 512, "25", "1");
    assertEquals(CostTable.EMPTY, new CostFile(path, other).read());
    assertEquals(one("a"), file.read());
  }

  @Test
  void aTableThatCannotBeWrittenStaysAsItWas() throws IOException {
    Path path = folder.resolve("costs.txt");
    CostFile file = new CostFile(path, MACHINE);
    file.add(one("a"));
    // Where the temporary file should be lies a folder: as on a full disk, nothing can be written.
    Path temporary = AtomicFile.temporary(path);
    Files.createDirectory(temporary);
    Files.createFile(temporary.resolve("full"));
    assertThrows(IOException.class, () -> file.add(one("b")));
    assertEquals(one("a"), file.read());
  }

  /** Writes entries of its own, one after another. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) throws IOException {
      CostFile file = new CostFile(Path.of(arguments[0]), MACHINE);
      for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
        file.add(one(arguments[1] + i));
      }
    }
  }

  private static Process writer(Path path, String name, int entries) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Writer.class.getName(),
            path.toString(),
            name,
            Integer.toString(entries))
        .inheritIO()
        .start();
  }

  @Test
  void processesThatWriteAtOnceLoseNothing() throws Exception {
    Path path = folder.resolve("costs.txt");
    List<Process> writers = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      writers.add(writer(path, name, 30));
    }
    for (Process process : writers) {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue());
    }
    assertEquals(90, new CostFile(path, MACHINE).read().costs().size());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count(), "the table and its lock");
    }
  }

  @Test
  void aKilledWriterLeavesAWholeTable() throws Exception {
    Path path = folder.resolve("costs.txt");
    CostFile file = new CostFile(path, MACHINE);
    file.add(one("first"));
    Process process = writer(path, "k", 1_000_000);
    while (process.isAlive() && file.read().costs().size() < 20) {
      Thread.sleep(2);
    }
    process.destroyForcibly().waitFor();
    int written = file.read().costs().size();
    assertTrue(written >= 20, "whole and readable: " + written);
    assertEquals(written + 1, file.add(one("next")).costs().size());
  }
}
