package fluidml.vm;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which steps of a program must run before which: producers before consumers, through views that no
 * step computes; the calls of one node, and all steps on the interpreter, in their order. A place
 * in memory is written once for each value, so nothing else orders steps.
 */
final class StepGraph {
  private final LoweredProgram program;
  private final Map<Node, List<Integer>> stepsOf = new HashMap<>();
  private final Map<Value, Set<Integer>> producers = new HashMap<>();
  private final List<Set<Integer>> before = new ArrayList<>();

  /** Finds the constraints. */
  StepGraph(LoweredProgram program) {
    this.program = program;
    List<Step> steps = program.steps();
    for (int i = 0; i < steps.size(); i++) {
      for (Node node : steps.get(i).nodes()) {
        stepsOf.computeIfAbsent(node, _ -> new ArrayList<>()).add(i);
      }
    }
    int interpreted = -1;
    Map<Value, Integer> temporaries = new HashMap<>();
    Set<Value> values = values(program.graph());
    for (int i = 0; i < steps.size(); i++) {
      Set<Integer> earlier = new TreeSet<>();
      for (Node node : steps.get(i).nodes()) {
        earlier.addAll(stepsOf.get(node));
        node.inputs().forEach(v -> earlier.addAll(producers(v)));
      }
      if (steps.get(i) instanceof Step.Interpret) {
        if (interpreted >= 0) {
          earlier.add(interpreted);
        }
        interpreted = i;
      }
      for (Value root : steps.get(i).roots(program.storage())) {
        if (!values.contains(root)) {
          Integer last = temporaries.put(root, i);
          if (last != null) {
            earlier.add(last);
          }
        }
      }
      int self = i;
      earlier.removeIf(s -> s >= self);
      before.add(earlier);
    }
  }

  private static Set<Value> values(Graph graph) {
    Set<Value> values = new HashSet<>(graph.inputs());
    graph.nodes().forEach(n -> values.addAll(n.outputs()));
    return values;
  }

  /** The steps that must have run so that a value is there. */
  private Set<Integer> producers(Value value) {
    Set<Integer> known = producers.get(value);
    if (known == null) {
      known = new HashSet<>();
      Node producer = program.graph().producer(value).orElse(null);
      if (producer != null && stepsOf.containsKey(producer)) {
        known.addAll(stepsOf.get(producer));
      } else if (producer != null) {
        for (Value input : producer.inputs()) {
          known.addAll(producers(input));
        }
      }
      producers.put(value, known);
    }
    return known;
  }

  /** The steps that must run before a step, all with smaller numbers. */
  List<Integer> before(int step) {
    return List.copyOf(before.get(step));
  }

  /** The overwrites of a step as numbers of roots; constants take no part. */
  static List<KernelCall.Overwrite> overwrites(Step step, ArenaRoots roots) {
    List<KernelCall.Overwrite> found = new ArrayList<>();
    if (step instanceof Step.Call(KernelCall call)) {
      for (KernelCall.Overwrite o : call.overwrites()) {
        if (call.arguments().get(o.operand())
                instanceof fluidml.lower.Argument.Memory(Value operand, var _)
            && call.arguments().get(o.result())
                instanceof fluidml.lower.Argument.Memory(Value result, var _)
            && roots.of(operand) >= 0
            && roots.of(result) >= 0) {
          found.add(new KernelCall.Overwrite(roots.of(operand), roots.of(result)));
        }
      }
    }
    return found;
  }
}
