package fluidml.vm;

import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.graph.infer.Requirements;
import fluidml.loop.Kernel;
import fluidml.lower.LoweredProgram.Requirement;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.lower.View;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.PlanValidator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;

/**
 * A program for one set of input extents: the numbers behind its dims, the memory plan, and the
 * frame of every kernel call. Costs no code generation.
 */
final class Binding implements AutoCloseable {
  /** Work (in {@link fluidml.lower.KernelCall#work} units) that is worth a thread of its own. */
  private static final long WORK_PER_THREAD = 16_384;

  final long[] inputExtents;
  final Map<String, Long> symbols;
  final long[] values;
  final MemoryProblem problem;
  final MemoryPlan plan;
  final long scratchStride;

  private final Executable executable;
  private final Arena memory = Arena.ofShared();
  private final long[] frames;
  private final MemorySegment frameMemory;
  private final long[] extents;
  private final int[] parts;
  private long arenaBase = -1;
  private StridedTensor[] outputs;

  /**
   * Binds.
   *
   * @param inputExtents the extents of all inputs, one after another
   * @param threads threads that may share the work of a kernel
   * @param memoryLimit bytes that arena and scratch may take together
   * @throws InvalidInputException if the extents contradict the model
   * @throws MemoryLimitException if the plan does not fit the limit
   */
  Binding(
      Executable executable,
      long[] inputExtents,
      Map<String, Long> symbols,
      MemoryPlanner planner,
      int threads,
      long memoryLimit) {
    this.executable = executable;
    this.inputExtents = inputExtents;
    this.symbols = symbols;
    this.values = executable.dims().evaluate(symbols);
    requireEqualExtents();
    requireSlicesInside();
    int[] byteDims = executable.arenaByteDims();
    long[] bytes = new long[byteDims.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = values[byteDims[i]];
      if (bytes[i] < 0) {
        throw new InvalidInputException(
            executable.problem().id(i), "has a negative extent for these input shapes");
      }
    }
    problem = executable.problem().withSizes(bytes);
    plan = PlanValidator.check(problem, planner.plan(problem));

    int steps = executable.instructions().size();
    frames = new long[steps];
    extents = new long[steps];
    parts = new int[steps];
    long frameLongs = 0;
    long scratch = 0;
    for (int i = 0; i < steps; i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      if (instruction.step() instanceof Step.Call) {
        Kernel kernel = instruction.kernel();
        long[] sizes = sizes(instruction);
        extents[i] = kernel.parallelExtent(sizes);
        long worth = Math.max(1, values[instruction.work()] / WORK_PER_THREAD);
        parts[i] = (int) Math.min(Math.min(worth, threads), Math.max(1, extents[i]));
        scratch = Math.max(scratch, kernel.scratchBytes(sizes));
        frames[i] = frameLongs;
        frameLongs += kernel.frameLongs();
      }
    }
    scratchStride = Math.ceilDiv(scratch, NativeBuffer.ALIGNMENT) * NativeBuffer.ALIGNMENT;
    checkLimit(threads, memoryLimit);
    frameMemory = memory.allocate(Math.max(8, frameLongs * 8), 64);
    for (int i = 0; i < steps; i++) {
      frames[i] = frameMemory.address() + frames[i] * 8;
      Executable.Instruction instruction = executable.instructions().get(i);
      if (instruction.step() instanceof Step.Call) {
        writeSizes(instruction, frames[i] - frameMemory.address());
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

  private void checkLimit(int threads, long memoryLimit) {
    long needed = arenaBytes() + threads * scratchStride;
    if (needed > memoryLimit) {
      int step = problem.peakStep();
      StringBuilder peak = new StringBuilder();
      for (int i = 0; i < problem.count(); i++) {
        if (problem.lower(i) <= step && step < problem.upper(i) && problem.bytes(i) > 0) {
          peak.append(peak.isEmpty() ? "" : ", ")
              .append(problem.id(i))
              .append(' ')
              .append(problem.bytes(i));
        }
      }
      throw new MemoryLimitException(needed, memoryLimit, "tensors at the peak (bytes): " + peak);
    }
  }

  private long[] sizes(Executable.Instruction instruction) {
    long[] sizes = new long[instruction.sizes().length];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = values[instruction.sizes()[i]];
    }
    return sizes;
  }

  private void writeSizes(Executable.Instruction instruction, long offset) {
    long slot = offset + 8L * instruction.kernel().firstSizeSlot();
    for (int dim : instruction.sizes()) {
      frameMemory.set(ValueLayout.JAVA_LONG, slot, values[dim]);
      slot += 8;
    }
  }

  /** Bytes of the arena. */
  long arenaBytes() {
    return plan.arenaBytes();
  }

  /** Writes the addresses of a session's arena into the frames; nothing to do if they are there. */
  void place(MemorySegment arena) {
    if (arenaBase == arena.address()) {
      return;
    }
    for (int i = 0; i < frames.length; i++) {
      Executable.Instruction instruction = executable.instructions().get(i);
      if (!(instruction.step() instanceof Step.Call)) {
        continue;
      }
      long slot = frames[i] - frameMemory.address();
      for (Executable.BufferSlot buffer : instruction.buffers()) {
        long base;
        long size;
        if (buffer.arenaBuffer() == Executable.BufferSlot.CONSTANT) {
          base = buffer.constant().address();
          size = buffer.constant().byteSize();
        } else {
          base = arena.address() + plan.offset(buffer.arenaBuffer());
          size = problem.bytes(buffer.arenaBuffer());
        }
        long offset = values[buffer.offsetDim()] * buffer.elementBytes();
        if (offset < 0 || offset > size) {
          throw new IllegalStateException(
              "step %d (%s) starts at byte %d of a buffer of %d"
                  .formatted(i, instruction.step().label(), offset, size));
        }
        frameMemory.set(ValueLayout.JAVA_LONG, slot, base + offset);
        frameMemory.set(ValueLayout.JAVA_LONG, slot + 8, size - offset);
        slot += 16;
      }
    }
    arenaBase = arena.address();
    outputs = null;
  }

  long frame(int step) {
    return frames[step];
  }

  /**
   * Says whether the next runs of a kernel call are only a warm-up, see {@link Kernel#briefSlot}.
   */
  void setBrief(int step, boolean brief) {
    Kernel kernel = executable.instructions().get(step).kernel();
    long offset = frames[step] - frameMemory.address() + 8L * kernel.briefSlot();
    frameMemory.set(ValueLayout.JAVA_LONG, offset, brief ? Kernel.BRIEF : 0);
  }

  long extent(int step) {
    return extents[step];
  }

  int parts(int step) {
    return parts[step];
  }

  /** Where the elements of a planned value lie, and with which strides. */
  StridedTensor tensor(Value value, MemorySegment arena) {
    Storage storage = executable.program().storage();
    View view = storage.view(value);
    MemorySegment constant = executable.constants().plain(view.root());
    MemorySegment base;
    int index = executable.arenaIndex(view.root());
    if (constant != null) {
      base = constant;
    } else {
      base = arena.asSlice(plan.offset(index), problem.bytes(index));
    }
    List<Long> strides = view.strides().stream().map(d -> d.evaluate(symbols::get)).toList();
    return new StridedTensor(
        value.dtype(),
        base,
        view.offset().evaluate(symbols::get),
        view.shape().evaluate(symbols::get),
        strides.stream().mapToLong(Long::longValue).toArray());
  }

  /** The planned outputs of the graph, null for others; kept until the arena moves. */
  StridedTensor[] outputs(Graph graph, MemorySegment arena) {
    if (outputs == null) {
      outputs = new StridedTensor[graph.outputs().size()];
      for (int i = 0; i < outputs.length; i++) {
        Value output = graph.outputs().get(i);
        if (executable.program().storage().isPlannable(output)) {
          outputs[i] = tensor(output, arena);
        }
      }
    }
    return outputs;
  }

  @Override
  public void close() {
    memory.close();
  }
}
