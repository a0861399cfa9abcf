package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Movement;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The calls of clusters that were lowered, for clusters that are the same but for what their values
 * and nodes are called and for the numbers in large constants: the layers of most networks are
 * equal, and lowering one is enough. They share the kernel as an object.
 *
 * <p>Two clusters are the same if their nodes have equal operators and are connected alike, their
 * values lie alike (types, extents, strides, and which of them share a buffer), the same of them
 * are constants, small constants have the same elements, and the same was decided about their
 * nodes. {@link Lowering.Context} says nothing else to a lowering.
 */
final class LoweredClusters {
  /** Elements of constants that a lowering may look at. */
  private static final long FEW_ELEMENTS = 64;

  private final Lowering.Context context;
  private final Map<List<Object>, Entry> entries = new HashMap<>();

  /** What was lowered, and its values and nodes in the order of the key. */
  private record Entry(List<KernelCall> calls, List<Value> values, List<Node> nodes) {}

  /**
   * No clusters yet.
   *
   * @param context of the program
   */
  LoweredClusters(Lowering.Context context) {
    this.context = context;
  }

  /** A cluster, told apart from those that are not the same. */
  final class Key {
    private final Map<Value, Integer> numbers = new LinkedHashMap<>();
    private final List<Object> parts = new ArrayList<>();
    private final Cluster cluster;
    private boolean isWhole = true;

    private Key(Cluster cluster) {
      this.cluster = cluster;
      parts.add(cluster.prologue().size());
      parts.add(cluster.anchor().isPresent());
      for (Node node : cluster.nodes()) {
        parts.add(node.op());
        node.inputs().forEach(this::refer);
        parts.add(node.outputs().size());
        node.outputs().forEach(this::refer);
        parts.add(Optional.ofNullable(context.decisions().tiles().get(node.name())));
        parts.add(Optional.ofNullable(context.decisions().algorithms().get(node.name())));
        if (node.op() instanceof Movement.Concat) {
          node.inputs().forEach(v -> parts.add(context.isInPlace(v, node.output())));
        }
      }
      parts.add(cluster.inputs().size());
      cluster.inputs().forEach(this::refer);
      cluster.outputs().forEach(this::refer);
    }

    private void refer(Value value) {
      if (!value.isPresent()) {
        parts.add(-1);
        return;
      }
      Integer known = numbers.putIfAbsent(value, numbers.size());
      parts.add(known == null ? numbers.size() - 1 : known);
      if (known == null) {
        parts.add(value.type());
        View view = context.view(value);
        parts.add(List.of(view.dtype(), view.shape(), view.offset(), view.strides()));
        describe(value);
        refer(view.root());
      }
    }

    private void describe(Value value) {
      Optional<Tensor> tensor = context.constant(value);
      parts.add(tensor.isPresent());
      if (tensor.isPresent() && tensor.get().elements() <= FEW_ELEMENTS) {
        parts.add(ByteBuffer.wrap(tensor.get().data().toArray(ValueLayout.JAVA_BYTE)));
      }
    }

    /** What the lowering of the cluster is told; notes if it asks for something else. */
    Lowering.Context observed() {
      return new Lowering.Context() {
        @Override
        public Target target() {
          return context.target();
        }

        @Override
        public Decisions decisions() {
          return context.decisions();
        }

        @Override
        public View view(Value value) {
          check(value);
          return context.view(value);
        }

        @Override
        public boolean isInPlace(Value operand, Value concatenated) {
          check(operand);
          return context.isInPlace(operand, concatenated);
        }

        @Override
        public Optional<Tensor> constant(Value value) {
          check(value);
          return context.constant(value);
        }

        @Override
        public Value temporary(String name, DType dtype, Dim elements) {
          return context.temporary(name, dtype, elements);
        }
      };
    }

    private void check(Value value) {
      isWhole &= !value.isPresent() || numbers.containsKey(value);
    }
  }

  /** The key of a cluster whose values all have places. */
  Key key(Cluster cluster) {
    return new Key(cluster);
  }

  /** Keeps the calls of a cluster. */
  void put(Key key, List<KernelCall> calls) {
    if (key.isWhole) {
      List<Value> values = List.copyOf(key.numbers.keySet());
      entries.put(key.parts, new Entry(calls, values, key.cluster.nodes()));
    }
  }

  /** The calls of a cluster, if one that is the same was lowered. */
  Optional<List<KernelCall>> get(Key key) {
    Entry entry = entries.get(key.parts);
    if (entry == null) {
      return Optional.empty();
    }
    Map<Value, Value> values = new HashMap<>();
    int next = 0;
    for (Value value : key.numbers.keySet()) {
      values.put(entry.values.get(next++), value);
    }
    Map<Node, Node> nodes = new HashMap<>();
    List<Node> now = key.cluster.nodes();
    for (int i = 0; i < now.size(); i++) {
      nodes.put(entry.nodes.get(i), now.get(i));
    }
    String owner = now.getFirst().output().name();
    return Optional.of(entry.calls.stream().map(c -> renamed(c, values, nodes, owner)).toList());
  }

  private static KernelCall renamed(
      KernelCall call, Map<Value, Value> values, Map<Node, Node> nodes, String owner) {
    List<Argument> arguments = new ArrayList<>();
    for (Argument argument : call.arguments()) {
      arguments.add(
          switch (argument) {
            case Argument.Memory(Value root, Dim offset) ->
                new Argument.Memory(
                    values.computeIfAbsent(root, temporary -> again(temporary, owner)), offset);
            case Argument.Packed(Packing packing, Value source) ->
                new Argument.Packed(packing, values.get(source));
          });
    }
    return new KernelCall(
        call.label(),
        call.kernel(),
        arguments,
        call.sizes(),
        call.nodes().stream().map(nodes::get).toList(),
        call.work(),
        call.overwrites());
  }

  /** A buffer like one that only the calls of the other cluster use. */
  private static Value again(Value temporary, String owner) {
    String name = temporary.name();
    return new Value(owner + name.substring(Math.max(0, name.lastIndexOf('.'))), temporary.type());
  }
}
