package fluidml.vm;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.graph.infer.Requirements;
import fluidml.loop.Kernel;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.memory.order.OrderSolution;
import fluidml.tensor.Dim;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A compiled program: code, constants, lifespans; everything that does not depend on input shapes.
 * Shared by any number of sessions; closed by its owner after the last of them.
 */
public final class Executable implements AutoCloseable {
  /** A buffer slot of a kernel call: where its address comes from. */
  record BufferSlot(int root, int offsetDim, int elementBytes, MemorySegment constant) {
    static final int CONSTANT = -1;
  }

  /** One step, prepared for binding. */
  record Instruction(
      Step step, CompiledKernel code, List<BufferSlot> buffers, int[] sizes, int work) {
    Kernel kernel() {
      return ((Step.Call) step).call().kernel();
    }
  }

  private final LoweredProgram program;
  private final Constants constants;
  private final DimTable dims = new DimTable();
  private final List<Instruction> instructions = new ArrayList<>();
  private final ArenaRoots roots;
  private final int[] rootByteDims;
  private final MemoryStrategy strategy;
  private final List<Schedule> schedules = new ArrayList<>();
  private final Optional<OrderSolution> order;
  private final int kernelCount;
  private final AtomicBoolean warmupClaimed = new AtomicBoolean();
  private Optional<Executable> recomputing = Optional.empty();
  private boolean recomputingKnown;

  /** Like the other constructor, with everything that lowers the need for memory. */
  public Executable(LoweredProgram program, KernelCompiler compiler) {
    this(program, compiler, MemoryStrategy.ALL);
  }

  /**
   * Emits the code, packs the constants, chooses the order of the steps and finds the lifespans.
   *
   * @param compiler for the program's target; its cache may be shared among executables
   * @param strategy what may be done to lower the need for memory
   * @throws fluidml.error.MemoryLimitException if there is not enough native memory for the
   *     constants
   */
  public Executable(LoweredProgram program, KernelCompiler compiler, MemoryStrategy strategy) {
    this(program, compiler::compile, strategy, Optional.empty(), Optional.empty());
  }

  /**
   * Like the other constructor, with an order of the steps that was chosen before.
   *
   * @param compiler makes the code; called from several threads
   * @param chosen numbers of all steps in an order in which they may run, empty for the given one;
   *     used if the strategy allows another order
   */
  public Executable(
      LoweredProgram program,
      Function<Kernel, CompiledKernel> compiler,
      MemoryStrategy strategy,
      int[] chosen) {
    this(program, compiler, strategy, Optional.of(chosen), Optional.empty());
  }

  private Executable(
      LoweredProgram original,
      Function<Kernel, CompiledKernel> compiler,
      MemoryStrategy strategy,
      Optional<int[]> given,
      Optional<Constants> shared) {
    Optional<LoweredProgram> lower =
        strategy.recompute() && shared.isEmpty()
            ? Recomputation.of(original, order(original, strategy, given), strategy.overwrite())
            : Optional.empty();
    this.program = lower.orElse(original);
    this.strategy = strategy;
    Optional<int[]> chosen = lower.isPresent() ? Optional.empty() : given;
    IdentityHashMap<Kernel, CompiledKernel> codes = compile(program, compiler);
    this.kernelCount = (int) codes.values().stream().distinct().count();
    this.constants = shared.orElseGet(() -> new Constants(program));
    this.roots = new ArenaRoots(program);
    this.rootByteDims =
        IntStream.range(0, roots.count())
            .map(i -> dims.add(Storage.bytes(roots.root(i))))
            .toArray();
    program.steps().forEach(step -> instructions.add(prepare(step, codes)));
    this.order =
        strategy.reorder() && chosen.isEmpty()
            ? OrderChoice.choose(program, roots, strategy.overwrite())
            : Optional.empty();
    int[] unchanged = IntStream.range(0, instructions.size()).toArray();
    schedules.add(Schedule.of(program, roots, unchanged, strategy.overwrite()));
    order
        .filter(OrderSolution::isBetter)
        .ifPresent(
            o -> schedules.add(Schedule.of(program, roots, o.order(), strategy.overwrite())));
    chosen
        .filter(steps -> steps.length > 0 && strategy.reorder())
        .ifPresent(
            steps -> schedules.add(Schedule.of(program, roots, steps, strategy.overwrite())));
  }

  /** The best order of the steps that is known or found. */
  private static int[] order(
      LoweredProgram program, MemoryStrategy strategy, Optional<int[]> given) {
    int[] unchanged = IntStream.range(0, program.steps().size()).toArray();
    if (!strategy.reorder()) {
      return unchanged;
    }
    if (given.isPresent()) {
      return given.get().length > 0 ? given.get() : unchanged;
    }
    return OrderChoice.choose(program, new ArenaRoots(program), strategy.overwrite())
        .map(OrderSolution::order)
        .orElse(unchanged);
  }

  /**
   * The same program with cheap tensors computed again, on the same code and constants: it needs
   * less memory and more time. Valid as long as this is open, and not to be closed.
   *
   * @return nothing if that lowers the need for no memory, or is done here already
   */
  public synchronized Optional<Executable> recomputing() {
    if (!recomputingKnown) {
      recomputingKnown = true;
      if (!strategy.recompute()) {
        Map<Kernel, CompiledKernel> codes = new HashMap<>();
        for (Instruction instruction : instructions) {
          if (instruction.code() != null) {
            codes.put(instruction.kernel(), instruction.code());
          }
        }
        recomputing =
            Recomputation.of(program, schedules.getLast().order(), strategy.overwrite())
                .map(
                    lower ->
                        new Executable(
                            lower,
                            codes::get,
                            strategy.withRecompute(true),
                            Optional.empty(),
                            Optional.of(constants)));
      }
    }
    return recomputing;
  }

  /** The conditions under which slices lie inside what they cut. */
  List<Requirements.Inside> slices() {
    return program.slices();
  }

  private static IdentityHashMap<Kernel, CompiledKernel> compile(
      LoweredProgram program, Function<Kernel, CompiledKernel> compiler) {
    // Comparing two kernels takes long, so it is done once for each step.
    Map<Kernel, Kernel> distinct = new HashMap<>();
    IdentityHashMap<Kernel, Kernel> equal = new IdentityHashMap<>();
    for (Step step : program.steps()) {
      if (step instanceof Step.Call(KernelCall call)) {
        equal.computeIfAbsent(call.kernel(), k -> distinct.computeIfAbsent(k, _ -> k));
      }
    }
    IdentityHashMap<Kernel, CompiledKernel> codes =
        distinct.keySet().parallelStream()
            .collect(
                Collectors.toMap(
                    Function.identity(), compiler, (first, _) -> first, IdentityHashMap::new));
    IdentityHashMap<Kernel, CompiledKernel> all = new IdentityHashMap<>();
    equal.forEach((kernel, representative) -> all.put(kernel, codes.get(representative)));
    return all;
  }

  private Instruction prepare(Step step, IdentityHashMap<Kernel, CompiledKernel> codes) {
    if (!(step instanceof Step.Call(KernelCall call))) {
      return new Instruction(step, null, List.of(), new int[0], 0);
    }
    List<BufferSlot> slots = new ArrayList<>();
    for (Argument argument : call.arguments()) {
      slots.add(
          switch (argument) {
            case Argument.Packed packed ->
                new BufferSlot(
                    BufferSlot.CONSTANT, dims.add(Dim.ZERO), 1, constants.packed(packed));
            case Argument.Memory memory -> {
              int bytes = memory.root().dtype().bytes();
              MemorySegment constant = constants.plain(memory.root());
              yield new BufferSlot(
                  constant != null ? BufferSlot.CONSTANT : roots.of(memory.root()),
                  dims.add(memory.offset()),
                  bytes,
                  constant);
            }
          });
    }
    return new Instruction(
        step, codes.get(call.kernel()), slots, dims.add(call.sizes()), dims.add(call.work()));
  }

  /** True for the first caller only, who warms up the kernels. */
  boolean claimWarmup() {
    return warmupClaimed.compareAndSet(false, true);
  }

  /** The program this was made of. */
  public LoweredProgram program() {
    return program;
  }

  /** Number of distinct kernels. */
  public int kernelCount() {
    return kernelCount;
  }

  /** Bytes of constants in packed form. */
  public long packedBytes() {
    return constants.packedBytes();
  }

  /** Bytes of all constants that are not where the file has them. */
  public long constantBytes() {
    return constants.ownedBytes();
  }

  /** The orders of the steps: the given one, then a better one if there is one. */
  List<Schedule> schedules() {
    return schedules;
  }

  /** Numbers of the steps in the order that needs least memory; empty if it is the given one. */
  public int[] chosenOrder() {
    return schedules.size() > 1 ? schedules.getLast().order() : new int[0];
  }

  /**
   * The search for a better order of the steps, if it was made here and the strategy allows one.
   */
  public Optional<OrderSolution> order() {
    return order;
  }

  /** What is done to lower the need for memory. */
  public MemoryStrategy strategy() {
    return strategy;
  }

  /** What owns a buffer. */
  ArenaRoots roots() {
    return roots;
  }

  /** A packed constant, read-only, valid until this is closed. */
  public MemorySegment packed(Argument.Packed form) {
    return constants.packed(form);
  }

  DimTable dims() {
    return dims;
  }

  List<Instruction> instructions() {
    return instructions;
  }

  Constants constants() {
    return constants;
  }

  /** The dims table's number of each root's byte size. */
  int[] rootByteDims() {
    return rootByteDims;
  }

  /** Frees the constants; no session may be open. */
  @Override
  public void close() {
    constants.close();
  }
}
