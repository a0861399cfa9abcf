package fluidml.cli;

import fluidml.Model;
import fluidml.Options;
import fluidml.cli.InspectCommand.Section;
import fluidml.graph.Graph;
import fluidml.graph.GraphPrinter;
import fluidml.pass.PassRecord;
import fluidml.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is shown of graphs and passes. */
final class InspectGraph {
  private record After(PassRecord record, Graph graph) {}

  private final Graph imported;
  private final List<After> history = new ArrayList<>();

  /**
   * Runs the passes.
   *
   * @param options which, if any
   */
  InspectGraph(Graph imported, Options options) {
    this.imported = imported;
    if (options.optimize()) {
      Model.passes(imported, options)
          .observedBy((record, graph) -> history.add(new After(record, graph)))
          .optimise(imported);
    }
  }

  /** The graph before or after all passes, as text. */
  Section graph(InspectCommand.Stage stage) {
    Graph shown =
        stage == InspectCommand.Stage.IMPORTED || history.isEmpty()
            ? imported
            : history.getLast().graph();
    String text = GraphPrinter.print(shown);
    return new Section("graph", text, text);
  }

  /** Names of all passes in order. */
  List<String> passNames() {
    return history.stream().map(a -> a.record().pass()).toList();
  }

  /** One line for each pass. */
  Section passes() {
    Table table = new Table().right("#").left("pass").right("nodes").right("change").right("ms");
    List<Map<String, Object>> json = new ArrayList<>();
    double total = 0;
    for (After after : history) {
      PassRecord record = after.record();
      int change = record.nodesAfter() - record.nodesBefore();
      table.row(
          record.index(),
          record.pass(),
          record.nodesAfter(),
          change != 0 ? "%+d".formatted(change) : record.changed() ? "changed" : "-",
          ModelCommand.millis(record.nanos()));
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("index", record.index());
      fields.put("pass", record.pass());
      fields.put("nodesBefore", record.nodesBefore());
      fields.put("nodesAfter", record.nodesAfter());
      fields.put("changed", record.changed());
      fields.put("ms", record.nanos() / 1e6);
      json.add(fields);
      total += record.nanos();
    }
    int left =
        history.isEmpty() ? imported.nodes().size() : history.getLast().record().nodesAfter();
    String text =
        "%d nodes imported%n%s%d nodes after %s ms%n"
            .formatted(imported.nodes().size(), table.render(), left, ModelCommand.millis(total));
    return new Section("passes", text, json);
  }

  /** The graph after the passes of a name or a number. */
  Optional<Section> dump(String pass) {
    StringBuilder text = new StringBuilder();
    List<Map<String, Object>> json = new ArrayList<>();
    for (After after : history) {
      PassRecord record = after.record();
      if (record.pass().equals(pass) || Integer.toString(record.index()).equals(pass)) {
        String graph = GraphPrinter.print(after.graph());
        text.append("// after pass %d, %s\n".formatted(record.index(), record.pass()));
        text.append(graph);
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("index", record.index());
        fields.put("pass", record.pass());
        fields.put("graph", graph);
        json.add(fields);
      }
    }
    return json.isEmpty()
        ? Optional.empty()
        : Optional.of(new Section("dumpAfter", text.toString(), json));
  }
}
