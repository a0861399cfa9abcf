package fluidml.lower;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.Vision;
import fluidml.loop.ScalarType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides where every value lies: on a buffer of its own, in some axis order, or as a view on
 * another value's buffer. Views cost nothing at run time: Reshape, Transpose, Slice, Split and
 * Expand where strides can express them, and operands of Concat that are computed straight into
 * their part of the result.
 *
 * <p>Results of convolutions and pooling, and what is elementwise over them, normalised or resized
 * from them or concatenated of their channels, lie channels last, because their kernels read and
 * write vectors of channels; everything else is row-major, where {@link Decisions} do not say
 * otherwise.
 */
public final class Storage {
  /** Below, vectors of channels are too short to resize by. */
  static final int FEW_CHANNELS = 16;

  private final Graph graph;
  private final Set<String> symbols;
  private final Decisions decisions;
  private final Map<Value, View> views = new HashMap<>();
  private final Set<Node> viewNodes = new HashSet<>();
  private final Map<Value, Value> placedIn = new HashMap<>();

  /**
   * Decides for a graph.
   *
   * @param symbols the symbols that are known once the input shapes are
   * @param decisions whose orders of axes go before the rule
   */
  public Storage(Graph graph, Set<String> symbols, Decisions decisions) {
    this.graph = graph;
    this.symbols = symbols;
    this.decisions = decisions;
    graph.inputs().stream().filter(this::isPlannable).forEach(v -> views.put(v, View.rowMajor(v)));
    for (Node node : graph.nodes()) {
      assign(node);
    }
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      if (node.op() instanceof Movement.Concat concat && isPlanned(node)) {
        placeOperands(node, concat);
      }
    }
    if (!placedIn.isEmpty()) {
      rebuildViews();
    }
  }

  /**
   * What was decided before.
   *
   * @param symbols the symbols that are known once the input shapes are
   * @param decided where plannable values lie, at least those that steps and outputs refer to
   */
  public Storage(Graph graph, Set<String> symbols, Map<Value, View> decided) {
    this.graph = graph;
    this.symbols = symbols;
    this.decisions = Decisions.NONE;
    views.putAll(decided);
  }

  /**
   * Whether a value has a place in planned memory: a tensor whose extents are known at bind time.
   */
  public boolean isPlannable(Value value) {
    return value.isPresent()
        && value.knownShape().isPresent()
        && ScalarType.ofStorage(value.dtype()).isPresent()
        && value.shape().dims().stream().allMatch(d -> symbols.containsAll(d.symbols()));
  }

  /** Where a plannable value lies. */
  public View view(Value value) {
    View view = views.get(value);
    if (view == null) {
      throw new IllegalArgumentException("'" + value.name() + "' has no place in planned memory");
    }
    return view;
  }

  /** Whether the node's results are views, so that nothing has to be computed. */
  public boolean isView(Node node) {
    return viewNodes.contains(node);
  }

  /**
   * Whether operand {@code value} of a Concat is computed in place, so that nothing has to be
   * copied.
   */
  public boolean isInPlace(Value value, Value concatenated) {
    return concatenated.equals(placedIn.get(value));
  }

  private boolean isPlanned(Node node) {
    return node.outputs().stream().allMatch(this::isPlannable)
        && node.inputs().stream().allMatch(v -> !v.isPresent() || isPlannable(v));
  }

  private void assign(Node node) {
    if (!isPlanned(node)) {
      node.outputs().stream()
          .filter(this::isPlannable)
          .forEach(v -> views.put(v, View.rowMajor(v)));
      return;
    }
    Optional<List<View>> aliases = aliases(node).filter(views -> suitOutputs(node, views));
    for (int i = 0; i < node.outputs().size(); i++) {
      Value output = node.output(i);
      if (aliases.isPresent()) {
        views.put(output, aliases.get().get(i));
      } else {
        views.put(output, own(node, output));
      }
    }
    if (aliases.isPresent()) {
      viewNodes.add(node);
    }
  }

  /**
   * Whether results that callers get lie as callers get them: else a kernel copies them, with all
   * threads, and not whoever hands them over.
   */
  private boolean suitOutputs(Node node, List<View> aliases) {
    for (int i = 0; i < aliases.size(); i++) {
      if (graph.isOutput(node.output(i)) && !aliases.get(i).isRowMajor()) {
        return false;
      }
    }
    return true;
  }

  private Optional<List<View>> aliases(Node node) {
    if (node.inputs().isEmpty()) {
      return Optional.empty();
    }
    View x = views.get(node.input(0));
    return switch (node.op()) {
      case Movement.Reshape reshape -> x.reshaped(reshape.shape()).map(List::of);
      case Movement.Transpose transpose ->
          Optional.of(List.of(x.transposed(transpose.permutation())));
      case Movement.Slice slice -> Optional.of(List.of(x.sliced(slice.axes())));
      case Movement.Expand expand -> Optional.of(List.of(x.broadcast(expand.shape())));
      case Movement.Split split -> {
        List<View> parts = new ArrayList<>();
        Dim start = Dim.ZERO;
        for (Dim size : split.sizes()) {
          parts.add(
              x.sliced(List.of(new SliceAxis(axis(split.axis(), x.shape()), start, size, 1))));
          start = start.plus(size);
        }
        yield Optional.of(parts);
      }
      case Elementwise.Unary unary when unary.function() == Elementwise.UnaryFunction.IDENTITY ->
          Optional.of(List.of(x));
      default -> Optional.empty();
    };
  }

  /** The view of a computed result on a buffer of its own. */
  private View own(Node node, Value output) {
    int rank = output.shape().rank();
    Optional<List<Integer>> order = decisions.order(output.name(), rank);
    if (order.isPresent() && !graph.isOutput(output)) {
      return View.permuted(output, order.get());
    }
    Optional<List<Integer>> image =
        node.op() instanceof Movement.Pad ? byteImage(output) : Optional.empty();
    if (image.isPresent() && !graph.isOutput(output)) {
      return View.permuted(output, image.get());
    }
    boolean channelsLast =
        switch (node.op()) {
          case Contraction.Conv _,
              Contraction.ConvInteger _,
              Contraction.ConvTranspose _,
              Reduction.MaxPool _,
              Reduction.AveragePool _ ->
              rank >= 3;
          case Elementwise _ ->
              rank >= 3
                  && node.inputs().stream()
                      .anyMatch(
                          v ->
                              v.isPresent()
                                  && v.shape().equals(output.shape())
                                  && hasChannelsInside(views.get(v)));
          case Movement.Concat concat ->
              rank >= 3
                  && axis(concat.axis(), output.shape()) >= 1
                  && node.inputs().stream().anyMatch(v -> hasChannelsInside(views.get(v)));
          case Normalization.InstanceNorm _,
              Normalization.GroupNorm _,
              Normalization.BatchNorm _,
              Normalization.LpNorm _,
              Reduction.Softmax _,
              Reduction.LogSoftmax _,
              Movement.Pad _ ->
              rank >= 3 && hasChannelsInside(views.get(node.input(0)));
          case Vision.Resize _ ->
              rank >= 3
                  && hasChannelsInside(views.get(node.input(0)))
                  && output.shape().dim(1).constant().orElse(FEW_CHANNELS) >= FEW_CHANNELS;
          default -> false;
        };
    if (!channelsLast || graph.isOutput(output)) {
      return View.rowMajor(output);
    }
    return View.permuted(output, channelsLast(rank));
  }

  /** The order of axes for a convolution of integers that reads a value, if one does. */
  private Optional<List<Integer>> byteImage(Value value) {
    return graph.uses(value).stream()
        .filter(user -> user.input(0).equals(value))
        .map(Node::op)
        .filter(Contraction.ConvInteger.class::isInstance)
        .map(op -> ByteOperands.imageOrder(((Contraction.ConvInteger) op).window(), value.shape()))
        .findFirst();
  }

  /** The order of axes in which channels, axis 1, are innermost. */
  static List<Integer> channelsLast(int rank) {
    List<Integer> order = new ArrayList<>(List.of(0));
    for (int i = 2; i < rank; i++) {
      order.add(i);
    }
    order.add(1);
    return order;
  }

  /** Whether neighbouring channels are neighbours in memory, and neighbours in space are not. */
  private static boolean hasChannelsInside(View view) {
    List<Dim> strides = view.strides();
    return strides.get(1).is(1)
        && !view.shape().dim(1).is(1)
        && !strides.getLast().is(1)
        && !strides.getLast().is(0);
  }

  private boolean isChannelsLast(View view) {
    return view.root().shape().equals(view.shape())
        && view.equals(View.permuted(view.root(), channelsLast(view.shape().rank())))
        && !view.isRowMajor();
  }

  /**
   * Lets the producers of a Concat's operands write into the result, where nothing else decides
   * otherwise.
   */
  private void placeOperands(Node node, Movement.Concat concat) {
    int axis = axis(concat.axis(), node.output().shape());
    Set<Value> seen = new HashSet<>();
    for (Value operand : node.inputs()) {
      Optional<Node> producer = graph.producer(operand);
      boolean free =
          seen.add(operand)
              && producer.isPresent()
              && !(producer.get().op() instanceof Generation)
              && !isView(producer.get())
              && isPlanned(producer.get())
              && !placedIn.containsKey(operand)
              && !graph.isOutput(operand)
              && node.inputs().stream().filter(operand::equals).count() == 1
              && views.get(operand).root().equals(operand)
              && (views.get(operand).isRowMajor() || isChannelsLast(views.get(operand)))
              && axis < node.output().shape().rank();
      if (free) {
        placedIn.put(operand, node.output());
      }
    }
  }

  /** Computes every view again, now that some results are placed inside others. */
  private void rebuildViews() {
    viewNodes.clear();
    Map<Value, View> own = new HashMap<>(views);
    views.clear();
    graph.inputs().stream().filter(this::isPlannable).forEach(v -> views.put(v, View.rowMajor(v)));
    Map<Value, View> placed = new HashMap<>();
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      if (!(node.op() instanceof Movement.Concat concat) || !isPlanned(node)) {
        continue;
      }
      View whole = placed.getOrDefault(node.output(), own.get(node.output()));
      placed.put(node.output(), whole);
      int axis = axis(concat.axis(), node.output().shape());
      Dim start = Dim.ZERO;
      for (Value operand : node.inputs()) {
        Dim size = operand.shape().dim(axis);
        if (isInPlace(operand, node.output())) {
          placed.put(operand, whole.sliced(List.of(new SliceAxis(axis, start, size, 1))));
        }
        start = start.plus(size);
      }
    }
    for (Node node : graph.nodes()) {
      assign(node);
      for (Value output : node.outputs()) {
        View view = placed.get(output);
        if (view != null) {
          views.put(output, view);
        }
      }
    }
  }

  private static int axis(int axis, Shape shape) {
    return axis < 0 ? axis + shape.rank() : axis;
  }

  /** The plannable tensor types' element count in bytes, for a value that owns a buffer. */
  public static Dim bytes(Value root) {
    Type.TensorType type = (Type.TensorType) root.type();
    return root.shape().elements().times(type.dtype().bytes());
  }
}
