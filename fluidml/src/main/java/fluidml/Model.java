package fluidml;

import fluidml.emit.jvm.AllocationGauge;
import fluidml.emit.jvm.HostTarget;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.error.InvalidInputException;
import fluidml.error.SessionClosedException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Quantization;
import fluidml.loop.Target;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.lower.Lowerings;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.pass.Pipeline;
import fluidml.reference.Datum;
import fluidml.saved.ModelWriter;
import fluidml.saved.SavedModel;
import fluidml.tune.Prediction;
import fluidml.tune.Tuner;
import fluidml.vm.Executable;
import fluidml.vm.ThreadTeam;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * A compiled model: code, constants and threads that any number of {@link Session}s share. Safe for
 * use by any number of threads.
 *
 * <pre>{@code
 * try (Model model = Model.load(Path.of("model.onnx"));
 *     Session session = model.newSession()) {
 *   Tensor y = session.run(Map.of("x", Tensor.of(new float[] {1, 2, 3}, 1, 3))).get("y");
 * }
 * }</pre>
 */
public final class Model implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("fluidml");
  private static final AtomicBoolean WARNED = new AtomicBoolean();

  private final Options options;
  private final Graph imported;
  private final Graph graph;
  private final Optional<Executable> executable;
  private final ThreadTeam team;
  private final LongSupplier mappedBytes;
  private final Runnable onClose;
  private final Optional<Path> savedAs;
  private final AtomicInteger owners = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();

  private Model(Graph imported, Optional<OnnxFile> file, Options options) {
    this.options = options;
    this.imported = imported;
    this.mappedBytes = () -> file.map(OnnxFile::mappedBytes).orElse(0L);
    this.onClose = () -> file.ifPresent(OnnxFile::close);
    this.savedAs = Optional.empty();
    this.graph = options.optimize() ? passes(imported, options).run(imported) : imported;
    if (options.engine() == Options.Engine.COMPILED) {
      Target target = target(graph, options);
      List<Lowering> lowerings = lowerings(options);
      Decisions decisions =
          options.tuning().decisions(graph, target, lowerings, options.fuse(), threads(options));
      LoweredProgram program = Lowerer.lower(graph, target, lowerings, options.fuse(), decisions);
      this.executable =
          Optional.of(
              new Executable(program, new KernelCompiler(target), options.memoryStrategy()));
    } else {
      this.executable = Optional.empty();
    }
    this.team = team(options);
  }

  private Model(SavedModel saved, Path path, Options options) {
    this.options = options;
    this.mappedBytes = saved::mappedBytes;
    this.onClose = saved::close;
    this.savedAs = Optional.of(path);
    this.graph = saved.program().graph();
    this.imported = graph;
    this.executable =
        Optional.of(
            new Executable(
                saved.program(), saved::code, options.memoryStrategy(), saved.chosenOrder()));
    this.team = team(options);
  }

  private static int threads(Options options) {
    return options.threads() == 0 ? ThreadTeam.defaultSize() : options.threads();
  }

  private static ThreadTeam team(Options options) {
    return new ThreadTeam(threads(options));
  }

  /**
   * Loads and compiles an ONNX model with the default options.
   *
   * @see #load(Path, Options)
   */
  public static Model load(Path path) {
    return load(path, Options.defaults());
  }

  /**
   * Loads and compiles an ONNX model, or maps a compiled one that {@link #save} wrote; its first
   * bytes tell which. Weights stay in the mapped file; what kernels read in another order than an
   * ONNX model has is packed once.
   *
   * <p>A compiled model holds code: load it only from where you would load a program from. Options
   * that say how a model is compiled were decided when it was saved.
   *
   * @throws fluidml.error.InvalidModelException if the file is missing, damaged or inconsistent
   * @throws fluidml.error.IncompatibleModelException if the file is a compiled model of another
   *     version or for another machine
   * @throws InvalidInputException if the file is a compiled model and the options ask for another
   *     engine, vector width, for checks, or for no machine code
   * @throws fluidml.error.UnsupportedModelException if it needs an operator or type that is not
   *     supported
   * @throws fluidml.error.MemoryLimitException if there is not enough native memory
   */
  public static Model load(Path path, Options options) {
    if (options.engine() == Options.Engine.COMPILED) {
      AllocationGauge.prepare();
    }
    if (SavedModel.isSaved(path)) {
      return saved(path, options);
    }
    OnnxFile file = OnnxFile.open(path);
    try {
      return new Model(OnnxImporter.graph(file), Optional.of(file), options);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static Model saved(Path path, Options options) {
    if (options.engine() != Options.Engine.COMPILED || options.checked()) {
      throw new InvalidInputException(
          options.checked() ? "checked" : "engine",
          path + " is compiled already, without checks; load the ONNX model instead");
    }
    SavedModel saved = SavedModel.open(path);
    try {
      int bits = saved.program().target().vectorBits();
      if (saved.program().target().byteProducts() && !options.machineCode()) {
        throw new InvalidInputException(
            "machineCode", path + " is compiled with machine code; load the ONNX model instead");
      }
      if (options.vectorBits().orElse(bits) != bits) {
        throw new InvalidInputException(
            "vectorBits", "%s is compiled for %d bits".formatted(path, bits));
      }
      return new Model(saved, path, options);
    } catch (RuntimeException | Error e) {
      saved.close();
      throw e;
    }
  }

  /** Whether this came from a file of {@link #save}, which keeps no graph as it was imported. */
  public boolean isSaved() {
    return savedAs.isPresent();
  }

  /**
   * Writes this compiled, for {@link #load} to map: no import, no passes, no packing, and no second
   * copy of the weights. The file fits this version of the library, this release of Java and
   * machines with vectors at least as wide.
   *
   * @param path replaced if it is there, whole or not at all
   * @throws InvalidInputException if the engine is not the compiled one, or checks accesses
   * @throws IOException if the file cannot be written
   * @throws SessionClosedException if this is closed
   */
  public void save(Path path) throws IOException {
    if (executable.isEmpty()) {
      throw new InvalidInputException("engine", "only models of the compiled engine are saved");
    }
    if (!retain()) {
      throw new SessionClosedException("model");
    }
    try {
      if (savedAs.isPresent()) {
        ModelWriter.copy(savedAs.get(), path);
      } else {
        Executable compiled = executable.get();
        ModelWriter.write(path, compiled.program(), compiled.chosenOrder(), compiled::packed);
      }
    } finally {
      release();
    }
  }

  private boolean retain() {
    return !closed.get() && owners.getAndUpdate(n -> n > 0 ? n + 1 : 0) != 0;
  }

  /**
   * Compiles a graph made by {@link fluidml.graph.GraphBuilder}; its constants must outlive the
   * model.
   */
  public static Model of(Graph graph, Options options) {
    return new Model(graph, Optional.empty(), options);
  }

  private static Target target(Graph lowered, Options options) {
    if (!HostTarget.hasVectorModule() && WARNED.compareAndSet(false, true)) {
      LOG.log(
          Level.WARNING,
          "The Vector API module is not there: kernels run as scalar code, many times slower. Start"
              + " java with {0}",
          HostTarget.VECTOR_FLAG);
    }
    int bits = options.vectorBits().orElseGet(HostTarget::vectorBits);
    boolean bytes =
        lowered.nodes().stream()
            .anyMatch(node -> node.op() instanceof Contraction c && c.isOfIntegers());
    return new Target(bits, options.checked(), bytes && hasMachineCode(options));
  }

  /** Whether machine code may compute products of bytes, and runs here. */
  private static boolean hasMachineCode(Options options) {
    return options.engine() == Options.Engine.COMPILED
        && options.machineCode()
        && options.vectorBits().orElse(512) == 512
        && HostTarget.hasByteProducts();
  }

  /**
   * Whether passes may find products of bytes: nothing is prepared for them where there are none.
   */
  private static boolean multipliesBytes(Graph imported, Options options) {
    boolean fast = options.math() == Options.MathMode.FAST;
    return imported.nodes().stream()
        .anyMatch(
            node ->
                node.op() instanceof Contraction product
                    && (product.isOfIntegers()
                        || (fast
                            && isDequantised(imported, node.input(0))
                            && isDequantised(imported, node.input(1)))));
  }

  private static boolean isDequantised(Graph graph, Value value) {
    return graph
        .producer(value)
        .filter(node -> node.op() instanceof Quantization.DequantizeLinear)
        .isPresent();
  }

  /**
   * A tuner for this model's graph and options: it measures kernels, chooses among them, and keeps
   * the choice where later loads find it. Works with any engine of the options; what is tuned is
   * the compiled one. To be used before this is closed.
   *
   * @throws fluidml.error.InvalidInputException if the options use no table of costs
   */
  public Tuner tuner() {
    if (!options.tuning().used()) {
      throw new InvalidInputException("tuning", "the options use no table of costs");
    }
    Target target = target(graph, options);
    return new Tuner(
        graph, target, lowerings(options), options.fuse(), team, options.tuning().file(target));
  }

  /**
   * What the measured costs of this machine say about a run.
   *
   * @param inputs one datum for each input, in order; only the extents matter
   * @return empty if nothing was measured, if the engine is not the compiled one, or if this came
   *     from a compiled file
   */
  public Optional<Prediction> prediction(List<Datum> inputs) {
    return program()
        .filter(_ -> !isSaved())
        .flatMap(
            p ->
                options
                    .tuning()
                    .prediction(
                        p,
                        inputs.toArray(Datum[]::new),
                        lowerings(options),
                        options.fuse(),
                        threads()));
  }

  /**
   * The passes that a model is loaded with, unless {@link Options#optimize} is off.
   *
   * @param imported the model's graph
   */
  public static Pipeline passes(Graph imported, Options options) {
    boolean strict = options.math() == Options.MathMode.STRICT;
    return (strict ? Pipeline.standard() : Pipeline.fast())
        .forThreads(threads(options))
        .forByteProducts(multipliesBytes(imported, options) && hasMachineCode(options));
  }

  private static List<Lowering> lowerings(Options options) {
    return options.math() == Options.MathMode.STRICT ? Lowerings.strict() : Lowerings.all();
  }

  /** What the model takes, in the order of the file. */
  public List<Value> inputs() {
    return imported.inputs();
  }

  /** What the model gives, in the order of the file. */
  public List<Value> outputs() {
    return imported.outputs();
  }

  /** The options this was made with. */
  public Options options() {
    return options;
  }

  /**
   * The graph as imported; of a compiled model only its inputs, outputs, constants and interpreted
   * nodes are left.
   */
  public Graph importedGraph() {
    return imported;
  }

  /** The graph after the passes. */
  public Graph graph() {
    return graph;
  }

  /** The steps, if the engine is compiled. */
  public Optional<LoweredProgram> program() {
    return executable.map(Executable::program);
  }

  /** Code and constants, if the engine is compiled. */
  public Optional<Executable> executable() {
    return executable;
  }

  /** Threads that share a run. */
  public int threads() {
    return team.size();
  }

  /**
   * Opens a session.
   *
   * @throws SessionClosedException if this is closed
   */
  public Session newSession() {
    if (!retain()) {
      throw new SessionClosedException("model");
    }
    try {
      return new Session(this);
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  MemoryReport.ModelMemory memory() {
    return new MemoryReport.ModelMemory(
        mappedBytes.getAsLong(), executable.map(Executable::constantBytes).orElse(0L));
  }

  ThreadTeam team() {
    return team;
  }

  void release() {
    if (owners.decrementAndGet() == 0) {
      team.close();
      executable.ifPresent(Executable::close);
      onClose.run();
    }
  }

  /**
   * Opens no more sessions; memory is freed when the last open session is closed. Closing twice is
   * fine.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }
}
