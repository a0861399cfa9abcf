package fluidml.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** The folder of models and corpora beside the repository; tests that need it skip without it. */
public final class SharedData {
  private SharedData() {}

  /**
   * Returns a file or folder of the shared data, or skips the test if it is missing.
   *
   * @param relative path below the shared folder
   */
  public static Path require(String relative) {
    String given = System.getProperty("fluidml.shared", "");
    Path root = Path.of(System.getProperty("fluidml.root", ".."));
    Path path =
        (given.isEmpty() ? root.resolve("../shared") : Path.of(given))
            .resolve(relative)
            .normalize();
    assumeTrue(Files.exists(path), () -> "skipped: no shared data at " + path);
    return path;
  }
}
