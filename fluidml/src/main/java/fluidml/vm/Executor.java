package fluidml.vm;

import fluidml.error.FluidmlException;
import fluidml.error.InvalidInputException;
import fluidml.error.KernelFailureException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.memory.MemoryPlanner;
import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
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
  private final Interpretation interpretation;
  private final CallerMemory caller;
  private final Tensor[] targets;
  private final boolean[] plannedOutputs;
  private final boolean[] outputExternals;
  private final int inputRankSum;

  private final ArenaPool pool = ArenaPool.process();

  private ArenaPlan lastPlan;
  private ArenaPool.Pooled arena;
  private long lastDirectBytes;
  private int threads;
  private boolean running;
  private boolean closed;

  /**
   * An executor without memory; it is allocated by the first run.
   *
   * @param bindingLimit how many sets of input extents are remembered; the least recently used goes
   * @param memoryLimit bytes that the arena may take
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
    this.threads = lease.size();
    this.planner = planner;
    this.bindingLimit = bindingLimit;
    this.memoryLimit = memoryLimit;
    this.tasks =
        executable.instructions().stream()
            .map(i -> i.code() == null ? null : (RangeTask) i.code()::run)
            .toArray(RangeTask[]::new);
    this.profile =
        profiled ? Optional.of(new Profile(executable.instructions().size())) : Optional.empty();
    Graph graph = executable.program().graph();
    this.interpretation = new Interpretation(executable);
    this.caller = new CallerMemory(graph.inputs().size() + graph.outputs().size());
    this.targets = new Tensor[graph.outputs().size()];
    this.plannedOutputs = new boolean[targets.length];
    for (int i = 0; i < targets.length; i++) {
      plannedOutputs[i] = executable.program().storage().isPlannable(graph.outputs().get(i));
    }
    this.outputExternals = new boolean[targets.length];
    for (int root = 0; root < executable.roots().count(); root++) {
      int output = executable.roots().external(root) - graph.inputs().size();
      if (output >= 0) {
        outputExternals[output] = true;
      }
    }
    this.pool.open();
    this.inputRankSum =
        graph.inputs().stream().mapToInt(v -> v.knownShape().map(Shape::rank).orElse(0)).sum();
  }

  /**
   * Lets fewer threads of the team share the runs to come, or all again.
   *
   * @param count the calling thread included, at least 1, at most the size of the team
   */
  public void setThreads(int count) {
    if (count < 1 || count > lease.size()) {
      throw new IllegalArgumentException(count + " threads of a team of " + lease.size());
    }
    threads = count;
  }

  /** How many threads share a run, the calling thread included. */
  public int threads() {
    return threads;
  }

  /** The profile, if this executor was made with one. */
  public Optional<Profile> profile() {
    return profile;
  }

  /**
   * Runs the program. Kernels read inputs and write outputs where they lie if that is safe (see
   * {@link CallerMemory}); other tensors are copied. When a run ends with an exception, the
   * contents of given outputs are undefined.
   *
   * @param inputs one datum for each graph input, in order
   * @param outputs for each graph output a tensor to write, or null for a new one
   * @return one datum for each graph output, in order; if every element of {@code outputs} is
   *     given, the result is empty and nothing is allocated
   * @throws InvalidInputException if an input or output does not fit
   * @throws fluidml.error.MemoryLimitException if the memory plan for these extents does not fit
   */
  public List<Datum> run(Datum[] inputs, Tensor[] outputs) {
    try {
      Binding binding = ready(inputs, outputs, false);
      MemorySegment memory = arena.buffer().segment();
      Optional<Sentinel> sentinel =
          executable.program().target().checked()
              ? Optional.of(new Sentinel(lastPlan, memory))
              : Optional.empty();
      copyInputs(lastPlan, memory, inputs);
      if (sentinel.isPresent()) {
        sentinel.get().begin();
      }
      lease.beginRun(threads);
      try {
        execute(binding, memory, sentinel);
        return copyOutputs(binding, memory, outputs);
      } finally {
        lease.endRun();
      }
    } finally {
      releaseArena();
      interpretation.clear();
      caller.clear();
      Arrays.fill(targets, null);
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
    try {
      ready(inputs, new Tensor[targets.length], true);
    } finally {
      releaseArena();
      caller.clear();
      Arrays.fill(targets, null);
    }
  }

  /**
   * Plans, allocates, writes frames.
   *
   * @param dry whether no run follows
   */
  private Binding ready(Datum[] inputs, Tensor[] outputs, boolean dry) {
    Binding binding = bind(inputs);
    boolean warmsUp = executable.claimWarmup() && Warmup.pays(executable, binding);
    chooseTargets(binding, outputs, dry && !warmsUp);
    if (executable.strategy().direct()) {
      offer(inputs);
    }
    lastPlan = binding.plan(caller.direct(), planner, memoryLimit);
    arena = pool.acquire(lastPlan.bytes(), memoryLimit, arena);
    running = true;
    lastDirectBytes = caller.bytes();
    binding.place(lastPlan, arena.buffer().segment(), caller);
    if (warmsUp) {
      long spare = memoryLimit - lastPlan.bytes();
      Warmup.run(executable, binding, step -> scratch(binding, step), threads, spare, WARMUP_NANOS);
    }
    return binding;
  }

  /**
   * The tensors that planned outputs are written to, where they are worth being known before the
   * run: what {@link Tensor#allocate} puts on the heap is not.
   *
   * @param dry whether nobody will write to them
   */
  private void chooseTargets(Binding binding, Tensor[] outputs, boolean dry) {
    Graph graph = executable.program().graph();
    for (int i = 0; i < targets.length; i++) {
      Value output = graph.outputs().get(i);
      if (!plannedOutputs[i]) {
        continue;
      }
      long[] dims = binding.outputDims(i);
      if (outputs[i] != null) {
        checkOutput(output, output.dtype(), outputs[i], dims);
        targets[i] = outputs[i];
      } else if (output.dtype().byteSize(elements(dims)) > Tensor.HEAP_BYTES) {
        if (!dry) {
          targets[i] = ResultMemory.process().tensor(output.dtype(), dims);
        } else if (executable.strategy().direct() && outputExternals[i]) {
          caller.promise(graph.inputs().size() + i);
        }
      }
    }
  }

  /** Elements of a tensor. */
  static long elements(long[] dims) {
    long product = 1;
    for (long dim : dims) {
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }

  /** Offers the caller's tensors to the kernels. */
  private void offer(Datum[] inputs) {
    ArenaRoots roots = executable.roots();
    for (int root = 0; root < roots.count(); root++) {
      int external = roots.external(root);
      if (external == ArenaRoots.INTERNAL) {
        continue;
      }
      if (external < inputs.length) {
        caller.offer(external, inputs[external].tensor().data(), false);
      } else if (targets[external - inputs.length] != null) {
        caller.offer(external, targets[external - inputs.length].data(), true);
      }
    }
    caller.separate();
  }

  private void execute(Binding binding, MemorySegment memory, Optional<Sentinel> sentinel) {
    Profile record = profile.orElse(null);
    Schedule schedule = lastPlan.schedule();
    for (int place = 0; place < tasks.length; place++) {
      int i = schedule.step(place);
      long begin = record != null ? System.nanoTime() : 0;
      RangeTask task = tasks[i];
      if (task != null) {
        try {
          lease.run(
              task,
              binding.frame(i),
              scratch(binding, i),
              binding.scratchStride(i),
              binding.extent(i),
              lastPlan.parts()[i],
              binding.pieces(i));
        } catch (FluidmlException e) {
          throw e;
        } catch (RuntimeException e) {
          throw new KernelFailureException(
              executable.instructions().get(i).step().label(), "step " + i + ": " + e, e);
        }
      } else {
        interpretation.run(
            executable.instructions().get(i).step(),
            new Interpretation.Memory(binding, lastPlan, memory, caller));
      }
      if (record != null) {
        record.record(i, begin, System.nanoTime());
      }
      if (sentinel.isPresent()) {
        sentinel.get().after(place, executable.instructions().get(i).step().label());
      }
    }
    if (record != null) {
      record.endRun();
    }
  }

  /** Address of a step's private memory, 0 if it needs none. */
  private long scratch(Binding binding, int step) {
    int buffer = lastPlan.schedule().scratchOf(step);
    return buffer == Schedule.NONE || binding.scratchStride(step) == 0
        ? 0
        : arena.buffer().address() + lastPlan.plan().offset(buffer);
  }

  private void copyInputs(ArenaPlan plan, MemorySegment memory, Datum[] inputs) {
    List<Value> declared = executable.program().graph().inputs();
    for (int i = 0; i < inputs.length; i++) {
      Value input = declared.get(i);
      int root = executable.roots().of(input);
      if (root < 0) {
        interpretation.define(input, inputs[i]);
      } else if (!caller.has(i)) {
        MemorySegment source = inputs[i].tensor().data();
        long offset = plan.plan().offset(plan.schedule().bufferOf(root));
        MemorySegment.copy(source, 0, memory, offset, source.byteSize());
      }
    }
  }

  private List<Datum> copyOutputs(Binding binding, MemorySegment memory, Tensor[] outputs) {
    Graph graph = executable.program().graph();
    List<Datum> results = null;
    for (int i = 0; i < outputs.length; i++) {
      Value output = graph.outputs().get(i);
      Datum computed = interpretation.value(output);
      if (computed == null && plannedOutputs[i]) {
        if (targets[i] == null) {
          targets[i] = Tensor.allocate(output.dtype(), binding.outputDims(i));
        }
        if (!caller.has(graph.inputs().size() + i)) {
          binding.output(i, lastPlan, memory, caller).copyTo(targets[i].data());
        }
        if (outputs[i] != null) {
          continue;
        }
        computed = Datum.of(targets[i]);
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

  /** Gives the arena back, if this has one. */
  private void releaseArena() {
    if (running) {
      running = false;
      pool.release(arena);
    }
  }

  /**
   * The binding for the inputs' extents, made if it is not remembered; it becomes the last of the
   * list.
   */
  private Binding bind(Datum[] inputs) {
    for (int i = bindings.size() - 1; i >= 0; i--) {
      Binding binding = bindings.get(i);
      if (binding.threads == threads && matches(binding.inputExtents, inputs)) {
        if (i < bindings.size() - 1) {
          bindings.remove(i);
          bindings.add(binding);
        }
        return binding;
      }
    }
    Map<String, Long> symbols = InputShapes.solve(executable.program().graph(), inputs);
    if (bindings.size() >= bindingLimit) {
      bindings.removeFirst();
    }
    Binding binding = new Binding(executable, extents(inputs), symbols, threads);
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
    return Optional.ofNullable(lastPlan).map(this::planned);
  }

  private PlannedMemory planned(ArenaPlan plan) {
    return new MemoryView(executable, bindings.getLast(), plan).planned(lastDirectBytes);
  }

  /**
   * What the last run would need if less were done to lower it, from nothing to what is done.
   *
   * @return nothing if there was no run
   */
  public List<PlannedMemory.Alternative> alternatives() {
    return lastPlan == null
        ? List.of()
        : new MemoryView(executable, bindings.getLast(), lastPlan).alternatives();
  }

  /** The value of a symbolic extent in the last run, if there was a run. */
  public Optional<Long> lastValue(Dim dim) {
    return bindings.isEmpty()
        ? Optional.empty()
        : Optional.of(dim.evaluate(bindings.getLast().symbols::get));
  }

  /** Bytes of the frames of all remembered extents, on the heap. */
  public long frameBytes() {
    return bindings.stream().mapToLong(Binding::frameBytes).sum();
  }

  /** Bytes of all arenas of the process that no run uses. */
  public static long idleArenaBytes() {
    return ArenaPool.process().idleBytes();
  }

  /** Frees all arenas of the process that no run uses, and memory of results that are gone. */
  public static void trimArenas() {
    ArenaPool.process().trim();
    ResultMemory.process().trim();
  }

  /** Frees the arena; no run may be in progress. Closing twice is fine. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      bindings.clear();
      pool.close(Optional.ofNullable(arena));
      arena = null;
    }
  }
}
