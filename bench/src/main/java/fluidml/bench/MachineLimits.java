package fluidml.bench;

import fluidml.emit.x86.ByteTiles;
import fluidml.loop.Stmt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What a number of threads reach at best on this machine, measured now: multiplying and adding in
 * registers, and reading memory of a given size again and again.
 *
 * @param gflops fused multiply-adds, two operations each, in 10⁹ per second
 * @param byteGops products of bytes and their sums, two operations each, in 10⁹ per second; 0 if
 *     nothing computes them by dot products
 * @param weightGigabytes reading as many bytes as the model has weights, in 10⁹ bytes per second
 * @param tensorGigabytes reading as many bytes as the model's arena has, in 10⁹ bytes per second
 */
record MachineLimits(
    double gflops, double byteGops, double weightGigabytes, double tensorGigabytes) {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final long LEAST = 1 << 18;
  private static final long MOST = 1L << 30;
  private static final int UNROLLED = 8;

  /** Sequences that are read at once: machines differ in how many they read fastest. */
  private static final int[] STREAMS = {1, 4, 8};

  /** Rounds of arithmetic; the first ones warm the JIT up. */
  private static final int ROUNDS = 600;

  /** Tiles of bytes in a round, and steps of four terms in each. */
  private static final int TILES = 200;

  private static final long TILE_STEPS = 128;

  /** Bytes that are read to find a bandwidth. */
  private static final long BYTES = 16L << 30;

  /** Keeps what was read alive. */
  private static volatile float sink;

  /**
   * Measures.
   *
   * @param threads that work at once
   * @param weightBytes size of all constants
   * @param arenaBytes size of all intermediates
   * @param bytes whether products of bytes are measured, too
   */
  static MachineLimits measure(int threads, long weightBytes, long arenaBytes, boolean bytes)
      throws InterruptedException {
    PeakBenchmark chains = new PeakBenchmark();
    double seconds = best(threads, ROUNDS, _ -> sink = chains.peak());
    double flops = threads * PeakBenchmark.flops();
    return new MachineLimits(
        flops / seconds / 1e9,
        bytes ? byteGops(threads) : 0,
        read(threads, weightBytes),
        read(threads, arenaBytes));
  }

  /** The largest tile, again and again with operands in the first-level cache. */
  private static double byteGops(int threads) throws InterruptedException {
    long rows = Stmt.ByteTile.MOST_ROWS;
    long columns = (long) Stmt.ByteTile.MOST_VECTORS * Stmt.ByteTile.LANES;
    try (Arena arena = Arena.ofShared()) {
      long part = 64 << 10;
      MemorySegment memory = arena.allocate(part * threads, 4096).fill((byte) 1);
      IntConsumer work =
          thread -> {
            long left = memory.address() + thread * part;
            long panel = left + (16 << 10);
            for (int i = 0; i < TILES; i++) {
              ByteTiles.multiply(
                  rows,
                  Stmt.ByteTile.MOST_VECTORS,
                  left,
                  TILE_STEPS * Stmt.ByteTile.STEP,
                  0,
                  panel,
                  panel + (32 << 10),
                  TILE_STEPS,
                  1);
            }
          };
      double seconds = best(threads, ROUNDS, work);
      double operations = 2.0 * rows * columns * Stmt.ByteTile.STEP * TILE_STEPS * TILES;
      return threads * operations / seconds / 1e9;
    }
  }

  private static double read(int threads, long wanted) throws InterruptedException {
    long part = Math.clamp(wanted, LEAST, MOST) / threads / 4096 * 4096;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(part * threads, 4096).fill((byte) 0);
      // Small parts are read several times a call, so that waiting for each other does not count.
      int rounds = (int) Math.max(1, (4 << 20) / part);
      int calls = Math.clamp(BYTES / (part * threads * rounds), 16, 2000);
      double seconds = Double.MAX_VALUE;
      for (int streams : STREAMS) {
        IntConsumer work = t -> sink = sum(memory.asSlice(t * part, part), rounds, streams);
        seconds = Math.min(seconds, best(threads, calls, work));
      }
      return (double) part * threads * rounds / seconds / 1e9;
    }
  }

  private static float sum(MemorySegment memory, int rounds, int streams) {
    float all = 0;
    for (int round = 0; round < rounds; round++) {
      all += sum(memory, streams);
    }
    return all;
  }

  private static float sum(MemorySegment memory, int streams) {
    int step = SPECIES.vectorByteSize();
    long part = memory.byteSize() / streams;
    long[] from = new long[UNROLLED];
    for (int i = 0; i < UNROLLED; i++) {
      from[i] = i % streams * part + (long) (i / streams) * step;
    }
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    long turn = (long) UNROLLED / streams * step;
    long end = part - turn;
    for (long at = 0; at <= end; at += turn) {
      a = a.add(load(memory, at + from[0])).add(load(memory, at + from[4]));
      b = b.add(load(memory, at + from[1])).add(load(memory, at + from[5]));
      c = c.add(load(memory, at + from[2])).add(load(memory, at + from[6]));
      d = d.add(load(memory, at + from[3])).add(load(memory, at + from[7]));
    }
    return a.add(b).add(c.add(d)).lane(0) + memory.get(ValueLayout.JAVA_FLOAT, 0);
  }

  private static FloatVector load(MemorySegment memory, long at) {
    return FloatVector.fromMemorySegment(SPECIES, memory, at, ByteOrder.nativeOrder());
  }

  /** The shortest time in which all threads do the work once, in seconds. */
  private static double best(int threads, int rounds, IntConsumer work)
      throws InterruptedException {
    CyclicBarrier barrier = new CyclicBarrier(threads);
    try (ExecutorService team = Executors.newFixedThreadPool(threads)) {
      List<Future<double[]>> all =
          IntStream.range(0, threads)
              .mapToObj(t -> team.submit(() -> rounds(barrier, rounds, work, t)))
              .toList();
      double[] slowest = new double[rounds];
      for (Future<double[]> each : all) {
        double[] times = each.get();
        for (int round = 0; round < rounds; round++) {
          slowest[round] = Math.max(slowest[round], times[round]);
        }
      }
      return Arrays.stream(slowest).min().orElseThrow();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a measurement failed", e);
    }
  }

  private static double[] rounds(CyclicBarrier barrier, int rounds, IntConsumer work, int thread)
      throws InterruptedException, BrokenBarrierException {
    double[] seconds = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      barrier.await();
      long begin = System.nanoTime();
      work.accept(thread);
      seconds[round] = (System.nanoTime() - begin) / 1e9;
    }
    return seconds;
  }
}
