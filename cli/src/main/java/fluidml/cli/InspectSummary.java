package fluidml.cli;

import fluidml.Model;
import fluidml.cli.InspectCommand.Section;
import fluidml.emit.jvm.CallForm;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.tensor.Tensor;
import fluidml.vm.Executable;
import fluidml.vm.PlannedMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A model on one screen. */
final class InspectSummary {
  private static final int SHOWN_VALUES = 12;

  private InspectSummary() {}

  /**
   * The summary.
   *
   * @param planned memory for {@code given}, if the engine is compiled
   */
  static Section of(
      Path file, Model loaded, InputOptions.Inputs given, Optional<PlannedMemory> planned)
      throws IOException {
    Graph imported = loaded.importedGraph();
    long weights = 0;
    for (Node node : imported.nodes()) {
      for (Value value : node.outputs()) {
        weights += imported.constant(value).map(Tensor::data).map(d -> d.byteSize()).orElse(0L);
      }
    }
    Map<String, Object> json = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    boolean saved = loaded.isSaved();
    text.append(
        "%s: %s, %s%n"
            .formatted(
                file,
                Bytes.format(Files.size(file)),
                saved ? "compiled, weights mapped" : "weights " + Bytes.format(weights)));
    json.put("fileBytes", Files.size(file));
    json.put("compiled", saved);
    if (!saved) {
      json.put("weightBytes", weights);
    }
    text.append("Inputs\n").append(values(imported.inputs()));
    text.append("Outputs\n").append(values(imported.outputs()));
    json.put("inputs", fields(imported.inputs()));
    json.put("outputs", fields(imported.outputs()));
    if (!saved) {
      int before = operators(imported);
      int after = operators(loaded.graph());
      text.append("Graph\n  %d operators imported, %d after the passes%n".formatted(before, after));
      json.put("operatorsImported", before);
      json.put("operators", after);
    }
    if (loaded.program().isPresent()) {
      program(loaded.program().get(), loaded, text, json);
    }
    planned.ifPresent(p -> memory(p, given, text, json));
    return new Section("summary", text.toString(), json);
  }

  private static int operators(Graph graph) {
    int constants = 0;
    for (Node node : graph.nodes()) {
      boolean constant =
          node.outputs().size() == 1 && graph.constant(node.outputs().getFirst()).isPresent();
      constants += constant ? 1 : 0;
    }
    return graph.nodes().size() - constants;
  }

  private static String values(List<Value> values) {
    StringBuilder text = new StringBuilder();
    for (Value value : values.subList(0, Math.min(SHOWN_VALUES, values.size()))) {
      text.append("  %s: %s%n".formatted(value.name(), value.type()));
    }
    if (values.size() > SHOWN_VALUES) {
      text.append("  … and %d more%n".formatted(values.size() - SHOWN_VALUES));
    }
    return text.toString();
  }

  private static List<Map<String, Object>> fields(List<Value> values) {
    List<Map<String, Object>> all = new ArrayList<>();
    for (Value value : values) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("name", value.name());
      fields.put("type", value.type().toString());
      all.add(fields);
    }
    return all;
  }

  /** How products of bytes are computed, if there are any. */
  private static String products(LoweredProgram program, Graph imported) {
    boolean any =
        imported.nodes().stream()
            .anyMatch(node -> node.op() instanceof Contraction c && c.isOfIntegers());
    String slow = any ? ", products of bytes in float32" : "";
    return program.target().byteProducts() ? ", products of bytes by machine code" : slow;
  }

  private static void program(
      LoweredProgram program, Model loaded, StringBuilder text, Map<String, Object> json) {
    Executable code = loaded.executable().orElseThrow();
    boolean saved = loaded.isSaved();
    List<Step> steps = program.steps();
    long calls = steps.stream().filter(Step.Call.class::isInstance).count();
    long fills = steps.stream().filter(Step.Fill.class::isInstance).count();
    int interpreted = program.fallbacks().size();
    int bits = program.target().vectorBits();
    boolean intrinsics = CallForm.of(program.target()) == CallForm.INTRINSICS;
    text.append(
        "Program for %s%s%s%n  %d kernel calls of %d kernels, %d fills, %d steps on the interpreter%n"
            .formatted(
                bits == 0 ? "scalar code" : bits + "-bit vectors",
                intrinsics ? ", by intrinsics" : "",
                products(program, loaded.importedGraph()),
                calls,
                code.kernelCount(),
                fills,
                interpreted));
    if (!saved) {
      text.append("  packed weights %s%n".formatted(Bytes.format(code.packedBytes())));
      json.put("packedBytes", code.packedBytes());
    }
    json.put("vectorBits", bits);
    json.put("intrinsics", intrinsics);
    json.put("byteProducts", program.target().byteProducts());
    json.put("kernelCalls", calls);
    json.put("kernels", code.kernelCount());
    json.put("fills", fills);
    json.put("interpreted", interpreted);
    Map<String, List<String>> reasons = new TreeMap<>();
    for (Step.Interpret step : program.fallbacks()) {
      reasons
          .computeIfAbsent(
              step.node().op().mnemonic() + ": " + step.reason(), _ -> new ArrayList<>())
          .add(step.node().name());
    }
    List<Map<String, Object>> fallbacks = new ArrayList<>();
    reasons.forEach(
        (reason, nodes) -> {
          text.append(
              "  on the interpreter, %d × %s (%s%s)%n"
                  .formatted(
                      nodes.size(), reason, nodes.getFirst(), nodes.size() > 1 ? ", …" : ""));
          Map<String, Object> fields = new LinkedHashMap<>();
          fields.put("reason", reason);
          fields.put("nodes", nodes);
          fallbacks.add(fields);
        });
    json.put("fallbacks", fallbacks);
  }

  private static void memory(
      PlannedMemory planned,
      InputOptions.Inputs given,
      StringBuilder text,
      Map<String, Object> json) {
    long noReuse = Planners.noReuse().plan(planned.problem()).arenaBytes();
    text.append("Memory for\n");
    given.list().stream().limit(SHOWN_VALUES).forEach(i -> text.append(Summary.input(i)));
    text.append(
        "  arena %s, lower bound %s, without reuse %s, scratch %s%n"
            .formatted(
                Bytes.format(planned.plan().arenaBytes()),
                Bytes.format(planned.problem().lowerBound()),
                Bytes.format(noReuse),
                Bytes.format(planned.scratchBytes())));
    json.put("memoryInputs", given.list().stream().map(Summary::inputFields).toList());
    json.put("arenaBytes", planned.plan().arenaBytes());
    json.put("lowerBoundBytes", planned.problem().lowerBound());
    json.put("noReuseBytes", noReuse);
    json.put("scratchBytes", planned.scratchBytes());
  }
}
