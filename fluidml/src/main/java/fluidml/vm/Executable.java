package fluidml.vm;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.graph.infer.Requirements;
import fluidml.loop.Kernel;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.memory.Buffer;
import fluidml.memory.MemoryProblem;
import fluidml.tensor.Dim;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/**
 * A compiled program: code, constants, lifespans; everything that does not depend on input shapes.
 * Shared by any number of sessions; closed by its owner after the last of them.
 */
public final class Executable implements AutoCloseable {
  /** A buffer slot of a kernel call: where its address comes from. */
  record BufferSlot(int arenaBuffer, int offsetDim, int elementBytes, MemorySegment constant) {
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
  private final Map<Value, Integer> arenaIndex = new LinkedHashMap<>();
  private final int[] arenaByteDims;
  private final MemoryProblem problem;
  private final int kernelCount;
  private final AtomicBoolean warmupClaimed = new AtomicBoolean();
  private final List<Requirements.Inside> slices;

  /**
   * Emits the code, packs the constants and finds the lifespans.
   *
   * @param compiler for the program's target; its cache may be shared among executables
   * @throws fluidml.error.MemoryLimitException if there is not enough native memory for the
   *     constants
   */
  public Executable(LoweredProgram program, KernelCompiler compiler) {
    this.program = program;
    Map<Kernel, CompiledKernel> codes = compile(program, compiler);
    this.kernelCount = (int) codes.values().stream().distinct().count();
    this.constants = new Constants(program);
    Lifetimes lifetimes = new Lifetimes();
    List<Buffer> buffers = lifetimes.buffers();
    this.problem = MemoryProblem.of(buffers);
    this.arenaByteDims = new int[arenaIndex.size()];
    arenaIndex.forEach((value, i) -> arenaByteDims[i] = dims.add(Storage.bytes(value)));
    for (Step step : program.steps()) {
      instructions.add(prepare(step, codes));
    }
    this.slices = Requirements.of(program.graph());
  }

  /** The conditions under which slices lie inside what they cut. */
  List<Requirements.Inside> slices() {
    return slices;
  }

  private static Map<Kernel, CompiledKernel> compile(
      LoweredProgram program, KernelCompiler compiler) {
    Map<Kernel, CompiledKernel> codes = Collections.synchronizedMap(new HashMap<>());
    List<Kernel> kernels =
        program.steps().stream()
            .filter(Step.Call.class::isInstance)
            .map(s -> ((Step.Call) s).call().kernel())
            .distinct()
            .toList();
    IntStream.range(0, kernels.size())
        .parallel()
        .forEach(i -> codes.put(kernels.get(i), compiler.compile(kernels.get(i))));
    return codes;
  }

  private Instruction prepare(Step step, Map<Kernel, CompiledKernel> codes) {
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
                  constant != null ? BufferSlot.CONSTANT : arenaIndex.get(memory.root()),
                  dims.add(memory.offset()),
                  bytes,
                  constant);
            }
          });
    }
    return new Instruction(
        step, codes.get(call.kernel()), slots, dims.add(call.sizes()), dims.add(call.work()));
  }

  /**
   * When each buffer of the arena is live: inputs from time 0, step i at time i + 1, outputs to the
   * end.
   */
  private final class Lifetimes {
    private final List<int[]> spans = new ArrayList<>();

    List<Buffer> buffers() {
      Graph graph = program.graph();
      Storage storage = program.storage();
      int end = program.steps().size() + 2;
      for (Value input : graph.inputs()) {
        if (storage.isPlannable(input)) {
          touch(input, 0);
        }
      }
      for (int i = 0; i < program.steps().size(); i++) {
        for (Value root : program.steps().get(i).roots(storage)) {
          touch(root, i + 1);
        }
      }
      for (Value output : graph.outputs()) {
        if (storage.isPlannable(output)) {
          touch(storage.view(output).root(), end - 1);
        }
      }
      List<Buffer> buffers = new ArrayList<>();
      arenaIndex.forEach(
          (value, i) ->
              buffers.add(
                  Buffer.of(i + ":" + value.name(), spans.get(i)[0], spans.get(i)[1] + 1, 0)
                      .aligned(NativeBuffer.ALIGNMENT)));
      return buffers;
    }

    private void touch(Value root, int time) {
      if (constants.plain(root) != null) {
        return;
      }
      Integer known = arenaIndex.putIfAbsent(root, arenaIndex.size());
      if (known == null) {
        spans.add(new int[] {time, time});
      } else {
        spans.get(known)[1] = Math.max(time, spans.get(known)[1]);
      }
    }
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

  /** Lifespans of the arena's buffers; sizes are 0 until the program is bound. */
  MemoryProblem problem() {
    return problem;
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

  /** The number of a root in the arena, or −1 if it is a constant. */
  int arenaIndex(Value root) {
    return arenaIndex.getOrDefault(root, -1);
  }

  /** The dims table's number of each arena buffer's byte size. */
  int[] arenaByteDims() {
    return arenaByteDims;
  }

  /** Frees the constants; no session may be open. */
  @Override
  public void close() {
    constants.close();
  }
}
