package fluidml.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keeps source files small: none over 600 lines, nine of ten under 400. */
class FileSizeTest {
  private static final int MAX_LINES = 600;
  private static final int USUAL_LINES = 400;
  private static final Set<String> SKIPPED = Set.of("target", ".git");

  private static final Map<Path, Long> LINES = new TreeMap<>();

  @BeforeAll
  static void countLines() throws IOException {
    Path root = Path.of(System.getProperty("fluidml.root", "..")).toRealPath();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            return SKIPPED.contains(String.valueOf(dir.getFileName()))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (isSource(root.relativize(file))) {
              try (Stream<String> lines = Files.lines(file)) {
                LINES.put(root.relativize(file), lines.count());
              }
            }
            return FileVisitResult.CONTINUE;
          }
        });
    assertFalse(LINES.isEmpty(), "no source file found below " + root);
  }

  private static boolean isSource(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(".java") || name.endsWith(".sh") || file.startsWith("bin");
  }

  @Test
  void noFileIsTooLong() {
    List<String> tooLong =
        LINES.entrySet().stream()
            .filter(file -> file.getValue() > MAX_LINES)
            .map(file -> file.getKey() + ": " + file.getValue() + " lines")
            .toList();
    assertEquals(List.of(), tooLong, "files over " + MAX_LINES + " lines: split them by theme");
  }

  @Test
  void mostFilesAreSmall() {
    List<Path> big =
        LINES.entrySet().stream()
            .filter(file -> file.getValue() >= USUAL_LINES)
            .map(Map.Entry::getKey)
            .toList();
    assertTrue(
        big.size() * 10 <= LINES.size(),
        () -> big.size() + " of " + LINES.size() + " files have 400 lines or more: " + big);
  }
}
