package fluidml.cli;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes whole files or none: into a temporary file beside the target, which is then moved. */
final class AtomicFile {
  /** Writes a file's contents. */
  @FunctionalInterface
  interface Writer {
    void write(Path path) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Writes a file, replacing what is there; folders on the way are made.
   *
   * @throws IOException if that fails; the target is then as before
   */
  static void write(Path target, Writer writer) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    Path temporary =
        folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid());
    try {
      writer.write(temporary);
      try {
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
