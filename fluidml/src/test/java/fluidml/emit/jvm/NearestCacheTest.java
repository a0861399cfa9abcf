package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.loop.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading the size of the first-level data cache. */
class NearestCacheTest {
  @TempDir private Path folder;

  @Test
  void readsTheDataCacheOfTheFirstLevel() throws IOException {
    cache("index0", "1", "Instruction", "64K");
    cache("index1", "1", "Data", "48K");
    cache("index2", "2", "Unified", "2048K");
    assertEquals(48 << 10, NearestCache.bytes(folder));
  }

  @Test
  void takesTheSmallestWhereNothingIsTold() throws IOException {
    assertEquals(Target.SMALLEST_CACHE_BYTES, NearestCache.bytes(folder.resolve("none")));
    assertEquals(Target.SMALLEST_CACHE_BYTES, NearestCache.bytes(folder));
    cache("index0", "1", "Data", "many");
    assertEquals(Target.SMALLEST_CACHE_BYTES, NearestCache.bytes(folder));
    cache("index0", "1", "Data", "0K");
    assertEquals(Target.SMALLEST_CACHE_BYTES, NearestCache.bytes(folder));
  }

  @Test
  void hasASizeHere() {
    assertTrue(HostTarget.detect().nearestCacheBytes() >= Target.SMALLEST_CACHE_BYTES);
  }

  private void cache(String name, String level, String type, String size) throws IOException {
    Path cache = Files.createDirectories(folder.resolve(name));
    Files.writeString(cache.resolve("level"), level + "\n");
    Files.writeString(cache.resolve("type"), type + "\n");
    Files.writeString(cache.resolve("size"), size + "\n");
  }
}
