package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** What a program does next. */
public sealed interface Step {
  /** Runs a kernel. */
  record Call(KernelCall call) implements Step {}

  /**
   * Runs one node on the reference interpreter: slow, and reported as a fallback.
   *
   * @param reason why no kernel computes it, for people
   */
  record Interpret(Node node, String reason) implements Step {}

  /** Writes numbers that are known once the input shapes are, as int64 or int32. */
  record Fill(Node node, Value value, List<Dim> elements) implements Step {}

  /** For people: what runs. */
  default String label() {
    return switch (this) {
      case Call call -> call.call().label();
      case Interpret interpret -> interpret.node().op().mnemonic();
      case Fill _ -> "Fill";
    };
  }

  /** The graph's nodes that this step computes. */
  default List<Node> nodes() {
    return switch (this) {
      case Call call -> call.call().nodes();
      case Interpret interpret -> List.of(interpret.node());
      case Fill fill -> List.of(fill.node());
    };
  }

  /** The buffers this step touches that belong to values: roots of what it reads and writes. */
  default List<Value> roots(Storage storage) {
    List<Value> roots = new ArrayList<>();
    switch (this) {
      case Call call -> {
        for (Argument argument : call.call().arguments()) {
          if (argument instanceof Argument.Memory memory) {
            roots.add(memory.root());
          }
        }
      }
      case Interpret interpret -> {
        for (Value value : interpret.node().inputs()) {
          addRoot(value, storage, roots);
        }
        for (Value value : interpret.node().outputs()) {
          addRoot(value, storage, roots);
        }
      }
      case Fill fill -> addRoot(fill.value(), storage, roots);
    }
    return roots;
  }

  private static void addRoot(Value value, Storage storage, List<Value> roots) {
    if (storage.isPlannable(value)) {
      roots.add(storage.view(value).root());
    }
  }
}
