package fluidml.onnx;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Control.Scan;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.ParametricFunction;
import fluidml.graph.op.Elementwise.ParametricUnary;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation.ConstantOfShape;
import fluidml.graph.op.Generation.DimTensor;
import fluidml.graph.op.Movement.Concat;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Slice;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.graph.op.Movement.Unsqueeze;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Operators with a state that is carried from call to call, built from core ops. */
final class Composites {
  private Composites() {}

  static void register(Operators to) {
    to.add("CausalConvWithState", 27, 2, 4, Composites::causalConv);
    to.add("LinearAttention", 27, 3, 6, Composites::linearAttention);
  }

  /** Zeros of a shape that may be symbolic. */
  private static Value zeros(Call c, DType dtype, Shape shape) {
    Value dims = c.add(new DimTensor(shape.dims(), Shape.of((long) shape.rank())));
    return c.add(new ConstantOfShape(Tensor.allocate(dtype, 1)), dims);
  }

  /** The state and the operand, joined, go through a depthwise convolution. */
  private static List<Value> causalConv(Call c) {
    boolean activated =
        c.attributes()
            .choice("activation", "none", Map.of("none", false, "silu", true, "swish", true));
    Value x = c.in(0);
    Shape shape = c.shape(x, 3);
    Shape kernel = c.shape(c.in(1), 3);
    long channels = constant(c, kernel.dim(0));
    long width = constant(c, kernel.dim(2));
    if (width < 1 || !kernel.dim(0).equals(shape.dim(1)) || !kernel.dim(1).is(1)) {
      throw c.invalid("a weight of " + kernel + " does not fit an input of " + shape);
    }
    Value state =
        c.has(3)
            ? c.in(3)
            : zeros(c, c.dtype(x), Shape.of(shape.dim(0), shape.dim(1), Dim.of(width - 1)));
    if (!c.shape(state, 3).dim(2).is(width - 1)) {
      throw c.invalid("past_state needs " + (width - 1) + " moments");
    }
    Value padded = c.add(new Concat(2), state, x);
    List<Long> one = List.of(1L);
    List<Long> zero = List.of(0L);
    Conv conv =
        new Conv(new Window(List.of(width), one, one, zero, zero, Padding.EXPLICIT), channels);
    Value y;
    if (activated) {
      Value linear = c.add(conv, padded, c.in(1), c.in(2));
      y = c.out(0, new ParametricUnary(ParametricFunction.SWISH, 1, 0), linear);
    } else {
      y = c.out(0, conv, padded, c.in(1), c.in(2));
    }
    SliceAxis last = new SliceAxis(2, shape.dim(2), Dim.of(width - 1), 1);
    return List.of(y, c.out(1, new Slice(List.of(last)), padded));
  }

  private static long constant(Call c, Dim dim) {
    return dim.constant()
        .orElseThrow(() -> c.unsupported("the extents of the weight must be constant"));
  }

  /** The rules of LinearAttention: whether the state decays, whether the write is corrected. */
  private enum Rule {
    LINEAR(false, false),
    GATED(true, false),
    DELTA(false, true),
    GATED_DELTA(true, true);

    private final boolean gated;
    private final boolean corrected;

    Rule(boolean gated, boolean corrected) {
      this.gated = gated;
      this.corrected = corrected;
    }
  }

  private static final Map<String, Rule> RULES =
      Map.of(
          "linear", Rule.LINEAR,
          "gated", Rule.GATED,
          "delta", Rule.DELTA,
          "gated_delta", Rule.GATED_DELTA);

  /** A scan over time in float32; heads become an axis, query heads of one state a second one. */
  private static List<Value> linearAttention(Call c) {
    Attributes a = c.attributes();
    a.ignore("chunk_size");
    Rule rule = a.choice("update_rule", "gated_delta", RULES);
    Dim heads = Dim.of(a.requiredInteger("kv_num_heads"));
    Dim queryHeads = Dim.of(a.requiredInteger("q_num_heads"));
    if (heads.is(0) || !queryHeads.mod(heads).is(0)) {
      throw c.invalid("q_num_heads must be a multiple of kv_num_heads");
    }
    if (c.has(4) != rule.gated || c.has(5) != rule.corrected) {
      throw c.invalid("decay or beta do not fit the update rule");
    }
    Shape packed = c.shape(c.in(0), 3);
    c.shape(c.in(1), 3);
    Dim batch = packed.dim(0);
    Dim time = packed.dim(1);
    Dim depth = packed.dim(2).floorDiv(queryHeads);
    Dim valueDepth = c.shape(c.in(2), 3).dim(2).floorDiv(heads);
    Dim group = queryHeads.floorDiv(heads);
    DType dtype = c.dtype(c.in(0));
    Shape stateShape = Shape.of(batch, heads, depth, valueDepth);
    List<Value> operands = new ArrayList<>();
    operands.add(c.has(3) ? c.cast(c.in(3), DType.FLOAT32) : zeros(c, DType.FLOAT32, stateShape));
    operands.add(unpacked(c, 0, batch, time, heads, group, depth));
    operands.add(unpacked(c, 1, batch, time, heads, depth));
    operands.add(unpacked(c, 2, batch, time, heads, valueDepth));
    if (rule.gated) {
      Dim last = c.shape(c.in(4), 3).dim(2);
      operands.add(unpacked(c, 4, batch, time, heads, last.floorDiv(heads)));
    }
    if (rule.corrected) {
      operands.add(unpacked(c, 5, batch, time, c.shape(c.in(5), 3).dim(2), Dim.ONE));
    }
    double given = a.real("scale", 0);
    OptionalDouble scale = given == 0 ? OptionalDouble.empty() : OptionalDouble.of(given);
    int scanned = operands.size() - 1;
    Scan scan =
        new Scan(
            step(rule, operands, stateShape),
            1,
            Collections.nCopies(scanned, 1),
            Collections.nCopies(scanned, false),
            List.of(1),
            List.of(false));
    List<Value> results = c.addAll(scan, operands, 2);
    Value flat = c.reshape(results.get(1), batch, time, queryHeads.times(valueDepth));
    Value factor = Attentions.scale(c, scale, depth, DType.FLOAT32);
    Value scaled = c.times(flat, factor);
    DType stateType = c.has(3) ? c.dtype(c.in(3)) : dtype;
    return List.of(
        c.out(0, new Cast(dtype), scaled), c.out(1, new Cast(stateType), results.getFirst()));
  }

  private static Value unpacked(Call c, int operand, Dim... dims) {
    return c.cast(c.add(new Reshape(Shape.of(dims)), c.in(operand)), DType.FLOAT32);
  }

  /** The body: (state, q, k, v, decay?, beta?) of one moment to (state, output). */
  private static Graph step(Rule rule, List<Value> operands, Shape stateShape) {
    GraphBuilder g = new GraphBuilder("linear_attention_step");
    List<Value> in = new ArrayList<>();
    in.add(g.input("state", Type.tensor(DType.FLOAT32, stateShape)));
    List<String> names = new ArrayList<>(List.of("q", "k", "v"));
    if (rule.gated) {
      names.add("decay");
    }
    if (rule.corrected) {
      names.add("beta");
    }
    for (int i = 0; i < names.size(); i++) {
      List<Dim> dims = new ArrayList<>(operands.get(i + 1).shape().dims());
      dims.remove(1);
      in.add(g.input(names.get(i), Type.tensor(DType.FLOAT32, new Shape(dims))));
    }
    Value state = in.getFirst();
    Value key = g.add(new Unsqueeze(List.of(3)), in.get(2));
    Value value = g.add(new Unsqueeze(List.of(2)), in.get(3));
    if (rule.gated) {
      Value factor = g.add(new Unary(UnaryFunction.EXP), in.get(4));
      state =
          g.add(new Binary(BinaryFunction.MUL), state, g.add(new Unsqueeze(List.of(3)), factor));
    }
    if (rule.corrected) {
      Value row = g.add(new Unsqueeze(List.of(2)), in.get(2));
      Value retrieved = g.add(new MatMul(), row, state);
      Value beta = g.add(new Unsqueeze(List.of(3)), in.getLast());
      Value error = g.add(new Binary(BinaryFunction.SUB), value, retrieved);
      value = g.add(new Binary(BinaryFunction.MUL), beta, error);
    }
    Value written = g.add(new Binary(BinaryFunction.MUL), key, value);
    state = g.add(new Binary(BinaryFunction.ADD), state, written);
    g.output(state);
    g.output(g.add(new MatMul(), in.get(1), state));
    return g.build();
  }
}
