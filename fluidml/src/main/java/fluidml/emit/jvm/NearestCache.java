package fluidml.emit.jvm;

import fluidml.loop.Target;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The first-level data cache of a core, as Linux tells it. */
final class NearestCache {
  /** Where Linux describes the caches of the first core. */
  static final Path LINUX = Path.of("/sys/devices/system/cpu/cpu0/cache");

  private static final Pattern SIZE = Pattern.compile("(\\d{1,6})K");

  private NearestCache() {}

  /**
   * Its size in bytes, {@link Target#SMALLEST_CACHE_BYTES} where nothing or nonsense is told.
   *
   * @param folder has a folder for each cache with files {@code level}, {@code type} and {@code
   *     size}
   */
  static int bytes(Path folder) {
    try (DirectoryStream<Path> caches = Files.newDirectoryStream(folder, "index*")) {
      for (Path cache : caches) {
        Matcher size = SIZE.matcher(text(cache, "size"));
        if (text(cache, "level").equals("1")
            && !text(cache, "type").equals("Instruction")
            && size.matches()) {
          return Math.max(Target.SMALLEST_CACHE_BYTES, Integer.parseInt(size.group(1)) << 10);
        }
      }
    } catch (IOException | RuntimeException e) {
      return Target.SMALLEST_CACHE_BYTES;
    }
    return Target.SMALLEST_CACHE_BYTES;
  }

  private static String text(Path cache, String file) throws IOException {
    return Files.readString(cache.resolve(file)).strip();
  }
}
