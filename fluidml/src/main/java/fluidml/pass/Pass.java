package fluidml.pass;

import fluidml.graph.Graph;

/** A change to a graph that keeps what it computes. Stateless; safe for use by many threads. */
public interface Pass {
  /** The name that lists, messages and dumps use, in kebab case, e.g. {@code fold-shapes}. */
  String name();

  /** The changed graph, or {@code graph} itself if there is nothing to do. */
  Graph run(Graph graph);
}
