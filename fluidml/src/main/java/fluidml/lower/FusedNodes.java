package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Elementwise nodes over one index space as code inside any loop nest: the epilogue or prologue of
 * an anchor, or a whole elementwise cluster. Operands from outside are loaded by their views,
 * broadcast to the space; common numbers become part of the code.
 *
 * <p>Use: check {@link #refusal}, choose a vector axis with {@link #isVectorisable} and lanes with
 * {@link #lanes}, then {@link #write} at every point of the space.
 */
public final class FusedNodes {
  private final UnaryOperator<View> placement;
  private final List<Node> nodes;
  private final Map<Value, BufferView> loaded = new LinkedHashMap<>();
  private final Map<Value, BufferView> stored = new LinkedHashMap<>();
  private final Map<Value, Expr> constants = new HashMap<>();
  private final Set<Value> consumed = new HashSet<>();

  /**
   * Declares the buffers and sizes that the nodes need.
   *
   * @param space the index space; the shape of every value that the nodes compute
   * @param nodes elementwise, in execution order
   * @param given values that {@link #write} gets as expressions, e.g. the anchor's result
   * @param results values, given or computed, that are written to memory at every point
   */
  public FusedNodes(
      CallBuilder call,
      Lowering.Context context,
      Shape space,
      List<Node> nodes,
      Collection<Value> given,
      Collection<Value> results) {
    this(call, context, space, UnaryOperator.identity(), nodes, given, results);
  }

  /**
   * Declares the buffers and sizes that the nodes need.
   *
   * @param space the index space; the shape of every value that the nodes compute
   * @param placement from a view of the shape of the space to one whose axes are what {@link
   *     Point}s refer to, e.g. {@link LoopSpace#apply}
   * @param nodes elementwise, in execution order
   * @param given values that {@link #write} gets as expressions, e.g. the anchor's result
   * @param results values, given or computed, that are written to memory at every point
   */
  public FusedNodes(
      CallBuilder call,
      Lowering.Context context,
      Shape space,
      UnaryOperator<View> placement,
      List<Node> nodes,
      Collection<Value> given,
      Collection<Value> results) {
    this.placement = placement;
    this.nodes = List.copyOf(nodes);
    Set<Value> known = new HashSet<>(given);
    for (Node node : nodes) {
      for (Value operand : node.inputs()) {
        if (operand.isPresent() && known.add(operand)) {
          external(call, context, space, operand);
        }
      }
      known.addAll(node.outputs());
      consumed.addAll(node.inputs());
    }
    for (Value result : results) {
      stored.put(result, call.write(placement.apply(context.view(result))));
    }
    if (!stored.isEmpty()) {
      readPointwise(call, stored.values());
    }
  }

  /**
   * Promises of every operand that it is read only where these results are written, and before
   * them.
   */
  void readPointwise(CallBuilder call, Collection<BufferView> results) {
    loaded.values().forEach(operand -> call.readPointwise(operand, results));
  }

  private void external(CallBuilder call, Lowering.Context context, Shape space, Value operand) {
    Optional<Tensor> tensor = context.constant(operand);
    if (tensor.isPresent() && tensor.get().elements() == 1 && isCommon(tensor.get())) {
      constants.put(operand, ElementwiseExpressions.constant(tensor.get()));
    } else {
      loaded.put(operand, call.read(placement.apply(context.view(operand).broadcast(space))));
    }
  }

  /**
   * Whether a number is one that many models have, such as 0.5 or 6: it becomes part of the code.
   * Others, such as scales of quantisation, are loaded, so that kernels that differ in them only
   * are shared.
   */
  private static boolean isCommon(Tensor tensor) {
    if (!tensor.dtype().isFloat()) {
      return tensor.dtype() == DType.BOOL || Math.abs(tensor.getLong(0)) <= 256;
    }
    double value = tensor.getDouble(0);
    return !(Math.abs(value) <= 256) || Math.rint(value * 16) == value * 16;
  }

  /** Why some node cannot be computed in a kernel, if one cannot. */
  public static Optional<String> refusal(Collection<Node> nodes) {
    return nodes.stream()
        .map(ElementwiseExpressions::refusal)
        .flatMap(Optional::stream)
        .findFirst();
  }

  /**
   * The lanes in which all nodes can be computed and all their values held, at most {@code lanes}.
   */
  public static int lanes(Collection<Node> nodes, Lowering.Context context, int lanes) {
    int possible = lanes;
    for (Node node : nodes) {
      possible =
          Math.min(
              possible, ElementwiseExpressions.lanes(node, context.target(), context::constant));
    }
    return possible;
  }

  /** An estimate of the arithmetic operations per element. */
  public static int work(Collection<Node> nodes) {
    return nodes.stream().mapToInt(ElementwiseExpressions::work).sum();
  }

  /**
   * Whether vectors along an axis can be loaded and stored: every operand from outside is dense or
   * constant along it, and every result dense.
   */
  public boolean isVectorisable(int axis) {
    return loaded.values().stream().allMatch(v -> v.isDense(axis) || v.isConstant(axis))
        && stored.values().stream().allMatch(v -> v.isDense(axis));
  }

  /** The operands that are loaded, with their views broadcast to the space. */
  public Map<Value, BufferView> loads() {
    return Collections.unmodifiableMap(loaded);
  }

  /** The results that are stored. */
  public Map<Value, BufferView> stores() {
    return Collections.unmodifiableMap(stored);
  }

  /**
   * Loads the operands that do not change along some axes, for use at many points.
   *
   * @param at a point of the space whose indices on the other axes are those of the points to come
   * @param axes along which the points to come differ
   */
  public Map<Value, Expr> preload(BodyBuilder body, Point at, Collection<Integer> axes) {
    Map<Value, Expr> values = new HashMap<>();
    loaded.forEach(
        (value, view) -> {
          if (axes.stream().allMatch(view::isConstant)) {
            values.put(value, body.let("c", body.load(view.buffer(), view.index(at.indices()))));
          }
        });
    return values;
  }

  /**
   * Computes all nodes at a point and stores the results.
   *
   * @param given values already in registers: those announced to the constructor, and any preloaded
   *     ones
   * @return every value that is known afterwards; of those that are only stored, what was stored
   *     before it was kept to its element type
   */
  public Map<Value, Expr> write(BodyBuilder body, Point at, Map<Value, Expr> given) {
    Map<Value, Expr> values = new HashMap<>(constants);
    values.putAll(given);
    for (Map.Entry<Value, BufferView> load : loaded.entrySet()) {
      if (!values.containsKey(load.getKey())) {
        values.put(load.getKey(), body.let("x", load(body, load.getValue(), at)));
      }
    }
    for (Node node : nodes) {
      boolean storedOnly = stored.containsKey(node.output()) && !consumed.contains(node.output());
      Expr result =
          storedOnly
              ? ElementwiseExpressions.unfitted(body, node, values)
              : ElementwiseExpressions.write(body, node, values);
      values.put(node.output(), body.let("t", result));
    }
    stored.forEach((value, view) -> store(body, view, at, values.get(value)));
    return values;
  }

  /** Loads a view at a point: one element where it does not change along the vector axis. */
  public static Expr load(BodyBuilder body, BufferView view, Point at) {
    Expr index = view.index(at.indices());
    return at.lanes() == 1 || view.isConstant(at.vectorAxis())
        ? body.load(view.buffer(), index)
        : body.load(view.buffer(), index, at.lanes(), at.mask());
  }

  /** Stores a value, spread over the lanes if it is a scalar. */
  public static void store(BodyBuilder body, BufferView view, Point at, Expr value) {
    body.store(view.buffer(), view.index(at.indices()), Exprs.spread(value, at.lanes()), at.mask());
  }
}
