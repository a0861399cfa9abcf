package fluidml.vm;

import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.lower.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The values that own a buffer and are no constants, numbered in the order of their first use:
 * graph inputs, intermediates, temporaries, outputs.
 *
 * <p>Some of them can lie in memory of the caller instead of the arena: every input, and every
 * output that is computed densely on a buffer of its own. These are <em>external</em>: number i for
 * the i-th input of the graph, and for outputs the numbers after those of the inputs.
 */
final class ArenaRoots {
  /** The external number of a root that lies in the arena always. */
  static final int INTERNAL = -1;

  private final Map<Value, Integer> index = new HashMap<>();
  private final List<Value> roots = new ArrayList<>();
  private final int[] external;
  private final List<int[]> touched = new ArrayList<>();

  /** Finds the roots that steps touch, inputs first. */
  ArenaRoots(LoweredProgram program) {
    Graph graph = program.graph();
    Storage storage = program.storage();
    for (Value input : graph.inputs()) {
      if (storage.isPlannable(input)) {
        add(input, graph);
      }
    }
    for (Step step : program.steps()) {
      List<Integer> numbers = new ArrayList<>();
      for (Value root : step.roots(storage)) {
        int number = add(root, graph);
        if (number >= 0 && !numbers.contains(number)) {
          numbers.add(number);
        }
      }
      touched.add(numbers.stream().mapToInt(Integer::intValue).toArray());
    }
    for (Value output : graph.outputs()) {
      if (storage.isPlannable(output)) {
        add(storage.view(output).root(), graph);
      }
    }
    external = new int[roots.size()];
    for (int i = 0; i < external.length; i++) {
      external[i] = graph.inputs().indexOf(roots.get(i));
    }
    for (int o = 0; o < graph.outputs().size(); o++) {
      Value output = graph.outputs().get(o);
      if (storage.isPlannable(output)) {
        View view = storage.view(output);
        int root = of(view.root());
        boolean whole =
            view.isRowMajor() && view.offset().is(0) && view.shape().equals(output.shape());
        if (root >= 0
            && external[root] == INTERNAL
            && whole
            && view.dtype() == view.root().dtype()
            && Storage.bytes(view.root()).equals(Storage.bytes(output))) {
          external[root] = graph.inputs().size() + o;
        }
      }
    }
  }

  private int add(Value root, Graph graph) {
    if (graph.constant(root).isPresent()) {
      return -1;
    }
    Integer known = index.putIfAbsent(root, roots.size());
    if (known == null) {
      roots.add(root);
      return roots.size() - 1;
    }
    return known;
  }

  /** How many there are. */
  int count() {
    return roots.size();
  }

  /** The number of a root, −1 for a constant. */
  int of(Value root) {
    return index.getOrDefault(root, -1);
  }

  /** The root with a number. */
  Value root(int number) {
    return roots.get(number);
  }

  /** The external number of a root, or {@link #INTERNAL}. */
  int external(int number) {
    return external[number];
  }

  /** The roots that a step touches, each once. */
  int[] touched(int step) {
    return touched.get(step);
  }
}
