package fluidml.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The lists of known gaps and of tolerances that come with the project. */
final class ProjectFiles {
  private ProjectFiles() {}

  /**
   * Cases that an engine is known not to pass, with the reason for each: {@code NAME: REASON} in a
   * line, {@code ~NAME: REASON} for one that passes on some machines or by chance.
   *
   * @param list name of the list, from {@link Engine#gaps}
   */
  static Map<String, KnownGap> knownGaps(String list) {
    Map<String, KnownGap> gaps = new TreeMap<>();
    for (String line : lines("known-gaps/" + list + ".txt")) {
      int colon = line.indexOf(": ");
      boolean varies = line.startsWith("~");
      int start = varies ? 1 : 0;
      if (colon <= start
          || gaps.put(line.substring(start, colon), new KnownGap(line.substring(colon + 2), varies))
              != null) {
        throw new IllegalStateException("known gaps of " + list + ": unclear line: " + line);
      }
    }
    return gaps;
  }

  /** The tolerances of cases that are not compared as ONNX's backend runner does. */
  static Map<String, Tolerance> tolerances() {
    Map<String, Tolerance> tolerances = new TreeMap<>();
    for (String line : lines("tolerances.txt")) {
      String[] words = line.split(" ", -1);
      double bound = Double.parseDouble(words[2]);
      tolerances.put(
          words[0],
          switch (words[1]) {
            case "to-largest" -> new Tolerance.ToLargest(bound);
            case "cosine" -> new Tolerance.Cosine(bound);
            default -> throw new IllegalStateException("tolerances: unclear line: " + line);
          });
    }
    return tolerances;
  }

  private static List<String> lines(String resource) {
    try (InputStream in = ProjectFiles.class.getResourceAsStream(resource)) {
      return in == null
          ? List.of()
          : new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.isBlank() && !line.startsWith("#"))
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
