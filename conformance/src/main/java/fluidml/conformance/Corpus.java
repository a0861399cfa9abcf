package fluidml.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The cases of a zip or folder in the layout of ONNX's backend tests.
 *
 * <ul>
 *   <li>{@code NAME/model.onnx} with {@code NAME/test_data_set_K/{input,output}_J.pb}; a lone ONNX
 *       file of another name beside the data sets is a model too;
 *   <li>light models: {@code NAME.onnx} with {@code NAME_output_J.pb} beside it, or without.
 * </ul>
 *
 * <p>A zip is unpacked into a temporary folder that {@link #close} deletes.
 */
final class Corpus implements AutoCloseable {
  private final Path root;
  private final boolean temporary;
  private final List<TestCase> cases;

  private Corpus(Path root, boolean temporary) throws IOException {
    this.root = root;
    this.temporary = temporary;
    this.cases = find(root);
  }

  /**
   * Finds the cases of a zip or a folder, in the order of their paths.
   *
   * @throws IOException if it cannot be read
   */
  static Corpus open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return new Corpus(path, false);
    }
    Path folder = Files.createTempDirectory("conformance");
    try {
      unzip(path, folder);
      return new Corpus(folder, true);
    } catch (IOException | RuntimeException e) {
      delete(folder);
      throw e;
    }
  }

  /**
   * The cases that the project makes itself.
   *
   * @throws IOException if they cannot be written to a temporary folder
   */
  static Corpus project() throws IOException {
    Path folder = Files.createTempDirectory("conformance");
    ProjectCases.write(folder);
    return new Corpus(folder, true);
  }

  /** The cases. */
  List<TestCase> cases() {
    return cases;
  }

  private static List<TestCase> find(Path root) throws IOException {
    Map<Path, List<Path>> models;
    try (Stream<Path> files = Files.walk(root)) {
      models =
          files
              .filter(p -> p.toString().endsWith(".onnx"))
              .sorted()
              .collect(
                  Collectors.groupingBy(
                      p -> p.toAbsolutePath().getParent(), TreeMap::new, Collectors.toList()));
    }
    List<TestCase> cases = new ArrayList<>();
    for (Map.Entry<Path, List<Path>> entry : models.entrySet()) {
      Path folder = entry.getKey();
      List<TestCase.DataSet> stored = dataSets(folder);
      List<Path> files = entry.getValue();
      Path main = folder.resolve("model.onnx");
      if (!stored.isEmpty() && (Files.exists(main) || files.size() == 1)) {
        Path model = Files.exists(main) ? main : files.getFirst();
        cases.add(new TestCase(folder.getFileName().toString(), model, stored));
      } else {
        files.forEach(file -> cases.add(light(file.toAbsolutePath())));
      }
    }
    return cases;
  }

  private static List<TestCase.DataSet> dataSets(Path folder) throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children
          .filter(p -> p.getFileName().toString().startsWith("test_data_set_"))
          .filter(Files::isDirectory)
          .sorted(
              Comparator.comparingInt((Path p) -> p.toString().length())
                  .thenComparing(Comparator.naturalOrder()))
          .<TestCase.DataSet>map(TestCase.DataSet.Stored::new)
          .toList();
    }
  }

  private static TestCase light(Path model) {
    String file = model.toString();
    String prefix = file.substring(0, file.length() - ".onnx".length()) + "_output_";
    Optional<String> outputs =
        Files.exists(Path.of(prefix + "0.pb")) ? Optional.of(prefix) : Optional.empty();
    String fileName = model.getFileName().toString();
    return new TestCase(
        fileName.substring(0, fileName.length() - ".onnx".length()),
        model,
        List.of(new TestCase.DataSet.Generated(outputs)));
  }

  private static void unzip(Path zip, Path folder) throws IOException {
    try (FileSystem files = FileSystems.newFileSystem(zip);
        Stream<Path> entries = Files.walk(files.getPath("/"))) {
      for (Path entry : entries.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(entry.toString().substring(1)).normalize();
        if (!target.startsWith(folder)) {
          throw new IOException(zip + ": entry " + entry + " leaves the archive");
        }
        Files.createDirectories(target.getParent());
        Files.copy(entry, target);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Deletes the temporary folder, if there is one. */
  @Override
  public void close() throws IOException {
    if (temporary) {
      delete(root);
    }
  }
}
