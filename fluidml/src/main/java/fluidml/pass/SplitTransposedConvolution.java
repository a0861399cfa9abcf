package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Op;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Turns a transposed convolution with strides into plain ones, whose results interleave: elements
 * {@code e, e + s, e + 2s, …} of the result along an axis of stride s need every s-th tap only. As
 * one convolution it would multiply by the zeros between the elements of its operand: four times as
 * much for strides of two. What is applied to the result alone is applied to the parts.
 *
 * <pre>
 * before: return Relu(ConvTranspose{kernel=4, stride=2, pads=1}(x, w, b))
 * after:  even = Relu(Conv{kernel=2, pads=[1, 0]}(x, w[taps 3, 1], b))
 *         odd = Relu(Conv{kernel=2, pads=[0, 1]}(x, w[taps 2, 0], b))
 *         return Reshape(Concat{last}(Reshape(even), Reshape(odd)))
 * </pre>
 */
public final class SplitTransposedConvolution implements Pass {
  /** More convolutions than this are not worth it. */
  private static final long MOST_PARTS = 64;

  private static final List<Rule> WITH_FUNCTION =
      List.of(
          Rule.of(
              "a function of a transposed convolution is one of its parts",
              Unary.class,
              SplitTransposedConvolution::applied),
          Rule.of(
              "a function of a transposed convolution is one of its parts",
              ParametricUnary.class,
              SplitTransposedConvolution::applied));

  private static final List<Rule> ALONE =
      List.of(
          Rule.of(
              "a transposed convolution is several that interleave",
              ConvTranspose.class,
              (node, g) -> split(node, Optional.empty(), g)));

  @Override
  public String name() {
    return "split-transposed-convolution";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(Rewriter.rewrite(graph, WITH_FUNCTION), ALONE);
  }

  private static Optional<Value> applied(Node node, Rewriter g) {
    Value operand = node.input(0);
    return g.producer(operand)
        .filter(n -> n.op() instanceof ConvTranspose && g.isSingleUse(operand))
        .flatMap(n -> split(n, Optional.of(node.op()), g));
  }

  /**
   * One of the parts along an axis.
   *
   * @param firstTap the tap that comes first, counted backwards
   * @param taps number of taps
   * @param before zeros before the operand; negative: elements that are not read
   * @param after zeros after it
   */
  private record Part(long firstTap, long taps, long before, long after) {}

  /** The geometry of an axis: its parts, and the extents of each and of all. */
  private record Axis(long stride, List<Part> parts, Dim extent, Dim whole) {}

  private static Optional<Value> split(Node node, Optional<Op> function, Rewriter g) {
    ConvTranspose op = (ConvTranspose) node.op();
    Window window = op.window();
    Value x = node.input(0);
    Value weights = node.input(1);
    if (x.knownShape().isEmpty()
        || node.output().knownShape().isEmpty()
        || g.constant(weights).isEmpty()
        || !weights.dtype().isFloat()
        || window.dilations().stream().anyMatch(d -> d != 1)) {
      return Optional.empty();
    }
    List<Axis> axes = new ArrayList<>();
    long parts = 1;
    for (int a = 0; a < window.rank(); a++) {
      Optional<Axis> axis = axis(op, a, x.shape().dim(a + 2), node.output().shape().dim(a + 2));
      if (axis.isEmpty()) {
        return Optional.empty();
      }
      axes.add(axis.get());
      parts *= axis.get().stride;
    }
    if (parts < 2 || parts > MOST_PARTS) {
      return Optional.empty();
    }
    Tensor filters = g.constant(weights).get();
    return Optional.of(new Interleaving(node, op, axes, filters, function, g).value());
  }

  private static Optional<Axis> axis(ConvTranspose op, int a, Dim input, Dim output) {
    Window window = op.window();
    long stride = window.strides().get(a);
    long kernel = window.kernel().get(a);
    boolean plain =
        op.outputShape().isEmpty()
            && (window.padding() == Padding.EXPLICIT || window.padding() == Padding.VALID);
    OptionalLong reach = output.minus(input.plus(-1).times(stride)).constant();
    if (!plain || kernel < stride || reach.isEmpty()) {
      return Optional.empty();
    }
    long pad = window.padding() == Padding.EXPLICIT ? window.padsBegin().get(a) : 0;
    long more = Math.ceilDiv(reach.getAsLong(), stride) - 1;
    List<Part> parts = new ArrayList<>();
    for (long element = 0; element < stride; element++) {
      long first = (element + pad) % stride;
      long shift = (element + pad) / stride;
      long taps = Math.ceilDiv(kernel - first, stride);
      Part part = new Part(first + stride * (taps - 1), taps, taps - 1 - shift, more + shift);
      long unread = Math.max(0, -part.before) + Math.max(0, -part.after);
      if (unread > 0 && (!input.isConstant() || input.constant().getAsLong() <= unread)) {
        return Optional.empty();
      }
      parts.add(part);
    }
    return Optional.of(new Axis(stride, parts, input.plus(more), output));
  }

  /**
   * Some taps of filters {@code [channels, filters / groups, …]} as filters {@code [filters,
   * channels / groups, …]}.
   */
  private static Tensor filters(Tensor weights, long groups, List<Axis> axes, List<Part> chosen) {
    long[] dims = weights.dims();
    long channels = dims[0] / groups;
    long[] turned = dims.clone();
    turned[0] = dims[1] * groups;
    turned[1] = channels;
    List<Long> taps = List.of(0L);
    for (int a = 0; a < axes.size(); a++) {
      Part part = chosen.get(a);
      turned[a + 2] = part.taps;
      List<Long> more = new ArrayList<>();
      for (long tap : taps) {
        for (long t = 0; t < part.taps; t++) {
          more.add(tap * dims[a + 2] + part.firstTap - t * axes.get(a).stride);
        }
      }
      taps = more;
    }
    long allTaps = Arrays.stream(dims, 2, dims.length).reduce(1, (m, n) -> m * n);
    Tensor result = Tensor.allocate(weights.dtype(), turned);
    long bytes = weights.dtype().byteSize(1);
    long to = 0;
    for (long filter = 0; filter < turned[0]; filter++) {
      long group = filter / dims[1];
      for (long channel = group * channels; channel < (group + 1) * channels; channel++) {
        long from = (channel * dims[1] + filter % dims[1]) * allTaps;
        for (long tap : taps) {
          long source = (from + tap) * bytes;
          MemorySegment.copy(weights.data(), source, result.data(), to, bytes);
          to += bytes;
        }
      }
    }
    return result;
  }

  /** The parts of one transposed convolution and how they are put together. */
  private record Interleaving(
      Node node,
      ConvTranspose op,
      List<Axis> axes,
      Tensor weights,
      Optional<Op> function,
      Rewriter g) {

    Value value() {
      Value all = concat(List.of());
      List<Dim> extents = new ArrayList<>(node.output().shape().dims().subList(0, 2));
      List<SliceAxis> cut = new ArrayList<>();
      for (int a = 0; a < axes.size(); a++) {
        Dim extent = axes.get(a).extent.times(axes.get(a).stride);
        extents.add(extent);
        if (!extent.equals(axes.get(a).whole)) {
          cut.add(new SliceAxis(a + 2, Dim.ZERO, axes.get(a).whole, 1));
        }
      }
      Value joined = g.emit(new Reshape(new Shape(extents)), all);
      return cut.isEmpty() ? joined : g.emit(new Slice(cut), joined);
    }

    /** The parts that begin with some of the first axes', side by side on an axis of their own. */
    private Value concat(List<Part> chosen) {
      if (chosen.size() == axes.size()) {
        return part(chosen);
      }
      Axis axis = axes.get(chosen.size());
      List<Value> operands = new ArrayList<>();
      for (Part part : axis.parts) {
        List<Part> more = new ArrayList<>(chosen);
        more.add(part);
        operands.add(concat(more));
      }
      return operands.size() == 1
          ? operands.getFirst()
          : g.emit(new Concat(2 * chosen.size() + 3), operands.toArray(Value[]::new));
    }

    private Value part(List<Part> chosen) {
      List<SliceAxis> read = new ArrayList<>();
      List<Long> kernel = new ArrayList<>();
      List<Long> before = new ArrayList<>();
      List<Long> after = new ArrayList<>();
      Value x = node.input(0);
      List<Dim> extents = new ArrayList<>(node.output().shape().dims().subList(0, 2));
      for (int a = 0; a < chosen.size(); a++) {
        Part part = chosen.get(a);
        Axis axis = axes.get(a);
        kernel.add(part.taps);
        before.add(Math.max(0, part.before));
        after.add(Math.max(0, part.after));
        long skipped = Math.max(0, -part.before);
        long left = Math.max(0, -part.after);
        if (skipped + left > 0) {
          Dim size = x.shape().dim(a + 2).plus(-skipped - left);
          read.add(new SliceAxis(a + 2, Dim.of(skipped), size, 1));
        }
        extents.add(axis.extent);
        extents.add(Dim.ONE);
      }
      List<Long> ones = Collections.nCopies(kernel.size(), 1L);
      Window window = new Window(kernel, ones, ones, before, after, Padding.EXPLICIT);
      List<Value> operands = new ArrayList<>(node.inputs());
      operands.set(0, read.isEmpty() ? x : g.emit(new Slice(read), x));
      operands.set(1, g.constant(filters(weights, op.groups(), axes, chosen)));
      Value part = g.emit(new Conv(window, op.groups()), operands.toArray(Value[]::new));
      Value result = function.isPresent() ? g.emit(function.get(), part) : part;
      return g.emit(new Reshape(new Shape(extents)), result);
    }
  }
}
