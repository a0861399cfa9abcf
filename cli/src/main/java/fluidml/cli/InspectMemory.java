package fluidml.cli;

import fluidml.cli.InspectCommand.Section;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;
import fluidml.memory.MemoryTables;
import fluidml.memory.Planners;
import fluidml.report.Bytes;
import fluidml.report.Table;
import fluidml.vm.PlannedMemory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What is shown of a memory plan. */
final class InspectMemory {
  private InspectMemory() {}

  /** The plan, its bound, its baseline. */
  static Section of(PlannedMemory planned) {
    MemoryProblem problem = planned.problem();
    MemoryPlan plan = planned.plan();
    MemoryTables tables = MemoryTables.of(problem, plan);
    long noReuse = Planners.noReuse().plan(problem).arenaBytes();
    Table table =
        new Table().left("buffer").right("from step").right("to").right("offset").right("bytes");
    List<Map<String, Object>> buffers = new ArrayList<>();
    for (MemoryTables.Entry entry : tables.plan()) {
      table.row(entry.buffer(), entry.lower(), entry.upper(), entry.offset(), entry.bytes());
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("buffer", entry.buffer());
      fields.put("lower", entry.lower());
      fields.put("upper", entry.upper());
      fields.put("offset", entry.offset());
      fields.put("bytes", entry.bytes());
      buffers.add(fields);
    }
    Table totals = new Table().left("").right("");
    totals.row("arena, planned by " + plan.planner(), Bytes.format(plan.arenaBytes()));
    totals.row("lower bound", Bytes.format(problem.lowerBound()));
    totals.row("arena / lower bound", String.format(Locale.ROOT, "%.4f", plan.ratio(problem)));
    totals.row(
        "most live bytes, at step " + problem.peakStep(), Bytes.format(problem.maxLiveBytes()));
    totals.row("without reuse", Bytes.format(noReuse));
    totals.row("scratch of all threads", Bytes.format(planned.scratchBytes()));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("planner", plan.planner());
    json.put("arenaBytes", plan.arenaBytes());
    json.put("lowerBoundBytes", problem.lowerBound());
    json.put("ratio", plan.ratio(problem));
    json.put("maxLiveBytes", problem.maxLiveBytes());
    json.put("peakStep", problem.peakStep());
    json.put("noReuseBytes", noReuse);
    json.put("scratchBytes", planned.scratchBytes());
    json.put("buffers", buffers);
    return new Section("memory", table.render() + totals.render(), json);
  }
}
