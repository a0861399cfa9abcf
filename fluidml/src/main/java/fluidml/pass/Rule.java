package fluidml.pass;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Op;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * One rewrite: how a node of some kind is computed otherwise.
 *
 * @param name what it does, for people, e.g. {@code x + 0 = x}
 * @param root class of the op that it starts from; {@link Op} itself for every node
 * @param action the rewrite
 */
record Rule(String name, Class<? extends Op> root, Action action) {
  /** Finds replacements for the results of a node. */
  @FunctionalInterface
  interface Action {
    /**
     * One value for each result, or an empty list if the rule does not apply. Nodes that were
     * emitted for nothing are dropped later.
     */
    List<Value> apply(Node node, Rewriter graph);
  }

  /** Finds a replacement for the only result of a node. */
  @FunctionalInterface
  interface SingleAction {
    Optional<Value> apply(Node node, Rewriter graph);
  }

  /** A rule for nodes with one result. */
  static Rule of(String name, Class<? extends Op> root, SingleAction action) {
    return new Rule(
        name,
        root,
        (node, graph) ->
            node.outputs().size() == 1 ? action.apply(node, graph).stream().toList() : List.of());
  }

  /** A rule for nodes whose result matches a pattern. */
  static Rule of(
      String name, Class<? extends Op> root, Pattern pattern, Function<Match, Value> action) {
    return of(name, root, (node, graph) -> graph.match(pattern, node).map(action));
  }
}
