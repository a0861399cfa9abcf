package fluidml.onnx;

import fluidml.error.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Finds external data files, and only inside the model's directory. */
final class ExternalPaths {
  private ExternalPaths() {}

  /**
   * The real path of an external data file.
   *
   * @param model the model file
   * @param location path from the model file, relative to its directory
   * @param where the tensor, for messages
   * @throws InvalidModelException if the location is absolute, has {@code ..}, leads out of the
   *     directory through a symbolic link, or is no regular file
   */
  static Path resolve(Path model, String location, String where) {
    Path relative;
    try {
      // Windows separators would be ordinary characters elsewhere: refused so that a model means
      // the
      // same file on every system.
      if (location.indexOf('\\') >= 0 || location.indexOf(':') >= 0) {
        throw new InvalidModelException(where, "the location must be a relative path with '/'");
      }
      relative = Path.of(location);
    } catch (InvalidPathException e) {
      throw new InvalidModelException(where, "the location is not a path", e);
    }
    if (relative.isAbsolute() || location.startsWith("/")) {
      throw new InvalidModelException(where, "the location must not be absolute");
    }
    for (Path part : relative) {
      if (part.toString().equals("..")) {
        throw new InvalidModelException(where, "the location must not contain '..'");
      }
    }
    try {
      Path parent = model.toAbsolutePath().getParent();
      Path directory = (parent == null ? model.toAbsolutePath() : parent).toRealPath();
      Path real = directory.resolve(relative).toRealPath();
      if (!real.startsWith(directory)) {
        throw new InvalidModelException(
            where, "leads out of the model's directory through a symbolic link");
      }
      if (!Files.isRegularFile(real)) {
        throw new InvalidModelException(where, "is not a regular file");
      }
      return real;
    } catch (IOException e) {
      throw new InvalidModelException(where, "cannot be found beside the model: " + e, e);
    }
  }
}
