package fluidml.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import fluidml.file.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;

/** Results for scripts. */
final class JsonFile {
  private JsonFile() {}

  /** Writes results as indented JSON; the file is whole or as it was. */
  static void write(Path file, Object results) throws IOException {
    AtomicFile.write(
        file,
        path ->
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(path.toFile(), results));
  }
}
