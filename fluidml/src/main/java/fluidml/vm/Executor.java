package fluidml.vm;

import fluidml.error.FluidmlException;
import fluidml.error.InvalidInputException;
import fluidml.error.KernelFailureException;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs an {@link Executable} in an arena of its own. Not thread-safe: one run at a time. After a
 * warm-up for each set of input extents a run of kernels allocates nothing; steps on the
 * interpreter do.
 */
public final class Executor implements AutoCloseable {
  /** The longest that a first run waits for the JIT. */
  private static final long WARMUP_NANOS = 6_000_000_000L;

  private final Executable executable;
  private final ThreadTeam.Lease lease;
  private final MemoryPlanner planner;
  private final int bindingLimit;
  private final long memoryLimit;
  private final RangeTask[] tasks;
  private final List<Binding> bindings = new ArrayList<>();
  private final Optional<Profile> profile;
  private final boolean interprets;
  private final int inputRankSum;

  private NativeBuffer arena;
  private NativeBuffer scratch;

  // State of interpreted steps, valid during a run.
  private final Map<Value, Datum> dynamic = new HashMap<>();
  private final Map<String, Long> scope = new HashMap<>();

  /**
   * An executor without memory; it is allocated by the first run.
   *
   * @param bindingLimit how many sets of input extents are remembered; the least recently used goes
   * @param memoryLimit bytes that arena and scratch may take together
   */
  public Executor(
      Executable executable,
      ThreadTeam team,
      MemoryPlanner planner,
      int bindingLimit,
      long memoryLimit,
      boolean profiled) {
    this.executable = executable;
    this.lease = team.newLease();
    this.planner = planner;
    this.bindingLimit = bindingLimit;
    this.memoryLimit = memoryLimit;
    this.tasks =
        executable.instructions().stream()
            .map(i -> i.code() == null ? null : (RangeTask) i.code()::run)
            .toArray(RangeTask[]::new);
    this.profile =
        profiled ? Optional.of(new Profile(executable.instructions().size())) : Optional.empty();
    this.interprets = !executable.program().fallbacks().isEmpty();
    this.inputRankSum =
        executable.program().graph().inputs().stream()
            .mapToInt(v -> v.knownShape().map(Shape::rank).orElse(0))
            .sum();
  }

  /** The profile, if this executor was made with one. */
  public Optional<Profile> profile() {
    return profile;
  }

  /**
   * Runs the program.
   *
   * @param inputs one datum for each graph input, in order
   * @param outputs for each graph output a tensor that it is copied to, or null for a new one
   * @return one datum for each graph output, in order; if every element of {@code outputs} is
   *     given, the result is empty and nothing is allocated
   * @throws InvalidInputException if an input or output does not fit
   * @throws fluidml.error.MemoryLimitException if the memory plan for these extents does not fit
   */
  public List<Datum> run(Datum[] inputs, Tensor[] outputs) {
    Binding binding = ready(inputs);
    MemorySegment memory = arena.segment();
    copyInputs(binding, memory, inputs);
    lease.beginRun(lease.size());
    try {
      execute(binding, memory);
      return copyOutputs(binding, memory, outputs);
    } finally {
      lease.endRun();
      if (interprets) {
        dynamic.clear();
        scope.clear();
      }
    }
  }

  /**
   * Does everything for runs with inputs of these extents but run: plans and allocates the memory,
   * and warms the kernels up if nobody has.
   *
   * @param inputs one datum for each graph input, in order; only their types and extents matter
   * @throws InvalidInputException if an input does not fit
   * @throws fluidml.error.MemoryLimitException if the memory plan for these extents does not fit
   */
  public void prepare(Datum[] inputs) {
    ready(inputs);
  }

  private Binding ready(Datum[] inputs) {
    Binding binding = bind(inputs);
    prepareMemory(binding);
    binding.place(arena.segment());
    if (executable.claimWarmup() && Warmup.pays(executable, binding)) {
      Warmup.run(executable, binding, scratchBase(), WARMUP_NANOS);
    }
    return binding;
  }

  private void execute(Binding binding, MemorySegment memory) {
    long scratchBase = scratchBase();
    Profile record = profile.orElse(null);
    for (int i = 0; i < tasks.length; i++) {
      long begin = record != null ? System.nanoTime() : 0;
      RangeTask task = tasks[i];
      if (task != null) {
        try {
          lease.run(
              task,
              binding.frame(i),
              scratchBase,
              binding.scratchStride,
              binding.extent(i),
              binding.parts(i));
        } catch (FluidmlException e) {
          throw e;
        } catch (RuntimeException e) {
          throw new KernelFailureException(
              executable.instructions().get(i).step().label(), "step " + i + ": " + e, e);
        }
      } else {
        slowStep(executable.instructions().get(i).step(), binding, memory);
      }
      if (record != null) {
        record.record(i, begin, System.nanoTime());
      }
    }
    if (record != null) {
      record.endRun();
    }
  }

  private long scratchBase() {
    return scratch.bytes() == 0 ? 0 : scratch.address();
  }

  private void slowStep(Step step, Binding binding, MemorySegment memory) {
    switch (step) {
      case Step.Fill fill -> fill(fill, binding, memory);
      case Step.Interpret interpret -> interpret(interpret.node(), binding, memory);
      case Step.Call _ -> throw new IllegalStateException("kernel calls have code");
    }
  }

  private static void fill(Step.Fill fill, Binding binding, MemorySegment memory) {
    StridedTensor target = binding.tensor(fill.value(), memory);
    Tensor values = Tensor.allocate(fill.value().dtype(), fill.elements().size());
    for (int i = 0; i < fill.elements().size(); i++) {
      values.setLong(i, fill.elements().get(i).evaluate(binding.symbols::get));
    }
    target.copyFrom(values.data());
  }

  private void interpret(Node node, Binding binding, MemorySegment memory) {
    Storage storage = executable.program().storage();
    if (scope.isEmpty()) {
      scope.putAll(binding.symbols);
    }
    List<Datum> operands = new ArrayList<>();
    for (Value input : node.inputs()) {
      operands.add(input.isPresent() ? operand(input, binding, memory, storage) : Datum.absent());
    }
    List<Datum> results = Interpreter.execute(node, operands, scope);
    for (int i = 0; i < node.outputs().size(); i++) {
      Value output = node.output(i);
      Datum result = results.get(i);
      if (!result.isPresent()) {
        continue;
      }
      if (storage.isPlannable(output)) {
        StridedTensor target = binding.tensor(output, memory);
        if (!Arrays.equals(target.dims(), result.tensor().dims())) {
          throw new KernelFailureException(
              node.name(),
              "computed %s, but %s was inferred".formatted(result.describe(), output.type()));
        }
        target.copyFrom(result.tensor().data());
      } else {
        // A copy: the operand it may be a view of lives in memory that is used again.
        dynamic.put(output, detached(result));
        learn(output, result);
      }
    }
  }

  private static Datum detached(Datum datum) {
    return switch (datum) {
      case Datum.TensorDatum tensor -> Datum.of(tensor.tensor().copy());
      case Datum.SequenceDatum sequence ->
          new Datum.SequenceDatum(sequence.elements().stream().map(Executor::detached).toList());
      case Datum.OptionalDatum optional ->
          new Datum.OptionalDatum(optional.value().map(Executor::detached));
      case Datum.NoDatum none -> none;
    };
  }

  private void learn(Value output, Datum result) {
    if (result instanceof Datum.TensorDatum(Tensor tensor) && output.knownShape().isPresent()) {
      Shape shape = output.shape();
      for (int axis = 0; axis < Math.min(shape.rank(), tensor.rank()); axis++) {
        String text = shape.dim(axis).toString();
        if (shape.dim(axis).symbols().contains(text)) {
          scope.putIfAbsent(text, tensor.dim(axis));
        }
      }
    }
  }

  private Datum operand(Value input, Binding binding, MemorySegment memory, Storage storage) {
    Datum known = dynamic.get(input);
    if (known != null) {
      return known;
    }
    Optional<Tensor> constant = executable.program().graph().constant(input);
    if (constant.isPresent()) {
      return Datum.of(constant.get());
    }
    if (storage.isPlannable(input)) {
      return Datum.of(binding.tensor(input, memory).toTensor());
    }
    throw new IllegalStateException("'" + input.name() + "' was not computed");
  }

  private void copyInputs(Binding binding, MemorySegment memory, Datum[] inputs) {
    List<Value> declared = executable.program().graph().inputs();
    for (int i = 0; i < inputs.length; i++) {
      Value input = declared.get(i);
      int index = executable.arenaIndex(input);
      if (index >= 0) {
        MemorySegment source = inputs[i].tensor().data();
        MemorySegment.copy(source, 0, memory, binding.plan.offset(index), source.byteSize());
      } else {
        dynamic.put(input, inputs[i]);
        learn(input, inputs[i]);
      }
    }
  }

  private List<Datum> copyOutputs(Binding binding, MemorySegment memory, Tensor[] outputs) {
    Graph graph = executable.program().graph();
    StridedTensor[] planned = binding.outputs(graph, memory);
    List<Datum> results = null;
    for (int i = 0; i < outputs.length; i++) {
      Value output = graph.outputs().get(i);
      StridedTensor source = planned[i];
      Datum computed = dynamic.get(output);
      if (computed == null && source != null) {
        if (outputs[i] != null) {
          checkOutput(output, outputs[i].dtype(), outputs[i], source.dims());
          source.copyTo(outputs[i].data());
          continue;
        }
        Tensor copy = Tensor.allocate(output.dtype(), source.dims());
        source.copyTo(copy.data());
        computed = Datum.of(copy);
      } else if (computed == null) {
        computed =
            Datum.of(
                graph
                    .constant(output)
                    .orElseThrow(() -> new IllegalStateException("no output " + output.name())));
      } else if (outputs[i] != null) {
        checkOutput(output, computed.tensor().dtype(), outputs[i], computed.tensor().dims());
        outputs[i].data().copyFrom(computed.tensor().data());
        continue;
      }
      if (results == null) {
        results = new ArrayList<>();
      }
      results.add(computed);
    }
    return results == null ? List.of() : results;
  }

  private static void checkOutput(Value output, DType dtype, Tensor given, long[] dims) {
    boolean fits =
        given.dtype() == output.dtype() && given.dtype() == dtype && given.rank() == dims.length;
    for (int i = 0; fits && i < dims.length; i++) {
      fits = given.dim(i) == dims[i];
    }
    if (!fits) {
      throw new InvalidInputException(
          output.name(),
          "the preallocated output is " + given + ", the result " + dtype + Shape.of(dims));
    }
  }

  private void prepareMemory(Binding binding) {
    if (arena == null || arena.bytes() < binding.arenaBytes()) {
      if (arena != null) {
        arena.close();
        arena = null;
      }
      arena = NativeBuffer.allocate(NativeBuffer.Category.ARENA, binding.arenaBytes());
    }
    long wanted = binding.scratchStride * lease.size();
    if (scratch == null || scratch.bytes() < wanted) {
      if (scratch != null) {
        scratch.close();
        scratch = null;
      }
      scratch = NativeBuffer.allocate(NativeBuffer.Category.SCRATCH, wanted);
    }
  }

  /**
   * The binding for the inputs' extents, made if it is not remembered; it becomes the last of the
   * list.
   */
  private Binding bind(Datum[] inputs) {
    for (int i = bindings.size() - 1; i >= 0; i--) {
      Binding binding = bindings.get(i);
      if (matches(binding.inputExtents, inputs)) {
        if (i < bindings.size() - 1) {
          bindings.remove(i);
          bindings.add(binding);
        }
        return binding;
      }
    }
    Binding binding =
        new Binding(
            executable,
            extents(inputs),
            InputShapes.solve(executable.program().graph(), inputs),
            planner,
            lease.size(),
            memoryLimit);
    if (bindings.size() >= bindingLimit) {
      bindings.removeFirst().close();
    }
    bindings.add(binding);
    return binding;
  }

  private static boolean matches(long[] extents, Datum[] inputs) {
    int at = 0;
    for (Datum input : inputs) {
      if (input instanceof Datum.TensorDatum tensor) {
        int rank = tensor.tensor().rank();
        for (int i = 0; i < rank; i++) {
          if (at >= extents.length || extents[at++] != tensor.tensor().dim(i)) {
            return false;
          }
        }
      }
    }
    return at == extents.length;
  }

  private long[] extents(Datum[] inputs) {
    long[] extents = new long[inputRankSum];
    int at = 0;
    for (Datum input : inputs) {
      if (input instanceof Datum.TensorDatum(Tensor tensor)) {
        for (int i = 0; i < tensor.rank(); i++) {
          if (at == extents.length) {
            extents = Arrays.copyOf(extents, at + tensor.rank());
          }
          extents[at++] = tensor.dim(i);
        }
      }
    }
    return at == extents.length ? extents : Arrays.copyOf(extents, at);
  }

  /** The memory plan of the last run with its problem, if there was a run. */
  public Optional<PlannedMemory> memory() {
    if (bindings.isEmpty()) {
      return Optional.empty();
    }
    Binding last = bindings.getLast();
    return Optional.of(
        new PlannedMemory(last.problem, last.plan, last.scratchStride * lease.size()));
  }

  /**
   * Memory of one binding.
   *
   * @param scratchBytes private memory of all threads
   */
  public record PlannedMemory(MemoryProblem problem, MemoryPlan plan, long scratchBytes) {}

  /** The value of a symbolic extent in the last run, if there was a run. */
  public Optional<Long> lastValue(Dim dim) {
    return bindings.isEmpty()
        ? Optional.empty()
        : Optional.of(dim.evaluate(bindings.getLast().symbols::get));
  }

  /** Frees arena and scratch; no run may be in progress. */
  @Override
  public void close() {
    bindings.forEach(Binding::close);
    bindings.clear();
    if (arena != null) {
      arena.close();
      arena = null;
    }
    if (scratch != null) {
      scratch.close();
      scratch = null;
    }
  }
}
