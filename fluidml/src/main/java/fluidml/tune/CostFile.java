package fluidml.tune;

import fluidml.error.InvalidInputException;
import fluidml.file.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A {@link CostTable} on disk. A write reads what is there, adds to it, writes a temporary file,
 * forces it to disk and moves it into place, all under a lock on a file beside it: processes that
 * write at once lose nothing, and one that dies at any moment leaves the old table or the new one.
 */
public final class CostFile {
  private static final System.Logger LOG = System.getLogger("fluidml");

  /** One lock for all threads of this process; the lock of the file is between processes. */
  private static final Object PROCESS = new Object();

  private final Path path;
  private final Machine machine;

  /** The table of a machine at a path, which need not exist. */
  public CostFile(Path path, Machine machine) {
    this.path = path;
    this.machine = machine;
  }

  /** Where the table of a machine lies if nothing else is said: in the user's cache folder. */
  public static Path usualPath(Machine machine) {
    CRC32 sum = new CRC32();
    sum.update(machine.fingerprint().getBytes(StandardCharsets.UTF_8));
    String cache =
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
            .filter(c -> !c.isBlank())
            .orElse(Path.of(System.getProperty("user.home"), ".cache").toString());
    String name = "costs-" + HexFormat.of().toHexDigits(sum.getValue(), 8) + ".txt";
    return Path.of(cache, "fluidml", name);
  }

  /** Where it lies. */
  public Path path() {
    return path;
  }

  /**
   * The table. A file that is missing is empty; one that is damaged, cannot be read or belongs to
   * another machine is ignored with a warning.
   */
  public CostTable read() {
    try {
      CostText.Read read = CostText.parse(Files.readString(path));
      if (read.machine().equals(machine.fingerprint())) {
        return read.table();
      }
      LOG.log(
          Level.WARNING,
          "Costs in {0} are ignored: measured on ''{1}'', this is ''{2}''",
          path,
          read.machine(),
          machine.fingerprint());
    } catch (NoSuchFileException e) {
      return CostTable.EMPTY;
    } catch (IOException | UncheckedIOException | InvalidInputException e) {
      LOG.log(Level.WARNING, "Costs in {0} are ignored: {1}", path, e.getMessage());
    }
    return CostTable.EMPTY;
  }

  /**
   * Adds entries to the file.
   *
   * @return everything that is in the file now
   * @throws IOException if it cannot be written; it is then as it was
   */
  public CostTable add(CostTable entries) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    Path lockPath = folder.resolve(path.getFileName() + ".lock");
    synchronized (PROCESS) {
      try (FileChannel channel =
              FileChannel.open(lockPath, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        CostTable all = read().with(entries);
        if (!lock.isValid()) {
          throw new IOException("the lock on " + lockPath + " is lost");
        }
        String text = CostText.format(machine, all);
        AtomicFile.write(path, temporary -> write(temporary, text));
        return all;
      }
    }
  }

  private static void write(Path temporary, String text) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }
}
