package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.MemoryLimitException;
import fluidml.error.SessionClosedException;
import fluidml.vm.NativeBuffer.Category;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeBufferTest {
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 63, 64, 4095, 4096, 1_000_003, 32 << 20, (33 << 20) + 5})
  void isAlignedZeroedAndCounted(long bytes) {
    long before = NativeBuffer.liveBytes(Category.PACKED);
    try (NativeBuffer buffer = NativeBuffer.allocate(Category.PACKED, bytes)) {
      assertEquals(0, buffer.address() % (bytes >= 4096 ? 4096 : NativeBuffer.ALIGNMENT));
      assertEquals(bytes, buffer.bytes());
      assertEquals(bytes, buffer.segment().byteSize());
      assertEquals(before + bytes, NativeBuffer.liveBytes(Category.PACKED));
      for (long i = 0; i < bytes; i += 61) {
        assertEquals(0, buffer.segment().get(ValueLayout.JAVA_BYTE, i));
      }
    }
    assertEquals(before, NativeBuffer.liveBytes(Category.PACKED));
  }

  @Test
  void livesUntilTheLastOwnerCloses() {
    NativeBuffer buffer = NativeBuffer.allocate(Category.ARENA, 128);
    NativeBuffer other = buffer.retain();
    buffer.close();
    assertEquals(128, other.segment().byteSize());
    other.close();
    other.close();
    assertThrows(SessionClosedException.class, buffer::segment);
    assertThrows(SessionClosedException.class, buffer::address);
    assertThrows(SessionClosedException.class, buffer::retain);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MAX_VALUE / 2, Long.MAX_VALUE})
  void refusedMemoryIsATypedException(long tooMuch) {
    long before = NativeBuffer.liveBytes();
    MemoryLimitException e =
        assertThrows(
            MemoryLimitException.class, () -> NativeBuffer.allocate(Category.ARENA, tooMuch));
    assertEquals(tooMuch, e.neededBytes());
    assertEquals(before, NativeBuffer.liveBytes());
  }
}
