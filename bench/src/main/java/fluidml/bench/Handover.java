package fluidml.bench;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * How long two threads take to hand a cache line to each other and back. About 100 ns where their
 * cores share a cache, several times that where they do not: on a virtual machine the host decides
 * which it is, changes it at any time, and with it the speed of everything that two threads share.
 */
final class Handover {
  private static final int ROUNDS = 3000;

  /** After so many the other thread is not running, and may want this one's core. */
  private static final int SPINS = 10_000;

  private Handover() {}

  /**
   * Measures now, with the calling thread and one of its own; takes a few milliseconds at most.
   *
   * @return nanoseconds for there and back, −1 where there is one core only
   */
  static double nanos() {
    if (Runtime.getRuntime().availableProcessors() < 2) {
      return -1;
    }
    AtomicInteger turn = new AtomicInteger();
    Thread partner =
        new Thread(
            () -> {
              for (int i = 0; i < 2 * ROUNDS; i++) {
                await(turn, 2 * i + 1);
                turn.set(2 * i + 2);
              }
            });
    partner.setDaemon(true);
    partner.start();
    long begin = 0;
    for (int i = 0; i < 2 * ROUNDS; i++) {
      if (i == ROUNDS) {
        begin = System.nanoTime();
      }
      turn.set(2 * i + 1);
      await(turn, 2 * i + 2);
    }
    return (System.nanoTime() - begin) / (double) ROUNDS;
  }

  private static void await(AtomicInteger turn, int value) {
    for (int spins = 1; turn.get() != value; spins++) {
      if (spins % SPINS == 0) {
        LockSupport.parkNanos(1000);
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
