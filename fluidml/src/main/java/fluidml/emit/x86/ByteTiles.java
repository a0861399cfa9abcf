package fluidml.emit.x86;

import fluidml.loop.Stmt.ByteTile;
import java.io.ByteArrayOutputStream;
import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * Tiles of products of bytes: by {@link ByteTileCode} on machines that can run it, else by Java
 * code that is slow and gives the same bits.
 *
 * <p>The machine code is a thousand instructions without branches into it or out of it, made from
 * constants of this class. It reads and writes what its arguments say, like any kernel; those who
 * emit kernels have proved where that is.
 */
public final class ByteTiles {
  private static final int MOST_ROWS = ByteTile.MOST_ROWS;
  private static final int MOST_VECTORS = ByteTile.MOST_VECTORS;
  private static final int STEP = ByteTile.STEP;
  private static final int ALIGNMENT = 64;
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** By rows and vectors, from one on; null where there is no machine code. */
  private static final MemorySegment[] FUNCTIONS = functions();

  private static final MethodHandle CALL = FUNCTIONS == null ? null : call();

  private ByteTiles() {}

  /** Whether machine code computes tiles here. */
  public static boolean isFast() {
    return FUNCTIONS != null;
  }

  private static MemorySegment[] functions() {
    if (!Processor.hasByteProducts()) {
      return null;
    }
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    int[] begins = new int[MOST_ROWS * MOST_VECTORS];
    for (int i = 0; i < begins.length; i++) {
      int over = code.size() % ALIGNMENT;
      code.writeBytes(new byte[over == 0 ? 0 : ALIGNMENT - over]);
      begins[i] = code.size();
      code.writeBytes(ByteTileCode.of(i / MOST_VECTORS + 1, i % MOST_VECTORS + 1));
    }
    try {
      MemorySegment memory = CodeMemory.of(code.toByteArray());
      return Arrays.stream(begins).mapToObj(memory::asSlice).toArray(MemorySegment[]::new);
    } catch (RuntimeException | LinkageError e) {
      System.getLogger("fluidml").log(Level.DEBUG, "no machine code", e);
      return null;
    }
  }

  /** A call without a change of the thread's state, since functions are over in microseconds. */
  private static MethodHandle call() {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionDescriptor.ofVoid(word, word, word, word, word, word, word),
            Linker.Option.critical(false));
  }

  /**
   * Computes a tile: for every row {@code r} and column {@code c}, the sum over {@code t < turns}
   * and {@code k < 4 · steps} of {@code left[r · rowStride + t · turnStride + k]}, unsigned, times
   * {@code panel[((t · steps + k / 4) · columns + c) · 4 + k % 4]}, signed, where {@code columns}
   * is {@code 16 · vectors}. Sums wrap at 32 bits.
   *
   * @param rows 1 to {@link ByteTile#MOST_ROWS}
   * @param vectors 1 to {@link ByteTile#MOST_VECTORS}
   * @param left address of the first row
   * @param rowStride bytes between rows
   * @param turnStride bytes between turns
   * @param panel address of the panel
   * @param sums address of the results, {@code int32[rows][columns]}
   * @param steps not negative
   * @param turns positive
   */
  public static void multiply(
      long rows,
      long vectors,
      long left,
      long rowStride,
      long turnStride,
      long panel,
      long sums,
      long steps,
      long turns) {
    if (FUNCTIONS == null) {
      multiplyInJava(rows, vectors, left, rowStride, turnStride, panel, sums, steps, turns);
      return;
    }
    MemorySegment function = FUNCTIONS[(int) ((rows - 1) * MOST_VECTORS + vectors - 1)];
    try {
      CALL.invokeExact(
          function, left, rowStride, panel, sums, steps, turns, turnStride - STEP * steps);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of machine code", e);
    }
  }

  /** {@link #multiply} on any machine. */
  static void multiplyInJava(
      long rows,
      long vectors,
      long left,
      long rowStride,
      long turnStride,
      long panel,
      long sums,
      long steps,
      long turns) {
    int columns = Math.toIntExact(vectors * ByteTile.LANES);
    int[] row = new int[columns];
    for (long r = 0; r < rows; r++) {
      Arrays.fill(row, 0);
      for (long t = 0; t < turns; t++) {
        for (long k = 0; k < STEP * steps; k++) {
          long at = left + r * rowStride + t * turnStride + k;
          int element = ALL.get(ValueLayout.JAVA_BYTE, at) & 0xff;
          long line = panel + (t * steps + k / STEP) * columns * STEP + k % STEP;
          for (int c = 0; c < columns; c++) {
            row[c] += element * ALL.get(ValueLayout.JAVA_BYTE, line + (long) c * STEP);
          }
        }
      }
      MemorySegment.copy(
          row, 0, ALL, ValueLayout.JAVA_INT_UNALIGNED, sums + r * columns * Integer.BYTES, columns);
    }
  }
}
