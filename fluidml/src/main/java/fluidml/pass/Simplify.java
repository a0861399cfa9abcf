package fluidml.pass;

import fluidml.graph.Graph;
import java.util.List;
import java.util.stream.Stream;

/**
 * Removes and merges ops by local identities that keep every bit, or the last one at most.
 *
 * <pre>
 * before: a = Mul(x, 1); b = Transpose{[1,0]}(a); c = Transpose{[1,0]}(b); return Pow(c, 2)
 * after:  return Mul(x, x)
 * </pre>
 */
public final class Simplify implements Pass {
  static final List<Rule> RULES =
      Stream.of(ArithmeticRules.RULES, LogicRules.RULES, MovementRules.RULES, IndexingRules.RULES)
          .flatMap(List::stream)
          .toList();

  @Override
  public String name() {
    return "simplify";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }
}
