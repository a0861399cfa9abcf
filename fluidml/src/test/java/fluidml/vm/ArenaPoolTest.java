package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ArenaPoolTest {
  private static final long NEVER = 1_000_000;

  @Test
  void theLastArenaComesBackAndOthersAreShared() {
    ArenaPool pool = new ArenaPool(NativeBuffer.Category.ARENA, NEVER);
    pool.open();
    ArenaPool.Pooled first = pool.acquire(1000, Long.MAX_VALUE, null);
    ArenaPool.Pooled second = pool.acquire(1500, Long.MAX_VALUE, null);
    assertNotSame(first, second);
    pool.release(first);
    pool.release(second);
    assertSame(second, pool.acquire(1000, Long.MAX_VALUE, second));
    assertSame(first, pool.acquire(900, Long.MAX_VALUE, null));
    assertEquals(0, pool.idleBytes());
    pool.release(first);
    pool.release(second);
    assertEquals(2500, pool.idleBytes());
    pool.close(Optional.of(first));
    assertEquals(List.of(), pool.sizes());
  }

  @Test
  void aLimitKeepsLargerArenasAway() {
    ArenaPool pool = new ArenaPool(NativeBuffer.Category.ARENA, NEVER);
    pool.open();
    ArenaPool.Pooled large = pool.acquire(1900, Long.MAX_VALUE, null);
    pool.release(large);
    ArenaPool.Pooled small = pool.acquire(1000, 1800, null);
    assertEquals(1000, small.buffer().bytes());
    pool.release(small);
    pool.close(Optional.empty());
  }

  @Test
  void anArenaThatGrowsReplacesItself() {
    ArenaPool pool = new ArenaPool(NativeBuffer.Category.ARENA, NEVER);
    pool.open();
    ArenaPool.Pooled last = null;
    for (int bytes = 1000; bytes < 4000; bytes += 10) {
      last = pool.acquire(bytes, 4000, last);
      assertEquals(1, pool.sizes().size());
      pool.release(last);
    }
    pool.trim();
    assertEquals(List.of(), pool.sizes());
    pool.close(Optional.ofNullable(last));
  }

  @Test
  void idleArenasAreFreedByThemselves() throws InterruptedException {
    ArenaPool pool = new ArenaPool(NativeBuffer.Category.ARENA, 0);
    pool.open();
    pool.release(pool.acquire(1000, Long.MAX_VALUE, null));
    for (int i = 0; i < 1000 && !pool.sizes().isEmpty(); i++) {
      Thread.sleep(10);
    }
    assertEquals(List.of(), pool.sizes());
    pool.close(Optional.empty());
  }
}
