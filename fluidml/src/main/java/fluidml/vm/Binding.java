package fluidml.vm;

import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.graph.Value;
import fluidml.graph.infer.Requirements;
import fluidml.loop.Kernel;
import fluidml.lower.LoweredProgram.Requirement;
import fluidml.lower.Step;
import fluidml.lower.View;
import fluidml.memory.MemoryPlanner;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A program for one set of input extents: the numbers behind its dims, memory plans, and the frame
 * of every kernel call. Costs no code generation.
 */
final class Binding {
  /** Work (in {@link fluidml.lower.KernelCall#work} units) that is worth a thread of its own. */
  private static final long WORK_PER_THREAD = 16_384;

  /** Work that is worth a piece of a thread's part of its own. */
  private static final long WORK_PER_PIECE = 1 << 22;

  /** The same for each byte of a thread's private memory. */
  private static final long WORK_PER_PRIVATE_BYTE = 64;

  /** Pieces of half a part, at most. */
  private static final int MOST_PIECES = 8;

  /** How many choices of tensors in the caller's memory are remembered. */
  private static final int PLANS = 4;

  final long[] inputExtents;

  /** Threads that may share the work of a kernel. */
  final int threads;

  final Map<String, Long> symbols;
  final long[] values;

  private final Executable executable;
  private final long[][] frames;
  private final long[] extents;
  private final int[] parts;
  private final int[] pieces;
  private final long[] scratchStrides;
  private final List<ArenaPlan> plans = new ArrayList<>();
  private final long[][] outputDims;
  private final StridedTensor[] outputs;

  /** The last search for a plan that was in vain, and for which direct tensors. */
  private Optional<MemoryLimitException> refusal = Optional.empty();

  private long[] refused = new long[0];

  // What the frames hold.
  private ArenaPlan placed;
  private long placedBase;
  private MemorySegment.Scope placedScope;
  private long[] placedDirect = new long[0];
  private int[] directSteps = new int[0];
  private int[] directSlots = new int[0];
  private int[] directExternals = new int[0];
  private long[] directOffsets = new long[0];

  /**
   * Binds.
   *
   * @param inputExtents the extents of all inputs, one after another
   * @param threads threads that may share the work of a kernel
   * @throws InvalidInputException if the extents contradict the model
   */
  Binding(Executable executable, long[] inputExtents, Map<String, Long> symbols, int threads) {
    this.executable = executable;
    this.inputExtents = inputExtents;
    this.threads = threads;
    this.symbols = symbols;
    this.values = executable.dims().evaluate(symbols);
    requireEqualExtents();
    requireSlicesInside();
    int steps = executable.instructions().size();
    frames = new long[steps][];
    extents = new long[steps];
    parts = new int[steps];
    pieces = new int[steps];
    scratchStrides = new long[steps];
    outputDims = new long[executable.program().graph().outputs().size()][];
    outputs = new StridedTensor[outputDims.length];
    for (int i = 0; i < steps; i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      if (instruction.step() instanceof Step.Call) {
        Kernel kernel = instruction.kernel();
        long[] sizes = sizes(instruction);
        extents[i] = kernel.parallelExtent(sizes);
        long worth = Math.max(1, values[instruction.work()] / WORK_PER_THREAD);
        parts[i] = (int) Math.min(Math.min(worth, threads), Math.max(1, extents[i]));
        long scratch = kernel.scratchBytes(sizes);
        scratchStrides[i] = Math.ceilDiv(scratch, NativeBuffer.ALIGNMENT) * NativeBuffer.ALIGNMENT;
        pieces[i] = pieces(values[instruction.work()] / parts[i], scratch);
        frames[i] = frame(instruction);
      }
    }
  }

  private void requireEqualExtents() {
    for (Requirement requirement : executable.program().requirements()) {
      long left = requirement.left().evaluate(symbols::get);
      long right = requirement.right().evaluate(symbols::get);
      if (left != right) {
        throw new InvalidInputException(
            "shapes",
            "node '%s' needs %s = %s, but they are %d and %d"
                .formatted(
                    requirement.where(), requirement.left(), requirement.right(), left, right));
      }
    }
  }

  private void requireSlicesInside() {
    for (Requirements.Inside slice : executable.slices()) {
      if (slice.isKnown(symbols.keySet()) && !slice.holds(symbols::get)) {
        throw new InvalidInputException(
            "shapes",
            "node '%s' reads elements %d to %d of an axis with %d elements"
                .formatted(
                    slice.node(),
                    slice.first().evaluate(symbols::get),
                    slice.last().evaluate(symbols::get),
                    slice.extent().evaluate(symbols::get)));
      }
    }
  }

  /** What the sizes of a step's kernel are. */
  long[] sizes(Executable.Instruction instruction) {
    long[] sizes = new long[instruction.sizes().length];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = values[instruction.sizes()[i]];
    }
    return sizes;
  }

  private long[] frame(Executable.Instruction instruction) {
    long[] frame = new long[instruction.kernel().frameLongs()];
    int slot = instruction.kernel().firstSizeSlot();
    for (int dim : instruction.sizes()) {
      frame[slot++] = values[dim];
    }
    return frame;
  }

  /**
   * The plan with these tensors in the caller's memory, made if it is not remembered.
   *
   * @param direct external numbers as bits
   * @throws fluidml.error.MemoryLimitException if no plan fits the limit
   */
  ArenaPlan plan(long[] direct, MemoryPlanner planner, long memoryLimit) {
    for (int i = 0; i < plans.size(); i++) {
      if (Arrays.equals(plans.get(i).direct(), direct)) {
        return plans.get(i);
      }
    }
    if (refusal.isPresent() && Arrays.equals(refused, direct)) {
      MemoryLimitException known = refusal.get();
      throw new MemoryLimitException(known.neededBytes(), known.allowedBytes(), known.reason());
    }
    ArenaPlan plan;
    try {
      plan = ArenaPlan.of(executable, this, direct, planner, memoryLimit);
    } catch (MemoryLimitException e) {
      refusal = Optional.of(e);
      refused = direct.clone();
      throw e;
    }
    if (executable.program().target().checked()) {
      ShadowCheck.check(executable, plan, values);
    }
    if (plans.size() == PLANS) {
      plans.removeFirst();
    }
    plans.add(plan);
    return plan;
  }

  /**
   * Writes the addresses of a run into the frames; nothing to do if they are there.
   *
   * @param caller has what the plan leaves in the caller's memory
   */
  void place(ArenaPlan plan, MemorySegment arena, CallerMemory caller) {
    // Another arena may lie at the address of one that was freed.
    boolean same = placedBase == arena.address() && arena.scope().equals(placedScope);
    if (placed != plan || !same) {
      placeAll(plan, arena, caller);
    } else if (!sameAddresses(caller)) {
      placeDirect(caller);
    }
  }

  private boolean sameAddresses(CallerMemory caller) {
    for (int i = 0; i < placedDirect.length; i++) {
      if (caller.has(i) && caller.address(i) != placedDirect[i]) {
        return false;
      }
    }
    return true;
  }

  private void placeDirect(CallerMemory caller) {
    for (int i = 0; i < directSlots.length; i++) {
      frames[directSteps[i]][directSlots[i]] =
          caller.address(directExternals[i]) + directOffsets[i];
    }
    remember(caller);
  }

  private void remember(CallerMemory caller) {
    for (int i = 0; i < placedDirect.length; i++) {
      placedDirect[i] = caller.has(i) ? caller.address(i) : 0;
    }
  }

  private void placeAll(ArenaPlan plan, MemorySegment arena, CallerMemory caller) {
    Schedule schedule = plan.schedule();
    int count = 0;
    int capacity = 0;
    for (Executable.Instruction instruction : executable.instructions()) {
      capacity += instruction.buffers().size();
    }
    int[] steps = new int[capacity];
    int[] slots = new int[capacity];
    int[] externals = new int[capacity];
    long[] offsets = new long[capacity];
    for (int i = 0; i < extents.length; i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      int slot = 0;
      for (Executable.BufferSlot buffer : instruction.buffers()) {
        long base;
        long size;
        long offset = values[buffer.offsetDim()] * buffer.elementBytes();
        if (buffer.root() == Executable.BufferSlot.CONSTANT) {
          base = buffer.constant().address();
          size = buffer.constant().byteSize();
        } else {
          int planned = schedule.bufferOf(buffer.root());
          size = values[executable.rootByteDims()[buffer.root()]];
          base = arena.address() + plan.plan().offset(planned);
          if (plan.isDirect(planned)) {
            steps[count] = i;
            slots[count] = slot;
            externals[count] = schedule.externalOf(planned);
            offsets[count] = offset;
            base = caller.address(externals[count++]);
          }
        }
        if (offset < 0 || offset > size) {
          throw new IllegalStateException(
              "step %d (%s) starts at byte %d of a buffer of %d"
                  .formatted(i, instruction.step().label(), offset, size));
        }
        frames[i][slot++] = base + offset;
        frames[i][slot++] = size - offset;
      }
    }
    directSteps = Arrays.copyOf(steps, count);
    directSlots = Arrays.copyOf(slots, count);
    directExternals = Arrays.copyOf(externals, count);
    directOffsets = Arrays.copyOf(offsets, count);
    placedDirect = new long[caller.count()];
    remember(caller);
    Arrays.fill(outputs, null);
    placed = plan;
    placedBase = arena.address();
    placedScope = arena.scope();
  }

  /** Bytes of all frames. */
  long frameBytes() {
    return Arrays.stream(frames).mapToLong(f -> f == null ? 0 : 8L * f.length).sum();
  }

  /** What a step's kernel is called with. */
  long[] frame(int step) {
    return frames[step];
  }

  /**
   * Says whether the next runs of a kernel call are only a warm-up.
   *
   * @param brief 0, {@link Kernel#BRIEF} or {@link Kernel#SKIPPING}, see {@link Kernel#briefSlot}
   */
  void setBrief(int step, long brief) {
    frames[step][executable.instructions().get(step).kernel().briefSlot()] = brief;
  }

  /** Units of work of a step that can run side by side. */
  long extent(int step) {
    return extents[step];
  }

  /** How many threads are worth sharing each step. */
  int[] parts() {
    return parts;
  }

  /**
   * Into how many pieces half of a part is worth splitting: each call may fill the private memory
   * anew.
   */
  private static int pieces(long work, long scratch) {
    long least = Math.max(WORK_PER_PIECE, scratch * WORK_PER_PRIVATE_BYTE);
    long pieces = work / 2 / least;
    return pieces < 2 ? 0 : (int) Math.min(MOST_PIECES, pieces);
  }

  /** Into how many pieces half of a thread's part of a step is split. */
  int pieces(int step) {
    return pieces[step];
  }

  /** Private memory of one thread in a step, in bytes. */
  long scratchStride(int step) {
    return scratchStrides[step];
  }

  /** The extents of a planned output. */
  long[] outputDims(int output) {
    if (outputDims[output] == null) {
      Value value = executable.program().graph().outputs().get(output);
      outputDims[output] =
          executable.program().storage().view(value).shape().evaluate(symbols::get);
    }
    return outputDims[output];
  }

  /** A planned output that is not written directly; kept as long as it lies in the arena. */
  StridedTensor output(int output, ArenaPlan plan, MemorySegment arena, CallerMemory caller) {
    if (outputs[output] != null) {
      return outputs[output];
    }
    Value value = executable.program().graph().outputs().get(output);
    StridedTensor tensor = tensor(value, plan, arena, caller);
    int root = executable.roots().of(executable.program().storage().view(value).root());
    if (root < 0 || !plan.isDirect(plan.schedule().bufferOf(root))) {
      outputs[output] = tensor;
    }
    return tensor;
  }

  /** Where the elements of a planned value lie, and with which strides. */
  StridedTensor tensor(Value value, ArenaPlan plan, MemorySegment arena, CallerMemory caller) {
    View view = executable.program().storage().view(value);
    MemorySegment base = executable.constants().plain(view.root());
    if (base == null) {
      int root = executable.roots().of(view.root());
      int buffer = plan.schedule().bufferOf(root);
      base =
          plan.isDirect(buffer)
              ? caller.segment(plan.schedule().externalOf(buffer))
              : arena.asSlice(plan.plan().offset(buffer), values[executable.rootByteDims()[root]]);
    }
    List<Long> strides = view.strides().stream().map(d -> d.evaluate(symbols::get)).toList();
    return new StridedTensor(
        value.dtype(),
        base,
        view.offset().evaluate(symbols::get),
        view.shape().evaluate(symbols::get),
        strides.stream().mapToLong(Long::longValue).toArray());
  }
}
