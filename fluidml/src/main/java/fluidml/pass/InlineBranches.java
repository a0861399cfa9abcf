package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Control.If;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Puts the branch that is taken in the place of an If whose condition is constant.
 *
 * <pre>
 * before: c = Constant(true); return If{then (a) → Exp(a), else (a) → Log(a)}(c, x)
 * after:  return Exp(x)
 * </pre>
 */
public final class InlineBranches implements Pass {
  private static final List<Rule> RULES =
      List.of(new Rule("if with a known condition", If.class, InlineBranches::inline));

  @Override
  public String name() {
    return "inline-branches";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static List<Value> inline(Node node, Rewriter g) {
    OptionalDouble condition = g.scalar(node.input(0));
    if (condition.isEmpty() || !(node.op() instanceof If(Graph thenBranch, Graph elseBranch))) {
      return List.of();
    }
    Graph body = condition.getAsDouble() != 0 ? thenBranch : elseBranch;
    return g.inline(body, node.inputs().subList(1, node.inputs().size()));
  }
}
