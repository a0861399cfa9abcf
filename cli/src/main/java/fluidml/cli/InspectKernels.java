package fluidml.cli;

import fluidml.cli.InspectCommand.Section;
import fluidml.graph.Node;
import fluidml.loop.Kernel;
import fluidml.loop.Printer;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What is shown of kernels and steps. */
final class InspectKernels {
  private static final int SHOWN_NODES = 3;
  private static final int SHORT = 12;

  private record Entry(String fingerprint, Kernel kernel, List<KernelCall> calls) {}

  private final List<Entry> entries;

  /** Collects the distinct kernels in the order of their first use. */
  InspectKernels(LoweredProgram program) {
    Map<String, Entry> byFingerprint = new LinkedHashMap<>();
    for (Step step : program.steps()) {
      if (step instanceof Step.Call(KernelCall call)) {
        byFingerprint
            .computeIfAbsent(
                call.kernel().fingerprint(), f -> new Entry(f, call.kernel(), new ArrayList<>()))
            .calls
            .add(call);
      }
    }
    this.entries = List.copyOf(byFingerprint.values());
  }

  /** One line for each kernel. */
  Section list() {
    Table table =
        new Table()
            .right("#")
            .left("kernel")
            .left("fingerprint")
            .right("uses")
            .left("computes")
            .left("nodes");
    List<Map<String, Object>> json = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      TreeSet<String> labels = new TreeSet<>();
      List<String> nodes = new ArrayList<>();
      for (KernelCall call : entry.calls) {
        labels.add(call.label());
        call.nodes().stream().map(Node::name).distinct().forEach(nodes::add);
      }
      table.row(
          i,
          entry.kernel.name(),
          entry.fingerprint.substring(0, SHORT),
          entry.calls.size(),
          String.join(" | ", labels),
          some(nodes));
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("index", i);
      fields.put("name", entry.kernel.name());
      fields.put("fingerprint", entry.fingerprint);
      fields.put("uses", entry.calls.size());
      fields.put("labels", labels);
      fields.put("nodes", nodes);
      json.add(fields);
    }
    return new Section("kernels", table.render(), json);
  }

  private static String some(List<String> names) {
    String first = String.join(", ", names.subList(0, Math.min(SHOWN_NODES, names.size())));
    return names.size() > SHOWN_NODES ? first + ", … (" + names.size() + " in all)" : first;
  }

  /** The loop nests of kernels by number, name or start of the fingerprint. */
  Optional<Section> one(String wanted) {
    List<Entry> found = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      if (Integer.toString(i).equals(wanted) || entries.get(i).fingerprint.equals(wanted)) {
        found = List.of(entries.get(i));
        break;
      }
      if (entries.get(i).kernel.name().equals(wanted)) {
        found.add(entries.get(i));
      }
    }
    if (found.isEmpty() && wanted.matches("[0-9a-f]{4,64}")) {
      found = entries.stream().filter(e -> e.fingerprint.startsWith(wanted)).toList();
    }
    if (found.isEmpty()) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder();
    List<Map<String, Object>> json = new ArrayList<>();
    for (Entry entry : found) {
      String nest = Printer.print(entry.kernel);
      text.append("// fingerprint ").append(entry.fingerprint).append('\n').append(nest);
      text.append(nest.endsWith("\n") ? "" : "\n");
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("name", entry.kernel.name());
      fields.put("fingerprint", entry.fingerprint);
      fields.put("text", nest);
      json.add(fields);
    }
    return Optional.of(new Section("kernel", text.toString(), json));
  }

  /** One line for each step. */
  static Section steps(LoweredProgram program) {
    Table table = new Table().right("#").left("step").left("computes").left("by").left("nodes");
    List<Map<String, Object>> json = new ArrayList<>();
    for (int i = 0; i < program.steps().size(); i++) {
      Step step = program.steps().get(i);
      List<String> nodes = step.nodes().stream().map(Node::name).distinct().toList();
      String kind =
          switch (step) {
            case Step.Call _ -> "kernel";
            case Step.Interpret _ -> "interpreter";
            case Step.Fill _ -> "fill";
          };
      String by =
          switch (step) {
            case Step.Call(KernelCall call) ->
                call.kernel().name() + " " + call.kernel().fingerprint().substring(0, SHORT);
            case Step.Interpret interpret -> interpret.reason();
            case Step.Fill fill -> fill.elements().toString();
          };
      table.row(i, kind, step.label(), by, some(nodes));
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("index", i);
      fields.put("kind", kind);
      fields.put("label", step.label());
      switch (step) {
        case Step.Call(KernelCall call) -> {
          fields.put("kernel", call.kernel().name());
          fields.put("fingerprint", call.kernel().fingerprint());
          fields.put("sizes", call.sizes().stream().map(Object::toString).toList());
        }
        case Step.Interpret interpret -> fields.put("reason", interpret.reason());
        case Step.Fill fill ->
            fields.put("elements", fill.elements().stream().map(Object::toString).toList());
      }
      fields.put("nodes", nodes);
      json.add(fields);
    }
    return new Section("steps", table.render(), json);
  }
}
