package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import fluidml.error.SessionClosedException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ThreadTeamTest {
  private static final long[] NO_FRAME = {};

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyIndexIsComputedOnceInEachOfManyShortTasks(int size) {
    try (ThreadTeam team = new ThreadTeam(size)) {
      ThreadTeam.Lease lease = team.newLease();
      int[] counts = new int[1000];
      RangeTask task =
          (frame, scratch, begin, end) -> {
            for (long i = begin; i < end; i++) {
              counts[(int) i] += (int) frame[0];
            }
          };
      int expected = 0;
      for (int run = 0; run < 20; run++) {
        lease.beginRun(size);
        for (int k = 1; k <= 500; k++) {
          lease.run(task, new long[] {k}, 0, 0, counts.length, 1 + k % 9);
          expected += k;
        }
        lease.endRun();
      }
      int wanted = expected;
      assertTrue(Arrays.stream(counts).allMatch(c -> c == wanted), () -> Arrays.toString(counts));
    }
  }

  @Test
  void partsFollowThePartitionAndHaveTheirOwnScratch() {
    try (ThreadTeam team = new ThreadTeam(3)) {
      ThreadTeam.Lease lease = team.newLease();
      List<String> calls = Collections.synchronizedList(new ArrayList<>());
      RangeTask task = (f, s, begin, end) -> calls.add(s + ":" + begin + "-" + end);
      lease.beginRun(3);
      lease.run(task, NO_FRAME, 1000, 64, 8, 7);
      assertEquals(List.of("1000:0-3", "1064:3-6", "1128:6-8"), sorted(calls));
      lease.run(task, NO_FRAME, 1000, 64, 2, 7);
      assertEquals(List.of("1000:0-1", "1064:1-2"), sorted(calls));
      lease.run(task, NO_FRAME, 1000, 64, 8, 1);
      assertEquals(List.of("1000:0-8"), sorted(calls));
      lease.run(task, NO_FRAME, 1000, 64, 0, 3);
      assertEquals(List.of(), sorted(calls));
      lease.endRun();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyIndexIsComputedOnceWhoeverTakesThePieces(int size) {
    try (ThreadTeam team = new ThreadTeam(size)) {
      ThreadTeam.Lease lease = team.newLease();
      AtomicIntegerArray counts = new AtomicIntegerArray(1000);
      RangeTask task =
          (frame, scratch, begin, end) -> {
            for (long i = begin; i < end; i++) {
              counts.addAndGet((int) i, (int) frame[0]);
            }
          };
      int[] expected = new int[counts.length()];
      for (int run = 0; run < 20; run++) {
        lease.beginRun(size);
        for (int k = 1; k <= 500; k++) {
          int extent = k % 3 == 0 ? k % 40 : 1000;
          lease.run(task, new long[] {k}, 0, 0, extent, 1 + k % 9, k % 11);
          for (int i = 0; i < extent; i++) {
            expected[i] += k;
          }
        }
        lease.endRun();
      }
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], counts.get(i), "index " + i);
      }
    }
  }

  @Test
  void piecesOfASlowPartAreTakenByOthersWithTheirOwnScratch() {
    try (ThreadTeam team = new ThreadTeam(2)) {
      ThreadTeam.Lease lease = team.newLease();
      List<String> calls = Collections.synchronizedList(new ArrayList<>());
      CountDownLatch helperBegan = new CountDownLatch(1);
      CountDownLatch others = new CountDownLatch(9);
      RangeTask task =
          (frame, scratch, begin, end) -> {
            calls.add(scratch + ":" + begin + "-" + end);
            if (begin == 0) {
              awaitQuietly(helperBegan);
            }
            if (begin == 16) {
              helperBegan.countDown();
              awaitQuietly(others);
            }
            others.countDown();
          };
      lease.beginRun(2);
      lease.run(task, NO_FRAME, 1000, 64, 32, 2, 4);
      lease.endRun();
      assertEquals(
          List.of(
              "1000:0-8",
              "1000:10-12",
              "1000:12-14",
              "1000:14-16",
              "1000:24-26",
              "1000:26-28",
              "1000:28-30",
              "1000:30-32",
              "1000:8-10",
              "1064:16-24"),
          sorted(calls));
    }
  }

  private static List<String> sorted(List<String> calls) {
    List<String> sorted = calls.stream().sorted().toList();
    calls.clear();
    return sorted;
  }

  @Test
  void failuresAreThrownAfterAllPartsEndedAndTheTeamGoesOn() {
    try (ThreadTeam team = new ThreadTeam(4)) {
      ThreadTeam.Lease lease = team.newLease();
      boolean[] done = new boolean[4];
      RangeTask failing =
          (frame, scratch, begin, end) -> {
            done[(int) begin] = true;
            if (begin >= frame[0]) {
              throw new ArithmeticException("part " + begin);
            }
          };
      lease.beginRun(4);
      for (int k = 0; k < 500; k++) {
        int from = k % 4;
        Arrays.fill(done, false);
        ArithmeticException e =
            assertThrows(
                ArithmeticException.class, () -> lease.run(failing, new long[] {from}, 0, 0, 4, 4));
        assertEquals("part " + from, e.getMessage());
        assertEquals(3 - from, e.getSuppressed().length);
        assertTrue(done[0] && done[1] && done[2] && done[3]);
        lease.run(failing, new long[] {4}, 0, 0, 4, 4);
      }
      lease.endRun();
    }
  }

  @Test
  void concurrentRunsAllMakeProgressWithTheSameResult() throws Exception {
    try (ThreadTeam team = new ThreadTeam(3);
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      List<Future<Long>> results = new ArrayList<>();
      for (int c = 0; c < 4; c++) {
        results.add(callers.submit(() -> sumOfRuns(team.newLease(), 300)));
      }
      long expected = sumOfRuns(team.newLease(), 300);
      for (Future<Long> result : results) {
        assertEquals(expected, result.get());
      }
    }
  }

  private static long sumOfRuns(ThreadTeam.Lease lease, int runs) {
    long[] values = new long[257];
    RangeTask task =
        (frame, scratch, begin, end) -> {
          for (long i = begin; i < end; i++) {
            values[(int) i] = values[(int) i] * 31 + i * frame[0];
          }
        };
    for (int run = 0; run < runs; run++) {
      lease.beginRun(3);
      for (int k = 0; k < 20; k++) {
        lease.run(task, new long[] {k}, 0, 0, values.length, 3);
      }
      lease.endRun();
    }
    return Arrays.stream(values).sum();
  }

  @Test
  void secondRunComputesAloneAndTakesTheTeamOnceItIsFree() {
    try (ThreadTeam team = new ThreadTeam(2)) {
      ThreadTeam.Lease first = team.newLease();
      ThreadTeam.Lease second = team.newLease();
      List<String> calls = Collections.synchronizedList(new ArrayList<>());
      RangeTask task = (f, s, begin, end) -> calls.add(s + ":" + begin + "-" + end);
      first.beginRun(2);
      second.beginRun(2);
      second.run(task, NO_FRAME, 0, 8, 10, 2);
      assertEquals(List.of("0:0-10"), sorted(calls));
      first.endRun();
      second.run(task, NO_FRAME, 0, 8, 10, 2);
      assertEquals(List.of("0:0-5", "8:5-10"), sorted(calls));
      second.endRun();
    }
  }

  @Test
  void runsAllocateNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (ThreadTeam team = new ThreadTeam(2)) {
      ThreadTeam.Lease lease = team.newLease();
      RangeTask task = (frame, scratch, begin, end) -> Thread.onSpinWait();
      long[] ids = {Thread.currentThread().threadId(), workers(team).getFirst().threadId()};
      long allocated = Long.MAX_VALUE;
      // Code that runs rarely, such as waking a helper, may be linked in any of the first rounds.
      for (int round = 0; round < 20 && allocated != 0; round++) {
        long before = allocatedBytes(threads, ids);
        long counting = allocatedBytes(threads, ids) - before;
        before = allocatedBytes(threads, ids);
        manyRuns(lease, task);
        allocated = allocatedBytes(threads, ids) - before - counting;
      }
      assertEquals(0, allocated);
    }
  }

  private static long allocatedBytes(ThreadMXBean threads, long[] ids) {
    return threads.getThreadAllocatedBytes(ids[0]) + threads.getThreadAllocatedBytes(ids[1]);
  }

  private static void manyRuns(ThreadTeam.Lease lease, RangeTask task) {
    for (int run = 0; run < 200; run++) {
      lease.beginRun(2);
      for (int k = 0; k < 50; k++) {
        lease.run(task, NO_FRAME, 0, 0, 100, 2);
      }
      lease.endRun();
    }
  }

  @Test
  void helpersParkWhenNoRunIsMarked() throws InterruptedException {
    try (ThreadTeam team = new ThreadTeam(3)) {
      ThreadTeam.Lease lease = team.newLease();
      List<Thread> workers = workers(team);
      assertEquals(
          List.of("fluidml-worker-1", "fluidml-worker-2"),
          workers.stream().map(Thread::getName).toList());
      manyRuns(lease, (frame, scratch, begin, end) -> {});
      awaitParked(workers);
      workers.forEach(Thread::interrupt);
      manyRuns(lease, (frame, scratch, begin, end) -> {});
      awaitParked(workers);
      lease.beginRun(3);
      awaitParked(workers);
      lease.endRun();
    }
  }

  /** Polls until every thread waits; the class's timeout ends a wait in vain. */
  private static void awaitParked(List<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      assertTrue(thread.isDaemon());
      while (thread.getState() != Thread.State.WAITING) {
        Thread.sleep(1);
      }
    }
  }

  private static List<Thread> workers(ThreadTeam team) {
    return team.threads();
  }

  @Test
  void closingEndsTheThreadsAndRefusesNewRuns() {
    ThreadTeam team = new ThreadTeam(3);
    ThreadTeam.Lease lease = team.newLease();
    manyRuns(lease, (frame, scratch, begin, end) -> {});
    List<Thread> workers = workers(team);
    team.close();
    team.close();
    assertTrue(workers.stream().noneMatch(Thread::isAlive));
    assertThrows(SessionClosedException.class, team::newLease);
    assertThrows(SessionClosedException.class, () -> lease.beginRun(2));
  }

  @Test
  void closingDuringRunsLetsThemComplete() throws Exception {
    try (ExecutorService callers = Executors.newFixedThreadPool(1)) {
      for (int round = 0; round < 30; round++) {
        ThreadTeam team = new ThreadTeam(3);
        ThreadTeam.Lease lease = team.newLease();
        CountDownLatch begun = new CountDownLatch(1);
        int[] counts = new int[64];
        Future<?> run =
            callers.submit(
                () -> {
                  lease.beginRun(3);
                  for (int k = 0; k < 2000; k++) {
                    lease.run(
                        (frame, scratch, begin, end) -> {
                          for (long i = begin; i < end; i++) {
                            counts[(int) i]++;
                          }
                        },
                        NO_FRAME,
                        0,
                        0,
                        counts.length,
                        3);
                    begun.countDown();
                  }
                  lease.endRun();
                });
        begun.await();
        team.close();
        run.get();
        assertTrue(Arrays.stream(counts).allMatch(c -> c == 2000));
      }
    }
  }

  @Test
  void callerWaitsParkedForALongPartAndKeepsItsInterrupt()
      throws InterruptedException, ExecutionException {
    try (ThreadTeam team = new ThreadTeam(2);
        ExecutorService callers = Executors.newFixedThreadPool(1)) {
      ThreadTeam.Lease lease = team.newLease();
      CountDownLatch helperIn = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      AtomicReference<Thread> caller = new AtomicReference<>();
      RangeTask task =
          (frame, scratch, begin, end) -> {
            if (begin == 1) {
              helperIn.countDown();
            }
            awaitQuietly(begin == 0 ? helperIn : release);
          };
      Future<Boolean> run =
          callers.submit(
              () -> {
                caller.set(Thread.currentThread());
                lease.beginRun(2);
                lease.run(task, NO_FRAME, 0, 0, 2, 2);
                lease.endRun();
                return Thread.interrupted();
              });
      helperIn.await();
      while (!(LockSupport.getBlocker(caller.get()) instanceof ThreadTeam)) {
        Thread.sleep(1);
      }
      caller.get().interrupt();
      Thread.sleep(1);
      assertFalse(run.isDone());
      release.countDown();
      assertTrue(run.get());
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void misuseIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new ThreadTeam(0));
    assertTrue(ThreadTeam.defaultSize() >= 1);
    try (ThreadTeam team = new ThreadTeam(1)) {
      ThreadTeam.Lease lease = team.newLease();
      RangeTask nothing = (frame, scratch, begin, end) -> {};
      assertThrows(IllegalStateException.class, () -> lease.run(nothing, NO_FRAME, 0, 0, 1, 1));
      lease.beginRun(1);
      assertThrows(IllegalStateException.class, () -> lease.beginRun(1));
      lease.endRun();
      assertEquals(1, lease.size());
    }
  }
}
