package fluidml;

import fluidml.emit.jvm.HostTarget;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.error.SessionClosedException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowerer;
import fluidml.lower.Lowering;
import fluidml.lower.Lowerings;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.pass.Pipeline;
import fluidml.vm.Executable;
import fluidml.vm.ThreadTeam;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

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
  private final Optional<OnnxFile> file;
  private final AtomicInteger owners = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();

  private Model(Graph imported, Optional<OnnxFile> file, Options options) {
    this.options = options;
    this.imported = imported;
    this.file = file;
    this.graph = options.optimize() ? Pipeline.standard().run(imported) : imported;
    if (options.engine() == Options.Engine.COMPILED) {
      Target target = target(options);
      boolean strict = options.math() == Options.MathMode.STRICT;
      List<Lowering> lowerings = strict ? Lowerings.strict() : Lowerings.all();
      LoweredProgram program = Lowerer.lower(graph, target, lowerings, options.fuse());
      this.executable =
          Optional.of(
              new Executable(program, new KernelCompiler(target), options.memoryStrategy()));
    } else {
      this.executable = Optional.empty();
    }
    this.team =
        new ThreadTeam(options.threads() == 0 ? ThreadTeam.defaultSize() : options.threads());
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
   * Loads and compiles an ONNX model. Weights stay in the mapped file; what kernels read in another
   * order is packed once.
   *
   * @throws fluidml.error.InvalidModelException if the file is missing, damaged or inconsistent
   * @throws fluidml.error.UnsupportedModelException if it needs an operator or type that is not
   *     supported
   * @throws fluidml.error.MemoryLimitException if there is not enough native memory
   */
  public static Model load(Path path, Options options) {
    if (options.engine() == Options.Engine.COMPILED) {
      KernelCompiler.warmUp();
    }
    OnnxFile file = OnnxFile.open(path);
    try {
      return new Model(OnnxImporter.graph(file), Optional.of(file), options);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Compiles a graph made by {@link fluidml.graph.GraphBuilder}; its constants must outlive the
   * model.
   */
  public static Model of(Graph graph, Options options) {
    return new Model(graph, Optional.empty(), options);
  }

  private static Target target(Options options) {
    if (!HostTarget.hasVectorModule() && WARNED.compareAndSet(false, true)) {
      LOG.log(
          Level.WARNING,
          "The Vector API module is not there: kernels run as scalar code, many times slower. Start"
              + " java with {0}",
          HostTarget.VECTOR_FLAG);
    }
    Target detected = HostTarget.detect();
    Target wanted =
        options.vectorBits().isPresent()
            ? new Target(options.vectorBits().getAsInt(), false)
            : detected;
    return wanted.withChecked(options.checked());
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

  /** The graph as imported. */
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
    if (closed.get() || owners.getAndUpdate(n -> n > 0 ? n + 1 : 0) == 0) {
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
        file.map(OnnxFile::mappedBytes).orElse(0L),
        executable.map(Executable::constantBytes).orElse(0L));
  }

  ThreadTeam team() {
    return team;
  }

  void release() {
    if (owners.decrementAndGet() == 0) {
      team.close();
      executable.ifPresent(Executable::close);
      file.ifPresent(OnnxFile::close);
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
