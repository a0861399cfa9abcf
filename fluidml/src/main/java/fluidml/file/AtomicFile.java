package fluidml.file;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes whole files or none: into a temporary file beside the target, which is then moved. */
public final class AtomicFile {
  /** Writes a file's contents. */
  @FunctionalInterface
  public interface Writer {
    /** Creates the file and writes all of it. */
    void write(Path path) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Writes a file, replacing what is there; folders on the way are made. Several threads and
   * processes may write the same file at once: the last one to finish stands.
   *
   * @throws IOException if that fails; the target is then as before
   */
  public static void write(Path target, Writer writer) throws IOException {
    Files.createDirectories(target.toAbsolutePath().getParent());
    Path temporary = temporary(target);
    try {
      Files.deleteIfExists(temporary);
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

  /** Where the calling thread writes before {@code target} is replaced. */
  public static Path temporary(Path target) {
    String writer = ProcessHandle.current().pid() + "-" + Thread.currentThread().threadId();
    return target.toAbsolutePath().resolveSibling(target.getFileName() + "." + writer + ".part");
  }
}
