package fluidml.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What ONNX's operator tests do not have, made by the project. */
final class ProjectCases {
  private ProjectCases() {}

  /** All cases. */
  static List<ProjectCase> all() {
    return Stream.of(GraphCases.all(), ControlCases.all(), OlderCases.all())
        .flatMap(List::stream)
        .toList();
  }

  /**
   * Writes all cases, one folder each.
   *
   * @throws IOException if they cannot be written
   */
  static void write(Path root) throws IOException {
    for (ProjectCase made : all()) {
      made.write(root);
    }
  }
}
