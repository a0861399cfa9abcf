package fluidml.cli;

import fluidml.Model;
import fluidml.lower.Step;
import fluidml.memory.ExactPlanner;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryPlanner;
import fluidml.memory.MemoryProblem;
import fluidml.memory.PlanValidator;
import fluidml.memory.Planners;
import fluidml.reference.Datum;
import fluidml.report.GraphMemory;
import fluidml.vm.PlannedMemory;
import fluidml.vm.PlannedMemory.Tenant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What is shown of a memory plan.
 *
 * @param stages what each means of lowering the need brings, from nothing to what is done
 * @param planners every planner on the final problem
 * @param peak what is live at the peak, largest first
 * @param peakLabel the step at the peak
 * @param json all of it
 */
record PlanReport(
    List<Stage> stages,
    List<Planned> planners,
    List<Live> peak,
    String peakLabel,
    Map<String, Object> json) {
  /** How long the exact planner may search. */
  private static final Duration EXACT_TIME = Duration.ofSeconds(5);

  /**
   * The need for memory after one more thing was done about it.
   *
   * @param bytes lower bound of the arena
   */
  record Stage(String name, long bytes) {}

  /** A planner's plan and how long it took. */
  record Planned(String name, MemoryPlan plan, long nanos) {}

  /** A buffer that is live at the peak. */
  record Live(String name, long bytes, String type) {}

  static PlanReport of(
      Path file,
      Model model,
      InputOptions.Inputs given,
      PlannedMemory planned,
      List<PlannedMemory.Alternative> alternatives) {
    MemoryProblem problem = planned.problem();
    List<Stage> stages = new ArrayList<>();
    if (!model.isSaved()) {
      MemoryProblem graph = GraphMemory.of(model.importedGraph(), extents(given)).problem();
      stages.add(new Stage("a buffer for every tensor of the model", graph.totalBytes()));
      stages.add(new Stage("the model's tensors, reuse in its order", graph.lowerBound()));
    }
    alternatives.stream()
        .limit(1)
        .forEach(a -> stages.add(new Stage("fused steps, no reuse", a.problem().totalBytes())));
    alternatives.forEach(a -> stages.add(new Stage(a.name(), a.problem().lowerBound())));
    List<Planned> planners = plan(problem);
    List<Step> steps = model.program().orElseThrow().steps();
    int step = problem.peakStep();
    List<Live> peak =
        IntStream.range(0, problem.count())
            .filter(i -> problem.lower(i) <= step && step < problem.upper(i))
            .filter(i -> problem.bytes(i) > 0)
            .boxed()
            .sorted(Comparator.comparingLong((Integer i) -> -problem.bytes(i)))
            .map(i -> live(planned, i, step))
            .toList();
    String label =
        step >= 1 && step <= steps.size()
            ? step + " (" + steps.get(planned.order()[step - 1]).label() + ")"
            : String.valueOf(step);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model", file.toString());
    json.put("inputs", given.list().stream().map(Summary::inputFields).toList());
    json.put("planner", planned.plan().planner());
    json.put("arenaBytes", planned.plan().arenaBytes());
    json.put("lowerBoundBytes", problem.lowerBound());
    json.put("maxLiveBytes", problem.maxLiveBytes());
    json.put("peakStep", step);
    json.put("peakLabel", label);
    json.put("stages", stages);
    json.put("steps", steps(steps, planned));
    json.put("buffers", buffers(planned, steps));
    json.put("planners", planners.stream().map(p -> fields(p, problem)).toList());
    return new PlanReport(stages, planners, peak, label, json);
  }

  private static Map<String, long[]> extents(InputOptions.Inputs given) {
    Map<String, long[]> extents = new LinkedHashMap<>();
    for (InputOptions.Input input : given.list()) {
      if (input.datum() instanceof Datum.TensorDatum(var tensor)) {
        extents.put(input.declared().name(), tensor.dims());
      }
    }
    return extents;
  }

  private static Live live(PlannedMemory planned, int buffer, int time) {
    for (Tenant tenant : planned.tenants().get(buffer).reversed()) {
      if (tenant.lower() <= time) {
        return new Live(tenant.name(), planned.problem().bytes(buffer), tenant.type());
      }
    }
    String id = planned.problem().id(buffer);
    return new Live(id.substring(id.indexOf(':') + 1), planned.problem().bytes(buffer), "bytes");
  }

  private static List<Planned> plan(MemoryProblem problem) {
    List<Planned> plans = new ArrayList<>();
    for (MemoryPlanner planner : Planners.all()) {
      MemoryPlanner limited =
          planner instanceof ExactPlanner
              ? Planners.exact(ExactPlanner.Limits.of(EXACT_TIME))
              : planner;
      long begin = System.nanoTime();
      MemoryPlan plan = limited.plan(problem);
      long nanos = System.nanoTime() - begin;
      plans.add(new Planned(planner.name(), PlanValidator.check(problem, plan), nanos));
    }
    return plans;
  }

  private static List<Map<String, Object>> steps(List<Step> steps, PlannedMemory planned) {
    List<Map<String, Object>> rows = new ArrayList<>();
    int[] order = planned.order();
    for (int place = 0; place < order.length; place++) {
      Step step = steps.get(order[place]);
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("time", place + 1);
      row.put("step", order[place]);
      row.put("label", step.label());
      row.put("node", step.nodes().isEmpty() ? "" : step.nodes().getFirst().name());
      rows.add(row);
    }
    return rows;
  }

  private static List<Map<String, Object>> buffers(PlannedMemory planned, List<Step> steps) {
    List<Map<String, Object>> rows = new ArrayList<>();
    MemoryProblem problem = planned.problem();
    for (int i = 0; i < problem.count(); i++) {
      Map<String, Object> row = new LinkedHashMap<>();
      String id = problem.id(i);
      row.put("name", id.substring(id.indexOf(':') + 1));
      row.put("lower", problem.lower(i));
      row.put("upper", problem.upper(i));
      row.put("bytes", problem.bytes(i));
      List<Map<String, Object>> tenants = new ArrayList<>();
      for (Tenant tenant : planned.tenants().get(i)) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", tenant.name());
        fields.put("type", tenant.type());
        fields.put("role", tenant.role().name().toLowerCase(java.util.Locale.ROOT));
        fields.put("producer", tenant.producer() < 0 ? "" : steps.get(tenant.producer()).label());
        fields.put("lower", tenant.lower());
        fields.put("upper", tenant.upper());
        fields.put("direct", tenant.direct());
        tenants.add(fields);
      }
      row.put("tenants", tenants);
      rows.add(row);
    }
    return rows;
  }

  private static Map<String, Object> fields(Planned planned, MemoryProblem problem) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("name", planned.name());
    row.put("arenaBytes", planned.plan().arenaBytes());
    row.put("ratio", planned.plan().ratio(problem));
    row.put("ms", planned.nanos() / 1e6);
    row.put("optimal", planned.plan().arenaBytes() <= problem.lowerBound());
    row.put("offsets", planned.plan().offsets());
    return row;
  }
}
