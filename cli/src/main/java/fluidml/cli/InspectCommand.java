package fluidml.cli;

import fluidml.Model;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.onnx.OnnxFile;
import fluidml.onnx.OnnxImporter;
import fluidml.reference.Datum;
import fluidml.saved.SavedModel;
import fluidml.tensor.Tensor;
import fluidml.vm.PlannedMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Shows what becomes of a model. */
@Command(
    name = "inspect",
    description = {
      "Shows what becomes of a model: graph, passes, kernels, steps, memory.",
      "",
      "Without an option that names a part, a summary. The parts can be combined."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class InspectCommand extends ModelCommand {
  /** Which graph is printed. */
  enum Stage {
    IMPORTED,
    OPTIMIZED
  }

  /**
   * One part of the answer.
   *
   * @param key its field in JSON
   */
  record Section(String key, String text, Object json) {}

  /** Lets {@code --graph} stand without a value before other arguments. */
  static final class StagePreprocessor implements IParameterPreprocessor {
    @Override
    public boolean preprocess(
        Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
      boolean given =
          !args.isEmpty()
              && (args.peek().equalsIgnoreCase(Stage.IMPORTED.name())
                  || args.peek().equalsIgnoreCase(Stage.OPTIMIZED.name()));
      if (!given) {
        args.push(Stage.OPTIMIZED.name());
      }
      return false;
    }
  }

  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--graph",
      paramLabel = "STAGE",
      arity = "0..1",
      fallbackValue = "optimized",
      preprocessor = StagePreprocessor.class,
      description = "The graph as text: imported or optimized (without a value: optimized).")
  Stage graph;

  @Option(names = "--passes", description = "What every pass changed, and its time.")
  boolean passes;

  @Option(
      names = "--dump-after",
      paramLabel = "PASS",
      description = "The graph after every pass of that name, or after the pass of that number.")
  String dumpAfter;

  @Option(names = "--kernels", description = "Distinct kernels with fingerprint, uses and nodes.")
  boolean kernels;

  @Option(
      names = "--kernel",
      paramLabel = "K",
      description =
          "The loop nest of a kernel: its number in --kernels, its name, or the start of its"
              + " fingerprint.")
  String kernel;

  @Option(names = "--steps", description = "What runs, in order.")
  boolean steps;

  @Option(
      names = "--memory",
      description = "The memory plan for the given inputs: offsets, lifespans, lower bound.")
  boolean memory;

  @Override
  int execute() throws IOException {
    Path file = modelFile();
    List<Section> sections = new ArrayList<>();
    boolean program = kernels || kernel != null || steps || memory;
    boolean graphs = graph != null || passes || dumpAfter != null;
    if (SavedModel.isSaved(file) && (graphs || kernel != null)) {
      throw usage(
          file
              + " is compiled: it has neither graph nor loop nests, only the code made"
              + " of them; inspect the ONNX model it was compiled from");
    }
    if (graphs) {
      try (OnnxFile onnx = OnnxFile.open(file)) {
        sections.addAll(graphSections(OnnxImporter.graph(onnx)));
      }
    }
    if (program || !graphs) {
      try (Model loaded = Model.load(file, options())) {
        if (program && loaded.program().isEmpty()) {
          throw usage("only the compiled engine has kernels, steps and a memory plan");
        }
        sections.addAll(programSections(file, loaded, program));
      }
    }
    if (common.json) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("model", file.toString());
      sections.forEach(s -> json.put(s.key(), s.json()));
      printJson(json);
    } else {
      out().print(String.join("\n", sections.stream().map(Section::text).toList()));
      out().flush();
    }
    return ExitCode.OK;
  }

  private List<Section> graphSections(Graph imported) {
    List<Section> sections = new ArrayList<>();
    InspectGraph parts = new InspectGraph(imported, common.options());
    if (graph != null) {
      sections.add(parts.graph(graph));
    }
    if (passes) {
      sections.add(parts.passes());
    }
    if (dumpAfter != null) {
      sections.add(
          parts
              .dump(dumpAfter)
              .orElseThrow(
                  () ->
                      usage(
                          "--dump-after: no pass '"
                              + dumpAfter
                              + "'; they are "
                              + parts.passNames())));
    }
    return sections;
  }

  private List<Section> programSections(Path file, Model loaded, boolean parts) throws IOException {
    List<Section> sections = new ArrayList<>();
    Optional<PlannedMemory> planned = Optional.empty();
    InputOptions.Inputs given = new InputOptions.Inputs(List.of(), Map.of());
    if ((memory || !parts) && loaded.program().isPresent()) {
      given = inputs.resolve(loaded.importedGraph());
      planned = plan(loaded, given);
    }
    if (!parts) {
      sections.add(InspectSummary.of(file, loaded, given, planned));
    }
    if (kernels || kernel != null) {
      InspectKernels all = new InspectKernels(loaded.program().orElseThrow());
      if (kernels) {
        sections.add(all.list());
      }
      if (kernel != null) {
        sections.add(
            all.one(kernel)
                .orElseThrow(
                    () ->
                        usage(
                            "--kernel: '"
                                + kernel
                                + "' is no kernel's number, name or start of a"
                                + " fingerprint; --kernels lists them")));
      }
    }
    if (steps) {
      sections.add(InspectKernels.steps(loaded.program().orElseThrow()));
    }
    if (memory) {
      sections.add(InspectMemory.of(planned.orElseThrow()));
    }
    return sections;
  }

  /** The memory plan for these inputs. */
  private static Optional<PlannedMemory> plan(Model loaded, InputOptions.Inputs given) {
    try (Session session = loaded.newSession()) {
      prepare(session, given);
      return session.memoryPlan();
    }
  }

  /** Plans for these inputs; what is no tensor is only known by a run. */
  static void prepare(Session session, InputOptions.Inputs given) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (InputOptions.Input input : given.list()) {
      if (input.datum() instanceof Datum.TensorDatum(Tensor tensor)) {
        tensors.put(input.declared().name(), tensor);
      }
    }
    if (tensors.size() == given.list().size()) {
      session.prepare(tensors);
    } else {
      session.runData(given.data());
    }
  }
}
