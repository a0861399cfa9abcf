package fluidml.pass;

import fluidml.error.FluidmlException;
import fluidml.error.VerificationException;
import fluidml.graph.Graph;
import fluidml.graph.GraphVerifier;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/**
 * The passes that optimise a graph, in order.
 *
 * <p>The list is data; so are the reasons for its order, which are checked when it is made. {@link
 * #run} verifies the result, {@link #optimise} the graph after every pass. To find the pass that
 * breaks something, stop after fewer of them, or look at the graph after each.
 */
public final class Pipeline {
  /** Every place of {@code before} is ahead of the last place of {@code after}. */
  private record Order(String before, String after, String because) {}

  private static final List<Pass> STANDARD =
      List.of(
          new RemoveDeadCode(),
          new FoldShapes(),
          new InlineBranches(),
          new RecogniseByteProducts(),
          new Simplify(),
          new FoldConstants(),
          new FoldShapes(),
          new SplitEinsum(),
          new SplitQuantized(),
          new SplitGemm(),
          new SplitLocalResponse(),
          new FoldBatchNorm(),
          new Simplify(),
          new FoldConstants(),
          new SplitTransposedConvolution(),
          new MergeSubexpressions(),
          new RecogniseSoftmax(),
          new RecogniseNormalizations(),
          new RecogniseGroupNorm(),
          new RecogniseActivations(),
          new RecogniseRotary(),
          new RecogniseAttention(),
          new WidenProducts(),
          new Simplify(),
          new FoldConstants(),
          new MergeSubexpressions(),
          new SplitGroupNorm(),
          new SplitDepthwiseConvolutions(2),
          new SplitPooledConvolutions(),
          new RemoveDeadCode());

  private static final List<Order> ORDERS =
      List.of(
          new Order(
              "recognise-attention",
              "widen-products",
              "products between which a result is rounded are no attention"),
          new Order(
              "recognise-byte-products",
              "fold-constants",
              "weights become floats where nothing else is made of them"),
          new Order("widen-products", "fold-constants", "it leaves weights to be made wider"),
          new Order(
              "fold-shapes",
              "inline-branches",
              "conditions on extents become constants by folding"),
          new Order(
              "inline-branches", "simplify", "what was behind a branch is then part of patterns"),
          new Order(
              "fold-batch-norm",
              "fold-constants",
              "it leaves arithmetic on weights to be computed"),
          new Order(
              "fold-batch-norm",
              "split-transposed-convolution",
              "a normalization is folded into one convolution, not into parts"),
          new Order(
              "simplify", "recognise-attention", "views in a row hide the operands of products"),
          new Order(
              "merge-subexpressions",
              "recognise-normalizations",
              "patterns expect one node where an exporter wrote an expression twice"),
          new Order(
              "recognise-softmax", "recognise-attention", "attention is found from its softmax"),
          new Order(
              "recognise-activations",
              "split-pooled-convolutions",
              "an activation between convolution and pooling is one operator then"),
          new Order(
              "recognise-attention",
              "merge-subexpressions",
              "each layer builds the same mask anew, and one is enough"));

  private final List<Pass> passes;
  private final int stopAfter;
  private final BiConsumer<PassRecord, Graph> observer;

  private Pipeline(List<Pass> passes, int stopAfter, BiConsumer<PassRecord, Graph> observer) {
    this.passes = passes;
    this.stopAfter = stopAfter;
    this.observer = observer;
  }

  /** The pipeline that sessions of two threads use. */
  public static Pipeline standard() {
    for (Order order : ORDERS) {
      check(STANDARD, order);
    }
    return of(STANDARD);
  }

  /**
   * The same where results may differ from the definitions by more than rounding does: sixteen-bit
   * floats are rounded only where the model casts, and where it begins and ends.
   */
  public static Pipeline fast() {
    return standard()
        .with(WidenProducts.class, _ -> new WidenProducts(true))
        .with(RecogniseByteProducts.class, _ -> new RecogniseByteProducts(false, true))
        .with(SplitQuantized.class, split -> split.withSingle(true));
  }

  /** The same pipeline for machines with or without dot products of bytes. */
  public Pipeline forByteProducts(boolean present) {
    return with(SplitQuantized.class, split -> split.withBytes(present))
        .with(RecogniseByteProducts.class, pass -> pass.withBytes(present));
  }

  /** The same pipeline for runs that this many threads share. */
  public Pipeline forThreads(int threads) {
    return with(SplitDepthwiseConvolutions.class, _ -> new SplitDepthwiseConvolutions(threads));
  }

  private <P extends Pass> Pipeline with(Class<P> kind, UnaryOperator<P> replacement) {
    List<Pass> other = new ArrayList<>(passes);
    other.replaceAll(pass -> kind.isInstance(pass) ? replacement.apply(kind.cast(pass)) : pass);
    return new Pipeline(List.copyOf(other), stopAfter, observer);
  }

  /** A pipeline of these passes. */
  public static Pipeline of(List<Pass> passes) {
    return new Pipeline(List.copyOf(passes), passes.size(), (_, _) -> {});
  }

  /** The same pipeline without the passes after the first {@code count}. */
  public Pipeline stopAfter(int count) {
    return new Pipeline(passes, Math.clamp(count, 0, passes.size()), observer);
  }

  /**
   * The same pipeline, of which {@link #optimise} shows the record and the graph after each pass.
   */
  public Pipeline observedBy(BiConsumer<PassRecord, Graph> newObserver) {
    return new Pipeline(passes, stopAfter, newObserver);
  }

  /** The names of the passes in order. */
  public List<String> names() {
    return passes.subList(0, stopAfter).stream().map(Pass::name).toList();
  }

  private static void check(List<Pass> passes, Order order) {
    List<String> names = passes.stream().map(Pass::name).toList();
    int first = names.indexOf(order.before);
    int last = names.lastIndexOf(order.after);
    if (first < 0 || last < 0 || first > last) {
      throw new IllegalStateException(
          "pass %s must come before %s, because %s"
              .formatted(order.before, order.after, order.because));
    }
  }

  /**
   * Runs the passes and verifies what comes out. If it is broken or a pass fails, the passes run
   * again as in {@link #optimise}, to find the one that is to blame.
   *
   * @throws VerificationException naming the pass and the node if a pass breaks the graph
   */
  public Graph run(Graph graph) {
    try {
      Graph current = graph;
      for (Pass pass : passes.subList(0, stopAfter)) {
        current = apply(pass, current);
      }
      GraphVerifier.verify("passes", current);
      return current;
    } catch (FluidmlException e) {
      optimise(graph);
      throw e;
    }
  }

  /**
   * Runs the passes, verifies the graph before the first and after every one, and says what each
   * did.
   *
   * @throws VerificationException naming the pass and the node if a pass breaks the graph
   */
  public Optimised optimise(Graph graph) {
    List<PassRecord> records = new ArrayList<>();
    Graph current = graph;
    GraphVerifier.verify("import", current);
    for (int i = 0; i < stopAfter; i++) {
      Pass pass = passes.get(i);
      Graph before = current;
      long start = System.nanoTime();
      current = apply(pass, before);
      long nanos = System.nanoTime() - start;
      boolean changed = current != before;
      if (changed) {
        GraphVerifier.verify(pass.name(), current);
      }
      PassRecord record =
          new PassRecord(
              pass.name(), i, before.nodes().size(), current.nodes().size(), changed, nanos);
      records.add(record);
      observer.accept(record, current);
    }
    return new Optimised(current, records);
  }

  private static Graph apply(Pass pass, Graph graph) {
    try {
      return pass.run(graph);
    } catch (FluidmlException e) {
      throw e;
    } catch (RuntimeException e) {
      VerificationException failure =
          new VerificationException(pass.name(), "graph '" + graph.name() + "'", e.toString());
      failure.initCause(e);
      throw failure;
    }
  }

  /**
   * A graph after the passes.
   *
   * @param graph the graph
   * @param records what each pass did, in order
   */
  public record Optimised(Graph graph, List<PassRecord> records) {
    public Optimised {
      records = List.copyOf(records);
    }
  }
}
