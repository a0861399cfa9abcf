package fluidml;

import fluidml.error.InvalidInputException;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.Planners;
import fluidml.tune.Tuning;
import fluidml.vm.MemoryStrategy;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * How a model is compiled and run. Immutable; {@code with…} methods give changed copies.
 *
 * @param engine what executes the graph
 * @param threads threads that share a run, the caller's included; 0 for the processors that this
 *     process may use
 * @param vectorBits width of the vectors in generated code (128, 256, 512, or 0 for scalar code);
 *     empty for the machine's
 * @param machineCode whether products of bytes may be computed by machine code that the library
 *     makes at run time, where the machine has instructions for them (AVX-512 VNNI); else they are
 *     computed in float32, at a quarter of the speed. Results of {@code QuantizeLinear} and {@code
 *     DequantizeLinear} around operators may differ in the last bits
 * @param checked whether every memory access of generated code is checked: slow, for finding bugs
 * @param optimize whether graph passes run
 * @param fuse whether operators share kernels
 * @param planner how the arena is planned
 * @param memoryStrategy what may be done to lower the need for memory
 * @param maxMemory bytes that the arena of one session may take: intermediates, copies of inputs
 *     and outputs that cannot be used where they lie, private memory of kernels; the caller's
 *     tensors and the model's weights do not count
 * @param rememberedShapes how many sets of input extents a session keeps prepared
 * @param profile whether sessions measure every step
 * @param math how far results may differ from the definitions of the operators
 * @param tuning where measured choices come from
 */
public record Options(
    Engine engine,
    int threads,
    OptionalInt vectorBits,
    boolean machineCode,
    boolean checked,
    boolean optimize,
    boolean fuse,
    MemoryPlanner planner,
    MemoryStrategy memoryStrategy,
    long maxMemory,
    int rememberedShapes,
    boolean profile,
    MathMode math,
    Tuning tuning) {
  /** How far results may differ from the definitions of the operators. */
  public enum MathMode {
    /**
     * Every sum has the terms of its definition; only their order is free, as is the rounding of
     * elementary functions within the bounds that they state. Every result of sixteen-bit floats is
     * rounded to sixteen bits.
     */
    STRICT,
    /**
     * Sums may be computed from other terms as well, where that is faster: convolutions by
     * Winograd's minimal filtering, or of several groups at once with zeros between them. Results
     * stay within 10⁻³ of the largest element of a convolution's result, in practice within 10⁻⁵;
     * infinite and undefined elements reach more results than by definition. Sixteen-bit floats are
     * computed with as float32 and rounded only by the model's casts, at its inputs and outputs,
     * and for operators that have no kernel for float32: sums over 65504 are finite between them.
     * Products of quantised numbers are exact sums, scaled in float32: what lies in the middle
     * between two quantised numbers may become either.
     */
    FAST
  }

  /** What executes a graph. */
  public enum Engine {
    /** Generated kernels in a planned arena. */
    COMPILED,
    /** The interpreter: slow and obvious. */
    REFERENCE
  }

  /**
   * Checks the ranges.
   *
   * @throws InvalidInputException if a number is out of range
   */
  public Options {
    check(threads >= 0 && threads <= 1024, "threads", threads + " is not in 0 to 1024");
    int bits = vectorBits.orElse(0);
    check(
        bits == 0 || bits == 128 || bits == 256 || bits == 512,
        "vectorBits",
        bits + " is not 0, 128, 256 or 512");
    check(maxMemory > 0, "maxMemory", maxMemory + " is not positive");
    check(rememberedShapes >= 1, "rememberedShapes", rememberedShapes + " is less than 1");
  }

  private static void check(boolean holds, String option, String problem) {
    if (!holds) {
      throw new InvalidInputException(option, problem);
    }
  }

  /** What most want. */
  public static Options defaults() {
    return new Options(
        Engine.COMPILED,
        0,
        OptionalInt.empty(),
        true,
        false,
        true,
        true,
        Planners.fast(),
        MemoryStrategy.ALL,
        Long.MAX_VALUE,
        16,
        false,
        MathMode.FAST,
        Tuning.USUAL);
  }

  /** With another engine. */
  public Options withEngine(Engine newEngine) {
    return with(draft -> draft.engine = newEngine);
  }

  /** With another number of threads; 0 for all processors of this process. */
  public Options withThreads(int newThreads) {
    return with(draft -> draft.threads = newThreads);
  }

  /** With vectors of this many bits: 128, 256, 512, or 0 for scalar code. */
  public Options withVectorBits(int bits) {
    return with(draft -> draft.vectorBits = OptionalInt.of(bits));
  }

  /** With or without machine code for products of bytes. */
  public Options withMachineCode(boolean allowed) {
    return with(draft -> draft.machineCode = allowed);
  }

  /** With or without checks of every memory access. */
  public Options withChecked(boolean newChecked) {
    return with(draft -> draft.checked = newChecked);
  }

  /** With or without graph passes. */
  public Options withOptimize(boolean newOptimize) {
    return with(draft -> draft.optimize = newOptimize);
  }

  /** With or without kernels that several operators share. */
  public Options withFuse(boolean newFuse) {
    return with(draft -> draft.fuse = newFuse);
  }

  /** With another memory planner. */
  public Options withPlanner(MemoryPlanner newPlanner) {
    return with(draft -> draft.planner = newPlanner);
  }

  /** With other means to lower the need for memory. */
  public Options withMemoryStrategy(MemoryStrategy newStrategy) {
    return with(draft -> draft.memoryStrategy = newStrategy);
  }

  /** With a limit in bytes on the arena of one session. */
  public Options withMaxMemory(long bytes) {
    return with(draft -> draft.maxMemory = bytes);
  }

  /** With another number of remembered sets of input extents. */
  public Options withRememberedShapes(int count) {
    return with(draft -> draft.rememberedShapes = count);
  }

  /** With or without a measurement of every step. */
  public Options withProfile(boolean newProfile) {
    return with(draft -> draft.profile = newProfile);
  }

  /** With another bound on the differences from the definitions of the operators. */
  public Options withMath(MathMode newMath) {
    return with(draft -> draft.math = newMath);
  }

  /** With choices from another table of measured costs, or from none. */
  public Options withTuning(Tuning newTuning) {
    return with(draft -> draft.tuning = newTuning);
  }

  private Options with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.options();
  }

  /** Options on the way to others that differ in one thing. */
  private static final class Draft {
    private Engine engine;
    private int threads;
    private OptionalInt vectorBits;
    private boolean machineCode;
    private boolean checked;
    private boolean optimize;
    private boolean fuse;
    private MemoryPlanner planner;
    private MemoryStrategy memoryStrategy;
    private long maxMemory;
    private int rememberedShapes;
    private boolean profile;
    private MathMode math;
    private Tuning tuning;

    Draft(Options options) {
      this.engine = options.engine;
      this.threads = options.threads;
      this.vectorBits = options.vectorBits;
      this.machineCode = options.machineCode;
      this.checked = options.checked;
      this.optimize = options.optimize;
      this.fuse = options.fuse;
      this.planner = options.planner;
      this.memoryStrategy = options.memoryStrategy;
      this.maxMemory = options.maxMemory;
      this.rememberedShapes = options.rememberedShapes;
      this.profile = options.profile;
      this.math = options.math;
      this.tuning = options.tuning;
    }

    Options options() {
      return new Options(
          engine,
          threads,
          vectorBits,
          machineCode,
          checked,
          optimize,
          fuse,
          planner,
          memoryStrategy,
          maxMemory,
          rememberedShapes,
          profile,
          math,
          tuning);
    }
  }
}
