package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Op;
import fluidml.graph.op.Window;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Computes depthwise convolutions together with the 1×1 convolutions before and after them in bands
 * of rows, where the tensors between do not fit a cache: a band is read again while it is there.
 * They do so little arithmetic on each element that going to memory takes as long.
 *
 * <pre>
 * before: e = Relu(Conv(x, w1)); d = Relu(Conv{groups=c}(e, w2)); return Add(Conv(d, w3), x)
 * after:  e0 = Relu(Conv(x[rows 0…], w1)); d0 = …; y0 = Add(Conv(d0, w3), x[rows 0…]); y1 = …
 *         return Concat{rows}(y0, y1, …)
 * </pre>
 *
 * Slices and Concat are views. Rows of the first convolution that two bands need are computed
 * twice; results are the same to the bit.
 */
public final class SplitDepthwiseConvolutions implements Pass {
  /**
   * Bytes for each thread of a band of the widest tensor, which is read and written once: half of
   * what a core's second-level cache holds.
   */
  private static final long BAND_BYTES = 512 << 10;

  /** Tensors of less stay whole, on one thread or two. */
  private static final long LEAST_BYTES = (1 << 20) + (1 << 18);

  /** At most one of so many rows is computed twice. */
  private static final long ROWS_PER_DOUBLE = 6;

  /** Terms of the sums of a first convolution of which rows may be computed twice. */
  private static final long MOST_TERMS = 64;

  private static final int MOST_NODES = 10;

  private final int threads;

  /**
   * Makes bands of which each thread finds its part in cache.
   *
   * @param threads that share a run
   */
  public SplitDepthwiseConvolutions(int threads) {
    this.threads = threads;
  }

  @Override
  public String name() {
    return "split-depthwise-convolutions";
  }

  @Override
  public Graph run(Graph graph) {
    Map<Value, Chain> chains = chains(graph);
    if (chains.isEmpty()) {
      return graph;
    }
    Rule rule =
        Rule.of(
            "a depthwise convolution and its neighbours are computed in bands",
            Op.class,
            (node, g) ->
                Optional.ofNullable(chains.get(node.output())).map(chain -> chain.split(node, g)));
    return Rewriter.rewrite(graph, List.of(rule));
  }

  /** The chains of a graph by their results; no node is in two of them. */
  private Map<Value, Chain> chains(Graph graph) {
    Map<Value, Chain> chains = new HashMap<>();
    Set<Node> taken = new HashSet<>();
    for (Node node : graph.nodes()) {
      if (isConvolution(node) && isDepthwise(node)) {
        List<Link> links = new Search(graph, taken).around(node);
        if (links.size() > 1) {
          Value result = links.getLast().node.output();
          Chain chain = new Chain(links, rows(links), height(result));
          if (chain.rows < chain.all) {
            links.forEach(link -> taken.add(link.node));
            chains.put(result, chain);
          }
        }
      }
    }
    return chains;
  }

  private static long height(Value value) {
    return value.shape().dim(Rows.AXIS).constant().orElseThrow();
  }

  /** Rows of the result in a band: all of them if nothing is to be gained. */
  private long rows(List<Link> links) {
    long widest = 0;
    long overlap = 0;
    long step = 1;
    for (int i = 0; i < links.size(); i++) {
      Node node = links.get(i).node;
      if (i < links.size() - 1) {
        long elements = node.output().shape().elements().constant().orElseThrow();
        widest = Math.max(widest, node.output().dtype().byteSize(elements));
      }
      if (i > 0 && node.op() instanceof Conv(Window window, _, _)) {
        long stride = window.strides().getFirst();
        overlap = Math.max(overlap, window.span(0) - stride);
        step *= stride;
      }
    }
    long all = height(links.getLast().node.output());
    if (widest < LEAST_BYTES * Math.max(1, threads / 2)) {
      return all;
    }
    long rows = Math.ceilDiv(all, Math.ceilDiv(widest, BAND_BYTES * threads));
    return Math.max(rows, Math.ceilDiv(overlap * ROWS_PER_DOUBLE, step));
  }

  /** Whether a node is a convolution of one image of known extents, with known pads. */
  private static boolean isConvolution(Node node) {
    return node.op() instanceof Conv(Window window, _, _)
        && window.rank() == 2
        && window.padding() == Window.Padding.EXPLICIT
        && Math.max(window.padsBegin().getFirst(), window.padsEnd().getFirst()) < window.span(0)
        && isImage(node.input(0))
        && isImage(node.output());
  }

  private static boolean isDepthwise(Node node) {
    long groups = ((Conv) node.op()).groups();
    return groups > 1 && node.input(0).shape().dim(1).is(groups);
  }

  private static boolean isImage(Value value) {
    return value.knownShape().isPresent()
        && value.shape().rank() == 4
        && value.shape().isConstant()
        && value.shape().dim(0).is(1)
        && value.shape().elements().constant().orElse(0) > 0;
  }

  private static boolean isPointwise(Node node) {
    Window window = ((Conv) node.op()).window();
    return window.kernel().stream().allMatch(k -> k == 1)
        && window.padsBegin().stream().allMatch(p -> p == 0)
        && window.padsEnd().stream().allMatch(p -> p == 0);
  }

  /**
   * A node of a chain.
   *
   * @param operand which operand is the result of the node before, or the chain's operand
   */
  private record Link(Node node, int operand) {}

  /** Finds the nodes around a depthwise convolution that can be computed in bands with it. */
  private record Search(Graph graph, Set<Node> taken) {
    /** The chain, in order; empty if there is none but the convolution itself. */
    List<Link> around(Node depthwise) {
      List<Link> links = new ArrayList<>(before(depthwise));
      int first = links.size();
      links.add(new Link(depthwise, 0));
      boolean projected = false;
      boolean convolutions = first > 0;
      Value value = depthwise.output();
      while (links.size() < MOST_NODES && isPrivate(value)) {
        Node user = graph.uses(value).getFirst();
        boolean pointwise =
            !projected
                && isConvolution(user)
                && ((Conv) user.op()).groups() == 1
                && isPointwise(user)
                && user.input(0).equals(value);
        if (taken.contains(user) || !(pointwise || isRowwise(user, value))) {
          break;
        }
        projected |= pointwise;
        convolutions |= pointwise;
        links.add(new Link(user, user.inputs().indexOf(value)));
        value = user.output();
      }
      return convolutions ? links : List.of();
    }

    private List<Link> before(Node depthwise) {
      List<Link> links = new ArrayList<>();
      Value value = depthwise.input(0);
      while (links.size() < MOST_NODES / 2 && isPrivate(value)) {
        Optional<Node> producer = graph.producer(value).filter(node -> !taken.contains(node));
        if (producer.isEmpty()) {
          break;
        }
        Node node = producer.get();
        if (isConvolution(node)) {
          Conv conv = (Conv) node.op();
          OptionalLong terms = node.input(1).shape().elements().constant();
          long filters = node.output().shape().dim(1).constant().orElseThrow();
          boolean cheap = isPointwise(node) || terms.orElse(Long.MAX_VALUE) / filters <= MOST_TERMS;
          if (conv.groups() == 1 && cheap) {
            links.addFirst(new Link(node, 0));
            return links;
          }
          break;
        }
        List<Value> variable =
            node.inputs().stream()
                .filter(v -> v.isPresent() && graph.constant(v).isEmpty())
                .toList();
        if (variable.size() != 1 || !isRowwise(node, variable.getFirst())) {
          break;
        }
        links.addFirst(new Link(node, node.inputs().indexOf(variable.getFirst())));
        value = variable.getFirst();
      }
      return List.of();
    }

    private boolean isPrivate(Value value) {
      return graph.uses(value).size() == 1 && !graph.isOutput(value);
    }

    /** Whether each row of a result depends on that row of the operands alone. */
    private static boolean isRowwise(Node node, Value value) {
      return node.op() instanceof Elementwise
          && node.outputs().size() == 1
          && isImage(node.output())
          && node.output().shape().equals(value.shape())
          && node.inputs().stream()
              .allMatch(v -> v.equals(value) || !v.isPresent() || isCommon(v) || isLike(v, value))
          && node.inputs().stream().filter(value::equals).count() == 1;
    }

    private static boolean isLike(Value operand, Value value) {
      return isImage(operand) && height(operand) == height(value);
    }
  }

  /** Whether an operand is the same for all rows. */
  private static boolean isCommon(Value operand) {
    if (operand.knownShape().isEmpty()) {
      return false;
    }
    int rank = operand.shape().rank();
    return rank < 2 || operand.shape().dim(rank - 2).is(1);
  }

  /**
   * Nodes that are computed in bands.
   *
   * @param rows of a band of the result
   * @param all rows of the result
   */
  private record Chain(List<Link> links, long rows, long all) {
    Value split(Node last, Rewriter g) {
      List<Value> bands = new ArrayList<>();
      for (long from = 0; from < all; from += rows) {
        Rows band = new Rows(from, Math.min(all, from + rows));
        bands.add(band(last, links.size() - 1, band, g));
      }
      return g.emit(new Concat(Rows.AXIS), bands.toArray(Value[]::new));
    }

    private Value band(Node node, int index, Rows wanted, Rewriter g) {
      int operand = links.get(index).operand;
      Op op = node.op();
      Rows read = wanted;
      if (op instanceof Conv) {
        Rows.Band band = wanted.of(node);
        op = band.op();
        read = band.read();
      }
      // Slices first: what is there before a convolution can be fused with it.
      List<Value> operands = new ArrayList<>(node.inputs());
      for (int i = 0; i < operands.size(); i++) {
        Value other = operands.get(i);
        boolean image = i != operand && op instanceof Elementwise && other.isPresent();
        if (image && !isCommon(other)) {
          operands.set(i, wanted.slice(other, g));
        }
      }
      Value source = node.input(operand);
      operands.set(
          operand,
          index == 0
              ? read.slice(source, g)
              : band(g.producer(source).orElseThrow(), index - 1, read, g));
      return g.emit(op, operands.toArray(Value[]::new));
    }
  }
}
