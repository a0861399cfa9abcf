package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.layout.CostMatrix;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.loop.Buffer;
import fluidml.lower.Argument;
import fluidml.lower.Decisions;
import fluidml.lower.Decisions.Tiling;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The measured programs of one graph as a {@link LayoutProblem}: an operator for each group of
 * steps that compute the same nodes, a variant for each way in which it was measured, and two
 * layouts for each value that lies differently in some of them. No kernel converts a value from one
 * to the other, so neighbours must agree.
 */
final class Alternatives {
  /** A variant must be faster than the default by this part of its time, or it is noise. */
  private static final double MARGIN = 0.03;

  /** A program with the seconds of each of its steps. */
  record Timed(Variation variation, LoweredProgram program, double[] seconds) {}

  private final List<Timed> timed;
  private final Timed usual;
  private final List<Group> groups = new ArrayList<>();
  private final Map<Node, Integer> groupOf = new HashMap<>();
  private final Map<Value, Integer> valueIndex = new LinkedHashMap<>();
  private final List<LayoutProblem.Value> values = new ArrayList<>();
  private final Set<Value> varied = new HashSet<>();
  private final List<List<Variation>> variants = new ArrayList<>();
  private final LayoutProblem problem;
  private int existing;

  /** Steps that compute the same nodes, with the values they touch. */
  private static final class Group {
    final String name;
    final Set<Node> nodes = new LinkedHashSet<>();
    final Set<Value> reads = new LinkedHashSet<>();
    final Set<Value> writes = new LinkedHashSet<>();

    Group(String name) {
      this.name = name;
    }
  }

  /**
   * Builds the problem.
   *
   * @param timed the default first
   */
  Alternatives(List<Timed> timed) {
    this.timed = timed;
    this.usual = timed.getFirst();
    Timed base = timed.stream().filter(t -> t.variation.layouts()).findFirst().orElse(usual);
    group(base.program);
    for (Timed one : timed) {
      findVaried(base.program, one.program);
    }
    List<LayoutProblem.Operator> operators = new ArrayList<>();
    Set<Value> computed = new HashSet<>();
    for (int g = 0; g < groups.size(); g++) {
      operators.add(operator(g, computed));
    }
    this.problem = new LayoutProblem(values, operators);
  }

  private void group(LoweredProgram program) {
    for (Step step : program.steps()) {
      Node first = step.nodes().getFirst();
      Integer known = groupOf.get(first);
      if (known == null) {
        known = groups.size();
        groups.add(new Group(step.label()));
      }
      Group group = groups.get(known);
      for (Node node : step.nodes()) {
        groupOf.putIfAbsent(node, known);
        group.nodes.add(node);
      }
      touch(program, step, group);
    }
  }

  private static void touch(LoweredProgram program, Step step, Group group) {
    Graph graph = program.graph();
    if (step instanceof Step.Call(KernelCall call)) {
      List<Buffer> buffers = call.kernel().frameBuffers();
      for (int i = 0; i < buffers.size(); i++) {
        if (call.arguments().get(i) instanceof Argument.Memory(Value root, var _)
            && graph.constant(root).isEmpty()) {
          (buffers.get(i).access() == Buffer.Access.READ ? group.reads : group.writes).add(root);
        }
      }
      return;
    }
    Storage storage = program.storage();
    for (Node node : step.nodes()) {
      node.inputs().stream()
          .filter(v -> v.isPresent() && storage.isPlannable(v) && graph.constant(v).isEmpty())
          .forEach(v -> group.reads.add(storage.view(v).root()));
      node.outputs().stream()
          .filter(v -> v.isPresent() && storage.isPlannable(v))
          .forEach(v -> group.writes.add(storage.view(v).root()));
    }
  }

  private void findVaried(LoweredProgram base, LoweredProgram other) {
    for (Node node : base.graph().nodes()) {
      for (Value value : node.outputs()) {
        boolean both =
            value.isPresent()
                && base.storage().isPlannable(value)
                && base.storage().view(value).root().equals(value)
                && other.storage().view(value).root().equals(value);
        if (both && !base.storage().view(value).equals(other.storage().view(value))) {
          varied.add(value);
        }
      }
    }
  }

  private int value(Value value) {
    return valueIndex.computeIfAbsent(
        value,
        v -> {
          List<String> layouts =
              varied.contains(v) ? List.of("default", "row-major") : List.of("default");
          CostMatrix never = CostMatrix.uniform(layouts.size(), Double.POSITIVE_INFINITY);
          values.add(LayoutProblem.Value.free(v.name(), layouts, never));
          return values.size() - 1;
        });
  }

  private LayoutProblem.Operator operator(int number, Set<Value> computed) {
    Group group = groups.get(number);
    List<Value> outputs = group.writes.stream().filter(computed::add).toList();
    List<Value> inputs = new ArrayList<>(group.reads);
    group.writes.stream().filter(v -> !outputs.contains(v)).forEach(inputs::add);
    inputs.removeAll(outputs);
    boolean touchesVaried =
        inputs.stream().anyMatch(varied::contains) || outputs.stream().anyMatch(varied::contains);
    double usualSeconds = seconds(usual, number);
    List<LayoutProblem.Variant> ways = new ArrayList<>();
    List<Variation> sources = new ArrayList<>();
    for (Timed one : timed) {
      double seconds = seconds(one, number);
      boolean layouts = one.variation.layouts();
      boolean other = layouts ? touchesVaried : applies(one.variation, group);
      existing += other ? 1 : 0;
      boolean better = seconds < usualSeconds * (1 - MARGIN);
      if (one.equals(usual) || (layouts && other) || (!layouts && other && better)) {
        ways.add(
            new LayoutProblem.Variant(
                one.variation.name().replace(' ', '-'),
                seconds,
                layouts(inputs, layouts),
                layouts(outputs, layouts)));
        sources.add(one.variation);
      }
    }
    variants.add(sources);
    return new LayoutProblem.Operator(
        number + ":" + group.name,
        inputs.stream().map(this::value).toList(),
        outputs.stream().map(this::value).toList(),
        ways);
  }

  private List<Integer> layouts(List<Value> touched, boolean rowMajor) {
    return touched.stream().map(v -> rowMajor && varied.contains(v) ? 1 : 0).toList();
  }

  private static boolean applies(Variation variation, Group group) {
    return group.nodes.stream()
        .anyMatch(
            n ->
                variation.decisions().tiles().containsKey(n.name())
                    || variation.decisions().direct().contains(n.name()));
  }

  /** Seconds of all steps of a program that compute the nodes of a group. */
  private double seconds(Timed one, int group) {
    double sum = 0;
    List<Step> steps = one.program.steps();
    for (int i = 0; i < steps.size(); i++) {
      if (groupOf.getOrDefault(steps.get(i).nodes().getFirst(), -1) == group) {
        sum += one.seconds[i];
      }
    }
    return sum;
  }

  LayoutProblem problem() {
    return problem;
  }

  /** Variants measured besides the default, before those that gain nothing were left out. */
  int existing() {
    return existing;
  }

  /** What a solution means for the lowering. */
  Decisions decisions(LayoutSolution solution) {
    Map<String, Tiling> tiles = new HashMap<>();
    Map<String, List<Integer>> orders = new HashMap<>();
    Set<String> direct = new HashSet<>();
    for (int g = 0; g < groups.size(); g++) {
      Decisions chosen = variants.get(g).get(solution.variants().get(g)).decisions();
      for (Node node : groups.get(g).nodes) {
        Tiling tiling = chosen.tiles().get(node.name());
        if (tiling != null) {
          tiles.put(node.name(), tiling);
        }
        if (chosen.direct().contains(node.name())) {
          direct.add(node.name());
        }
      }
    }
    valueIndex.forEach(
        (value, index) -> {
          if (solution.layouts().get(index) == 1) {
            orders.put(value.name(), IntStream.range(0, value.shape().rank()).boxed().toList());
          }
        });
    return new Decisions(tiles, orders, direct);
  }
}
