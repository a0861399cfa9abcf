package fluidml.tune;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram;
import fluidml.lower.View;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * The programs that have to be measured so that every operator runs in each way that is worth it.
 * Equal operators take different ways in one program: twelve equal layers need a twelfth of the
 * programs.
 */
final class Experiments {
  /** Name of the program in which every value lies in the order of its axes. */
  static final String ROW_MAJOR = "row-major";

  private final LoweredProgram usual;
  private final Map<String, List<Integer>> usualOrders = new LinkedHashMap<>();
  private final Map<String, List<Integer>> rowMajor = new LinkedHashMap<>();
  private final Map<String, Candidates> candidates = new LinkedHashMap<>();
  private final Map<String, List<String>> nodesOf = new LinkedHashMap<>();

  /**
   * Plans the experiments for a program.
   *
   * @param usual the default
   * @param keys of its steps
   * @param extents the number behind a dim
   * @param filtering whether minimal filtering is allowed
   */
  Experiments(
      LoweredProgram usual,
      List<String> keys,
      Target target,
      ToLongFunction<Dim> extents,
      boolean filtering) {
    this.usual = usual;
    Groups groups = new Groups(usual);
    String[] signatures = Timed.signatures(usual, keys, groups);
    for (int g = 0; g < signatures.length; g++) {
      for (Node node : groups.all().get(g).nodes()) {
        Candidates some = Candidates.of(node, target, extents, filtering);
        if (some.existing() > 1) {
          candidates.putIfAbsent(signatures[g], some);
          nodesOf.computeIfAbsent(signatures[g], _ -> new ArrayList<>()).add(node.name());
        }
      }
    }
    findOrders();
  }

  /** Values that lie in another order than that of their axes by default. */
  private void findOrders() {
    for (Node node : usual.graph().nodes()) {
      for (Value output : node.outputs()) {
        if (output.isPresent()
            && usual.storage().isPlannable(output)
            && !usual.graph().isOutput(output)) {
          View view = usual.storage().view(output);
          Optional<List<Integer>> order = view.order();
          if (view.root().equals(output) && order.isPresent() && !view.isRowMajor()) {
            usualOrders.put(output.name(), order.get());
          }
        }
      }
    }
    usualOrders.forEach(
        (name, order) -> rowMajor.put(name, IntStream.range(0, order.size()).boxed().toList()));
  }

  /** All programs, the default first, then by what they promise. */
  List<Variation> programs() {
    List<Variation> all = new ArrayList<>();
    all.add(Variation.USUAL);
    rowMajor().ifPresent(all::add);
    int most = 0;
    for (Map.Entry<String, Candidates> entry : candidates.entrySet()) {
      int ways = entry.getValue().ways().size();
      most = Math.max(most, Math.ceilDiv(ways, nodesOf.get(entry.getKey()).size()));
    }
    for (int program = 0; program < most; program++) {
      Map<String, Way> chosen = new HashMap<>();
      for (Map.Entry<String, Candidates> entry : candidates.entrySet()) {
        List<Way> ways = entry.getValue().ways();
        List<String> nodes = nodesOf.get(entry.getKey());
        for (int i = 0; i < nodes.size() && program * nodes.size() + i < ways.size(); i++) {
          chosen.put(nodes.get(i), ways.get(program * nodes.size() + i));
        }
      }
      all.add(new Variation("ways " + (program + 1), chosen, Map.of()));
    }
    all.addAll(mixed());
    return all;
  }

  /** Every value in the order of its axes; empty if that is the default. */
  private Optional<Variation> rowMajor() {
    return rowMajor.isEmpty()
        ? Optional.empty()
        : Optional.of(new Variation(ROW_MAJOR, Map.of(), rowMajor));
  }

  /**
   * Neighbours in different layouts, both ways round: what it costs a kernel to read one layout and
   * to write another.
   */
  private List<Variation> mixed() {
    Map<Value, Integer> level = new HashMap<>();
    Set<Value> varied = new HashSet<>();
    boolean neighbours = false;
    for (Groups.Group group : new Groups(usual).all()) {
      int before = 0;
      boolean reads = false;
      for (Value input : group.inputs()) {
        before = Math.max(before, level.getOrDefault(input, 0));
        reads |= varied.contains(input);
      }
      for (Value output : group.outputs()) {
        level.put(output, before + 1);
        if (rowMajor.containsKey(output.name())) {
          varied.add(output);
          neighbours |= reads;
        }
      }
    }
    List<Variation> both = new ArrayList<>();
    for (int odd = 0; neighbours && odd < 2; odd++) {
      Map<String, List<Integer>> orders = new HashMap<>(usualOrders);
      for (Value value : varied) {
        if (level.get(value) % 2 == odd) {
          orders.put(value.name(), rowMajor.get(value.name()));
        }
      }
      both.add(new Variation("mixed " + (odd + 1), Map.of(), orders));
    }
    return both;
  }

  /** Orders of the default for values that may lie in another, by name. */
  Map<String, List<Integer>> usualOrders() {
    return usualOrders;
  }

  /** Ways to compute distinct operators that exist, that is, can be run. */
  int existing() {
    return candidates.values().stream().mapToInt(Candidates::existing).sum();
  }

  /** Ways to compute distinct operators that are not left out by the analytic model. */
  int promising() {
    return candidates.values().stream().mapToInt(c -> c.ways().size() + 1).sum();
  }
}
