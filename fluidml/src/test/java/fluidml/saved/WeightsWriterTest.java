package fluidml.saved;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsWriterTest {
  private static final int FIRST = 12_288;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void everyConstantIsWhereItShouldBeAndZerosAreBetween(long seed, @TempDir Path folder)
      throws IOException {
    Random random = new Random(seed);
    byte[] expected = new byte[16 << 20];
    int end = FIRST;
    Path file = folder.resolve("weights");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      WeightsWriter writer = new WeightsWriter(channel, FIRST);
      for (int i = 0; i < 12; i++) {
        float[] data = new float[random.nextInt(1 << random.nextInt(1, 19))];
        for (int k = 0; k < data.length; k++) {
          data[k] = random.nextFloat();
        }
        MemorySegment segment = MemorySegment.ofArray(data);
        int offset = end + random.nextInt(5000);
        end = offset + (int) segment.byteSize();
        MemorySegment.ofArray(expected).asSlice(offset, segment.byteSize()).copyFrom(segment);
        writer.write(segment, offset, random.nextBoolean());
      }
      MemorySegment written = MemorySegment.ofArray(expected).asSlice(FIRST, end - FIRST);
      assertEquals(Checksums.of(written), writer.finish());
    }
    assertArrayEquals(Arrays.copyOf(expected, end), Files.readAllBytes(file));
  }
}
