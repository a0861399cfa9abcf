package fluidml;

import fluidml.error.InvalidInputException;
import fluidml.error.MemoryLimitException;
import fluidml.error.SessionClosedException;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.Tensor;
import fluidml.vm.Executable;
import fluidml.vm.Executor;
import fluidml.vm.PlannedMemory;
import fluidml.vm.Profile;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs a {@link Model} in an arena of its own. Safe for use by many threads, one run at a time:
 * further callers wait. For runs side by side open more sessions; they share weights and code.
 */
public final class Session implements AutoCloseable {
  private final Model model;
  private final Optional<Executor> executor;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile boolean closed;

  /** Computes cheap tensors again; made when a run would exceed the limit without. */
  private Optional<Executor> recomputing = Optional.empty();

  /** Whose run was the last. */
  private Optional<Executor> last;

  Session(Model model) {
    this.model = model;
    this.executor = model.executable().map(this::executor);
    this.last = executor;
  }

  private Executor executor(Executable executable) {
    Options options = model.options();
    return new Executor(
        executable,
        model.team(),
        options.planner(),
        options.rememberedShapes(),
        options.maxMemory(),
        options.profile());
  }

  /**
   * The executor that computes cheap tensors again, for when the first one's memory is beyond the
   * limit.
   *
   * @throws MemoryLimitException the given one, if there is no such executor or the machine refused
   *     the memory, which no plan changes
   */
  private Executor recomputing(MemoryLimitException e) {
    if (e.allowedBytes() < 0) {
      throw e;
    }
    if (recomputing.isEmpty()) {
      recomputing = model.executable().flatMap(Executable::recomputing).map(this::executor);
    }
    last = recomputing;
    return recomputing.orElseThrow(() -> e);
  }

  /**
   * Runs the model.
   *
   * @param inputs a tensor for each input of the model, by name; read, never kept
   * @return a new tensor for each output, by name, in the order of the model
   * @throws InvalidInputException if a name, type or extent does not fit, or an output is not a
   *     tensor
   * @throws fluidml.error.MemoryLimitException if the memory for these extents does not fit the
   *     limit
   * @throws SessionClosedException if this is closed
   */
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    Map<String, Datum> data = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> data.put(name, Datum.of(tensor)));
    Map<String, Tensor> results = new LinkedHashMap<>();
    runData(data)
        .forEach(
            (name, datum) -> {
              if (!(datum instanceof Datum.TensorDatum(Tensor tensor))) {
                throw new InvalidInputException(
                    name, "the output is " + datum.describe() + "; use runData");
              }
              results.put(name, tensor);
            });
    return results;
  }

  /** Like {@link #run}, for models with inputs or outputs that are sequences or optionals. */
  public Map<String, Datum> runData(Map<String, Datum> inputs) {
    List<Value> outputs = model.outputs();
    List<Datum> results = execute(order(model.inputs(), inputs), new Tensor[outputs.size()]);
    Map<String, Datum> named = new LinkedHashMap<>();
    for (int i = 0; i < outputs.size(); i++) {
      named.put(outputs.get(i).name(), results.get(i));
    }
    return named;
  }

  /**
   * Does everything for runs with inputs of these extents but run: plans and allocates the memory,
   * and waits until the kernels are compiled to machine code. Without it the first run does so.
   *
   * @param inputs a tensor for each input of the model, by name; only types and extents matter
   * @throws InvalidInputException if a name, type or extent does not fit
   * @throws fluidml.error.MemoryLimitException if the memory for these extents does not fit the
   *     limit
   * @throws SessionClosedException if this is closed
   */
  public void prepare(Map<String, Tensor> inputs) {
    Map<String, Datum> data = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> data.put(name, Datum.of(tensor)));
    Datum[] ordered = order(model.inputs(), data);
    lock.lock();
    try {
      requireOpen();
      last = executor;
      if (executor.isPresent()) {
        try {
          executor.get().prepare(ordered);
        } catch (MemoryLimitException e) {
          recomputing(e).prepare(ordered);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Prepares runs that read the same input tensors and write the same output tensors each time. The
   * elements may change from run to run. Runs allocate nothing on the heap once they are warm.
   *
   * @param inputs a tensor for each input
   * @param outputs a tensor for each output, of the extents that the inputs lead to
   * @throws InvalidInputException if a name is missing or unknown
   */
  public BoundRun bind(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    Map<String, Datum> data = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> data.put(name, Datum.of(tensor)));
    Datum[] ordered = order(model.inputs(), data);
    Tensor[] results = new Tensor[model.outputs().size()];
    for (int i = 0; i < results.length; i++) {
      results[i] = outputs.get(model.outputs().get(i).name());
      if (results[i] == null) {
        throw new InvalidInputException(model.outputs().get(i).name(), "no tensor for this output");
      }
    }
    return () -> execute(ordered, results);
  }

  /** A run with fixed tensors, made by {@link Session#bind}. */
  @FunctionalInterface
  public interface BoundRun {
    /**
     * Runs once.
     *
     * @throws InvalidInputException if a tensor does not fit
     * @throws SessionClosedException if the session is closed
     */
    void run();
  }

  /**
   * Sets how many of the model's threads share the runs to come: all of them pay for a long prompt,
   * one or two for a single token, which is bound by memory. Results do not depend on it. A run in
   * progress ends first.
   *
   * @param count the calling thread included, at most {@link Model#threads}; 0 for all
   * @throws InvalidInputException if the number is out of range
   * @throws SessionClosedException if this is closed
   */
  public void setThreads(int count) {
    if (count < 0 || count > model.threads()) {
      throw new InvalidInputException(
          "threads", count + " is not in 0 to " + model.threads() + ", the threads of the model");
    }
    lock.lock();
    try {
      requireOpen();
      executor.ifPresent(e -> e.setThreads(count == 0 ? model.threads() : count));
    } finally {
      lock.unlock();
    }
  }

  /** How many threads share a run: those of the model, or what {@link #setThreads} said. */
  public int threads() {
    lock.lock();
    try {
      return executor.map(Executor::threads).orElse(1);
    } finally {
      lock.unlock();
    }
  }

  private static Datum[] order(List<Value> declared, Map<String, Datum> given) {
    Datum[] ordered = new Datum[declared.size()];
    for (int i = 0; i < ordered.length; i++) {
      String name = declared.get(i).name();
      ordered[i] = given.get(name);
      if (ordered[i] == null) {
        throw new InvalidInputException(
            name, "the model's input is not given; given: " + given.keySet());
      }
    }
    if (given.size() > ordered.length) {
      List<String> known = declared.stream().map(Value::name).toList();
      throw new InvalidInputException(
          given.keySet().stream().filter(n -> !known.contains(n)).toList().toString(),
          "the model has no such input; it has " + known);
    }
    return ordered;
  }

  private List<Datum> execute(Datum[] inputs, Tensor[] outputs) {
    lock.lock();
    try {
      requireOpen();
      last = executor;
      if (executor.isEmpty()) {
        return interpret(inputs, outputs);
      }
      try {
        return executor.get().run(inputs, outputs);
      } catch (MemoryLimitException e) {
        return recomputing(e).run(inputs, outputs);
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new SessionClosedException("session");
    }
  }

  private List<Datum> interpret(Datum[] inputs, Tensor[] outputs) {
    List<Datum> results = Interpreter.run(model.graph(), Arrays.asList(inputs));
    for (int i = 0; i < outputs.length; i++) {
      if (outputs[i] != null) {
        Tensor result = results.get(i).tensor();
        if (!Arrays.equals(result.dims(), outputs[i].dims())
            || result.dtype() != outputs[i].dtype()) {
          throw new InvalidInputException(
              model.outputs().get(i).name(),
              "the preallocated output is " + outputs[i] + ", the result " + result);
        }
        outputs[i].data().copyFrom(result.data());
      }
    }
    return results;
  }

  /** Time spent in every step so far, if the options ask for it. */
  public Optional<Profile> profile() {
    return last.flatMap(Executor::profile);
  }

  /** Where the memory outside of the heap is: of this session, its model, and the process. */
  public MemoryReport memory() {
    lock.lock();
    try {
      Optional<PlannedMemory> planned = closed ? Optional.empty() : memoryPlan();
      return new MemoryReport(
          new MemoryReport.SessionMemory(
              planned.map(p -> p.plan().arenaBytes()).orElse(0L),
              planned.map(p -> p.problem().maxLiveBytes()).orElse(0L),
              planned.map(PlannedMemory::stagedInputBytes).orElse(0L),
              planned.map(PlannedMemory::stagedOutputBytes).orElse(0L),
              planned.map(PlannedMemory::scratchBytes).orElse(0L),
              planned.map(PlannedMemory::directBytes).orElse(0L),
              closed ? 0 : frameBytes(executor) + frameBytes(recomputing)),
          model.memory(),
          MemoryReport.ofProcess());
    } finally {
      lock.unlock();
    }
  }

  private static long frameBytes(Optional<Executor> executor) {
    return executor.map(Executor::frameBytes).orElse(0L);
  }

  /** The memory plan of the last run, if the engine is compiled and there was a run. */
  public Optional<PlannedMemory> memoryPlan() {
    lock.lock();
    try {
      return last.flatMap(Executor::memory);
    } finally {
      lock.unlock();
    }
  }

  /**
   * What the last run would need if less were done to lower it, from nothing to what is done; empty
   * if the engine is not compiled or there was no run.
   */
  public List<PlannedMemory.Alternative> memoryAlternatives() {
    lock.lock();
    try {
      return last.map(Executor::alternatives).orElse(List.of());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Frees the session's memory. A run in progress on another thread ends first; later runs throw.
   * Closing twice is fine.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        executor.ifPresent(Executor::close);
        recomputing.ifPresent(Executor::close);
        model.release();
      }
    } finally {
      lock.unlock();
    }
  }
}
