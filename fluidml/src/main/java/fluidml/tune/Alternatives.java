package fluidml.tune;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.layout.CostMatrix;
import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Storage;
import fluidml.lower.View;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * The measured programs of one graph as a {@link LayoutProblem}: an operator for each group of
 * steps that compute the same nodes, a variant for each way in which it was measured, and a layout
 * for each place in which a value was seen.
 *
 * <p>A kernel reads and writes any layout, so that a conversion is part of the kernel that needs
 * it: where that was measured it is a variant of its own, else a conversion costs what copying the
 * value would, by a careful estimate.
 */
final class Alternatives {
  /**
   * A variant must be faster than the default by this part of its time, and by {@link #SURE}
   * standard errors of it, or it is noise: the best of many variants is the luckiest one, too.
   */
  private static final double MARGIN = 0.03;

  private static final double SURE = 2;

  /**
   * By this part of the whole run all equal operators together must be faster than by default:
   * every other kernel is one more for the JIT to compile.
   */
  private static final double WORTH = 0.001;

  /** Bytes per second of a conversion that was not measured. */
  private static final double CONVERSION = 2e9;

  private final List<Timed> timed;
  private final Timed usual;
  private final boolean layouts;
  private final ToLongFunction<Dim> extents;
  private final Groups groups;
  private final Map<Value, List<List<Integer>>> places = new HashMap<>();
  private final Map<Value, Integer> valueIndex = new LinkedHashMap<>();
  private final List<LayoutProblem.Value> values = new ArrayList<>();
  private final List<List<Way>> chosenWays = new ArrayList<>();
  private final Map<String, Map<Way, WayCost>> wayCosts = new HashMap<>();
  private final String[] signatures;
  private final int[] equal;
  private final double usualTotal;
  private final LayoutProblem problem;

  /** What a way costs, and the standard error of that, in seconds. */
  private record WayCost(double seconds, double error) {
    WayCost less(WayCost other) {
      return other.seconds < seconds ? other : this;
    }
  }

  /**
   * Builds the problem.
   *
   * @param timed the default first
   * @param layouts whether layouts are to be chosen
   * @param ways whether tiles, loop orders and algorithms are to be chosen
   * @param extents the number behind a dim
   */
  Alternatives(List<Timed> timed, boolean layouts, boolean ways, ToLongFunction<Dim> extents) {
    this.timed = timed;
    this.layouts = layouts;
    this.extents = extents;
    this.usual = timed.getFirst();
    LoweredProgram finest =
        timed.stream()
            .map(Timed::program)
            .max(Comparator.comparingInt(p -> p.steps().size()))
            .orElseThrow();
    this.groups = new Groups(finest);
    this.signatures = Timed.signatures(usual.program(), usual.keys(), groups);
    this.usualTotal = usual.total();
    this.equal =
        Arrays.stream(signatures)
            .mapToInt(s -> (int) Arrays.stream(signatures).filter(s::equals).count())
            .toArray();
    List<double[]> seconds = timed.stream().map(t -> t.perGroup(groups)).toList();
    if (layouts) {
      findPlaces();
    }
    if (ways) {
      findWays(seconds);
    }
    List<LayoutProblem.Operator> operators = new ArrayList<>();
    for (int g = 0; g < groups.all().size(); g++) {
      operators.add(operator(g, seconds));
    }
    this.problem = new LayoutProblem(values, operators);
  }

  /** Where the values that own buffers lie in the programs, the default's place first. */
  private void findPlaces() {
    for (Timed one : timed) {
      for (Groups.Group group : groups.all()) {
        for (Value value : group.outputs()) {
          place(one, value)
              .ifPresent(
                  order -> {
                    List<List<Integer>> seen =
                        places.computeIfAbsent(value, _ -> new ArrayList<>());
                    if (!seen.contains(order)) {
                      seen.add(order);
                    }
                  });
        }
      }
    }
    places.values().removeIf(seen -> seen.size() < 2);
  }

  private Optional<List<Integer>> place(Timed one, Value value) {
    Storage storage = one.program().storage();
    Storage first = usual.program().storage();
    boolean owned =
        usual.program().graph().producer(value).isPresent()
            && storage.isPlannable(value)
            && storage.view(value).root().equals(value)
            && first.view(value).root().equals(value);
    return owned ? storage.view(value).order() : Optional.empty();
  }

  private int layout(Timed one, Value value) {
    List<List<Integer>> seen = places.get(value);
    return seen == null ? 0 : place(one, value).map(seen::indexOf).orElse(0);
  }

  /** What each way costs each distinct operator, whichever of the equal operators took it. */
  private void findWays(List<double[]> seconds) {
    for (int t = 0; t < timed.size(); t++) {
      Map<String, Way> taken = timed.get(t).variation().ways();
      double[] errors = timed.get(t).errors(groups);
      for (int g = 0; g < signatures.length; g++) {
        for (Node node : groups.all().get(g).nodes()) {
          Way way = taken.get(node.name());
          if (way != null) {
            wayCosts
                .computeIfAbsent(signatures[g], _ -> new LinkedHashMap<>())
                .merge(way, new WayCost(seconds.get(t)[g], errors[g]), WayCost::less);
          }
        }
      }
    }
  }

  private int value(Value value) {
    return valueIndex.computeIfAbsent(
        value,
        v -> {
          List<List<Integer>> seen = places.get(v);
          List<String> names =
              seen == null ? List.of("default") : seen.stream().map(o -> name(v, o)).toList();
          double cost = seen == null ? 0 : 2 * extents.applyAsLong(Storage.bytes(v)) / CONVERSION;
          CostMatrix conversions =
              CostMatrix.of(names.size(), names.size(), (i, j) -> i == j ? 0 : cost);
          values.add(LayoutProblem.Value.free(v.name(), names, conversions));
          return values.size() - 1;
        });
  }

  /** The axes from the outermost to the innermost, for people. */
  private static String name(Value value, List<Integer> order) {
    if (View.rowMajor(value).order().equals(Optional.of(order))) {
      return "row-major";
    }
    boolean channelsLast =
        order.size() > 2
            && order.getLast() == 1
            && IntStream.range(2, order.size()).allMatch(i -> order.get(i - 1) == i);
    return channelsLast
        ? "channels-last"
        : "order-" + String.join("", order.stream().map(String::valueOf).toList());
  }

  private LayoutProblem.Operator operator(int number, List<double[]> seconds) {
    Groups.Group group = groups.all().get(number);
    double usualSeconds = seconds.getFirst()[number];
    Map<List<Integer>, Double> seen = new LinkedHashMap<>();
    List<LayoutProblem.Variant> all = new ArrayList<>();
    List<Way> sources = new ArrayList<>();
    List<Value> touched = group.values();
    for (int t = 0; t < (layouts ? timed.size() : 1); t++) {
      Timed one = timed.get(t);
      if (t == 0 || one.variation().layouts()) {
        List<Integer> chosen = touched.stream().map(v -> layout(one, v)).toList();
        seen.merge(chosen, seconds.get(t)[number], (a, _) -> a);
      }
    }
    seen.forEach(
        (chosen, cost) -> {
          String name = all.isEmpty() ? "default" : "layouts-" + all.size();
          all.add(variant(group, name, cost, chosen));
          sources.add(Way.USUAL);
        });
    wayCosts
        .getOrDefault(signatures[number], Map.of())
        .forEach(
            (way, cost) -> {
              double gain = usualSeconds - cost.seconds();
              if (gain > Math.max(MARGIN * usualSeconds, SURE * cost.error())
                  && gain * equal[number] > WORTH * usualTotal) {
                List<Integer> chosen = touched.stream().map(_ -> 0).toList();
                all.add(variant(group, way.label(), cost.seconds(), chosen));
                sources.add(way);
              }
            });
    chosenWays.add(sources);
    return new LayoutProblem.Operator(
        number + ":" + group.name(),
        group.inputs().stream().map(this::value).toList(),
        group.outputs().stream().map(this::value).toList(),
        all);
  }

  private static LayoutProblem.Variant variant(
      Groups.Group group, String name, double cost, List<Integer> chosen) {
    int inputs = group.inputs().size();
    return new LayoutProblem.Variant(
        name, cost, chosen.subList(0, inputs), chosen.subList(inputs, chosen.size()));
  }

  LayoutProblem problem() {
    return problem;
  }

  /**
   * Every way in which the operators of a name were measured.
   *
   * @param part of the name of an operator or of one of its nodes
   */
  List<Tuner.Explained> measured(String part) {
    Map<String, Tuner.Explained> all = new LinkedHashMap<>();
    for (int g = 0; g < signatures.length; g++) {
      Groups.Group group = groups.all().get(g);
      String label = g + ":" + group.name();
      boolean named =
          label.contains(part) || group.nodes().stream().anyMatch(n -> n.name().contains(part));
      if (named && !signatures[g].isEmpty()) {
        Map<String, Double> costs = new LinkedHashMap<>();
        problem.operators().get(g).variants().forEach(v -> costs.put(v.name(), v.cost()));
        wayCosts
            .getOrDefault(signatures[g], Map.of())
            .forEach((w, c) -> costs.put(w.label(), c.seconds()));
        String node = group.nodes().iterator().next().name();
        all.merge(
            signatures[g],
            new Tuner.Explained(label, node, 1, costs),
            (a, _) -> new Tuner.Explained(a.operator(), a.node(), a.equal() + 1, a.seconds()));
      }
    }
    return List.copyOf(all.values());
  }

  /** Variants of all distinct operators that were measured, the defaults included. */
  int measured() {
    return measured("").stream().mapToInt(m -> m.seconds().size()).sum();
  }

  /** What a solution means for the lowering. */
  Decisions decisions(LayoutSolution solution) {
    Map<String, Way> taken = new HashMap<>();
    for (int g = 0; g < groups.all().size(); g++) {
      Way way = chosenWays.get(g).get(solution.variants().get(g));
      if (!way.equals(Way.USUAL)) {
        for (Node node : groups.all().get(g).nodes()) {
          if (node.op() instanceof Contraction) {
            taken.put(node.name(), way);
          }
        }
      }
    }
    Map<String, List<Integer>> orders = new HashMap<>();
    valueIndex.forEach(
        (value, index) -> {
          if (places.containsKey(value)) {
            orders.put(value.name(), places.get(value).get(solution.layouts().get(index)));
          }
        });
    boolean moved = solution.layouts().stream().anyMatch(l -> l > 0);
    return new Variation("", taken, moved ? orders : Map.of()).decisions();
  }
}
