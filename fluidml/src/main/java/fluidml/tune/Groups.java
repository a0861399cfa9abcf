package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.lower.Argument;
import fluidml.lower.KernelCall;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The operators of a choice: steps that compute the same nodes in every program of a graph. They
 * come from one program; a step of another belongs to the group of its first node.
 */
final class Groups {
  /**
   * Steps that compute the same nodes.
   *
   * @param inputs roots that they read and do not compute
   * @param outputs roots that they are the first to write
   */
  record Group(String name, Set<Node> nodes, List<Value> inputs, List<Value> outputs) {
    /** Everything that is touched, inputs first. */
    List<Value> values() {
      List<Value> all = new ArrayList<>(inputs);
      all.addAll(outputs);
      return all;
    }
  }

  private final List<Group> groups = new ArrayList<>();
  private final Map<Node, Integer> groupOf = new HashMap<>();

  /** What a group is made of while it grows. */
  private static final class Growing {
    final String name;
    final Set<Node> nodes = new LinkedHashSet<>();
    final Set<Value> reads = new LinkedHashSet<>();
    final Set<Value> writes = new LinkedHashSet<>();

    Growing(String name) {
      this.name = name;
    }
  }

  /** The groups of a program, best of one with as many steps as any. */
  Groups(LoweredProgram program) {
    List<Growing> growing = new ArrayList<>();
    for (Step step : program.steps()) {
      Node first = step.nodes().getFirst();
      Integer known = groupOf.get(first);
      if (known == null) {
        known = growing.size();
        growing.add(new Growing(step.label()));
      }
      Growing group = growing.get(known);
      for (Node node : step.nodes()) {
        groupOf.putIfAbsent(node, known);
        group.nodes.add(node);
      }
      touch(program, step, group);
    }
    Set<Value> computed = new HashSet<>();
    for (Growing group : growing) {
      List<Value> outputs = group.writes.stream().filter(computed::add).toList();
      List<Value> inputs = new ArrayList<>(group.reads);
      group.writes.stream().filter(v -> !outputs.contains(v)).forEach(inputs::add);
      inputs.removeAll(outputs);
      groups.add(new Group(group.name, group.nodes, List.copyOf(inputs), outputs));
    }
  }

  private static void touch(LoweredProgram program, Step step, Growing group) {
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

  /** All groups in execution order. */
  List<Group> all() {
    return groups;
  }

  /** The number of the group that a step of any program belongs to; -1 if there is none. */
  int of(Step step) {
    return groupOf.getOrDefault(step.nodes().getFirst(), -1);
  }
}
