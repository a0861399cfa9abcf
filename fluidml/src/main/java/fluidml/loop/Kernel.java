package fluidml.loop;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A loop nest over buffers, generic in its sizes: what one instruction of a program runs.
 *
 * <p>The entry procedure has two parameters, {@code begin} and {@code end}: a part of the parallel
 * range {@code [0, parallelExtent)}. Parts may run on any thread in any order, and together they do
 * the whole work exactly once.
 *
 * <p>Its arguments come in a frame of native longs: for the i-th buffer that is not scratch, slot
 * {@code 2i} is the address and {@code 2i + 1} the byte size; then the sizes in order. Scratch
 * buffers lie one after another, each aligned to 64 bytes, in memory private to the running thread.
 * The last slot is {@link #briefSlot}.
 *
 * @param name for people; not part of the {@linkplain #fingerprint() identity}
 * @param sizes names of run-time I64 parameters
 * @param entry name of the procedure that runs a part of the parallel range
 * @param parallelExtent the number of independent units of work, an expression of sizes
 */
public record Kernel(
    String name,
    List<Buffer> buffers,
    List<String> sizes,
    List<Procedure> procedures,
    String entry,
    Expr parallelExtent) {
  /** What {@link #briefSlot} holds in a warm-up that leaves conditional statements out. */
  public static final long SKIPPING = 1L << 62;

  /** What {@link #briefSlot} holds in a warm-up with conditional statements. */
  public static final long BRIEF = SKIPPING - 1;

  private static final long SCRATCH_ALIGNMENT = 64;

  /** Copies the lists. */
  public Kernel {
    buffers = List.copyOf(buffers);
    sizes = List.copyOf(sizes);
    procedures = List.copyOf(procedures);
  }

  /** Buffers whose address comes in the frame, in frame order. */
  public List<Buffer> frameBuffers() {
    return buffers.stream().filter(b -> b.access() != Buffer.Access.SCRATCH).toList();
  }

  /** Buffers carved from the thread's scratch memory, in order. */
  public List<Buffer> scratchBuffers() {
    return buffers.stream().filter(b -> b.access() == Buffer.Access.SCRATCH).toList();
  }

  /** Longs in the frame: two per frame buffer, one per size, and {@link #briefSlot}. */
  public int frameLongs() {
    return briefSlot() + 1;
  }

  /**
   * The slot that tells whether the kernel is only being warmed up: 0, or {@link #BRIEF} for runs
   * in which loops of procedures that call no other may end after a few iterations, or {@link
   * #SKIPPING} for runs in which also their conditional statements may be left out.
   */
  public int briefSlot() {
    return 2 * frameBuffers().size() + sizes.size();
  }

  /** The slot of the first size in the frame. */
  public int firstSizeSlot() {
    return 2 * frameBuffers().size();
  }

  /**
   * Units of work in the parallel range, never negative.
   *
   * @param sizeValues values of {@link #sizes}, in order
   */
  public long parallelExtent(long[] sizeValues) {
    return Math.max(0, new SizeEvaluator(bind(sizeValues)).evaluate(parallelExtent));
  }

  /**
   * Bytes of scratch memory one thread needs.
   *
   * @param sizeValues values of {@link #sizes}, in order
   */
  public long scratchBytes(long[] sizeValues) {
    long[] offsets = scratchOffsets(sizeValues);
    return offsets[offsets.length - 1];
  }

  /**
   * Byte offset of every scratch buffer in the thread's scratch memory, and the total at the end.
   *
   * @param sizeValues values of {@link #sizes}, in order
   */
  public long[] scratchOffsets(long[] sizeValues) {
    List<Buffer> scratch = scratchBuffers();
    long[] offsets = new long[scratch.size() + 1];
    if (!scratch.isEmpty()) {
      SizeEvaluator evaluator = new SizeEvaluator(bind(sizeValues));
      for (int i = 0; i < scratch.size(); i++) {
        long bytes = Math.max(0, evaluator.evaluate(scratch.get(i).scratchBytes().orElseThrow()));
        offsets[i + 1] = offsets[i] + Math.ceilDiv(bytes, SCRATCH_ALIGNMENT) * SCRATCH_ALIGNMENT;
      }
    }
    return offsets;
  }

  /** The procedure of that name. */
  public Procedure procedure(String wanted) {
    return procedures.stream()
        .filter(p -> p.name().equals(wanted))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("kernel '" + name + "' has no procedure " + wanted));
  }

  /** Of a few parts: to hash all statements takes as long as to compare them. */
  @Override
  public int hashCode() {
    return Objects.hash(name, buffers, sizes, procedures.size());
  }

  /** The structure as a hash of the printed text without the name: equal kernels share code. */
  public String fingerprint() {
    try {
      byte[] text = Printer.print(withName("_")).getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The same kernel under another name. */
  public Kernel withName(String other) {
    return new Kernel(other, buffers, sizes, procedures, entry, parallelExtent);
  }

  private Map<String, Long> bind(long[] sizeValues) {
    Exprs.check(
        sizeValues.length == sizes.size(),
        "kernel '" + name + "' has " + sizes.size() + " sizes, got " + sizeValues.length);
    Map<String, Long> bound = new HashMap<>();
    for (int i = 0; i < sizeValues.length; i++) {
      bound.put(sizes.get(i), sizeValues[i]);
    }
    return bound;
  }
}
