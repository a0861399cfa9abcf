package fluidml.cli;

import fluidml.Model;
import fluidml.Session;
import fluidml.file.AtomicFile;
import fluidml.memory.MemoryTables;
import fluidml.report.Bytes;
import fluidml.report.Table;
import fluidml.vm.PlannedMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows where a model's tensors lie in memory, when, and why. */
@Command(
    name = "plan",
    description = {
      "Shows the memory of a model for given extents: what lies where and when, what makes the"
          + " peak,",
      "what each means of lowering it brings, and every planner beside the others.",
      "",
      "With --html the memory map as a page that needs no network."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class PlanCommand extends ModelCommand {
  @Mixin InputOptions inputs = new InputOptions();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write the memory map, the tables and the planners to a page.")
  Path html;

  @Option(
      names = "--tables",
      description = "Print the allocation table of every step and the memory plan table.")
  boolean tables;

  @Override
  int execute() throws IOException {
    Path file = modelFile();
    try (Model loaded = Model.load(file, options())) {
      if (loaded.program().isEmpty()) {
        throw usage("only the compiled engine has a memory plan");
      }
      InputOptions.Inputs given = inputs.resolve(loaded.importedGraph());
      try (Session session = loaded.newSession()) {
        InspectCommand.prepare(session, given);
        PlannedMemory planned = session.memoryPlan().orElseThrow();
        PlanReport report =
            PlanReport.of(file, loaded, given, planned, session.memoryAlternatives());
        show(report, planned, session);
      }
    }
    return ExitCode.OK;
  }

  private void show(PlanReport report, PlannedMemory planned, Session session) throws IOException {
    Map<String, Object> json = report.json();
    json.put("memory", session.memory());
    if (html != null) {
      String page = PlanPage.of(compactJson(json));
      AtomicFile.write(html, path -> Files.writeString(path, page));
    }
    if (common.json) {
      printJson(json);
      return;
    }
    out().print(text(report, planned));
    if (tables) {
      MemoryTables both = MemoryTables.of(planned.problem(), planned.plan());
      out().println();
      out().print(both.allocationText());
      out().println();
      out().print(both.planText());
    }
    if (html != null) {
      out().println("\nwritten: " + html);
    }
    out().flush();
  }

  private static String text(PlanReport report, PlannedMemory planned) {
    StringBuilder text = new StringBuilder();
    Table means = new Table().left("what is done").right("arena at least").right("of the first");
    List<PlanReport.Stage> stages = report.stages();
    for (PlanReport.Stage stage : stages) {
      means.row(
          stage.name(),
          Bytes.format(stage.bytes()),
          percent(stage.bytes(), stages.getFirst().bytes()));
    }
    text.append(means.render()).append('\n');
    Table planners =
        new Table().left("planner").right("arena").right("of the bound").right("time").left("");
    for (PlanReport.Planned plan : report.planners()) {
      planners.row(
          plan.name(),
          Bytes.format(plan.plan().arenaBytes()),
          String.format(Locale.ROOT, "%.4f", plan.plan().ratio(planned.problem())),
          millis(plan.nanos()) + " ms",
          plan.plan().arenaBytes() <= planned.problem().lowerBound() ? "optimal" : "");
    }
    text.append(planners.render()).append('\n');
    Table peak =
        new Table()
            .left("live at the peak, step " + report.peakLabel())
            .right("bytes")
            .left("type");
    for (PlanReport.Live live : report.peak()) {
      peak.row(live.name(), live.bytes(), live.type());
    }
    return text.append(peak.render()).toString();
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "" : String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
  }
}
