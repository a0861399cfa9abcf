package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Quantization.DequantizeLinear;
import fluidml.graph.op.Quantization.DynamicQuantizeLinear;
import fluidml.graph.op.Quantization.QuantizeLinear;
import java.util.List;

/** Operators between real numbers and their quantised forms. */
final class Quantizations {
  private Quantizations() {}

  static void register(Operators to) {
    to.add("QuantizeLinear", 10, 2, 3, Quantizations::quantize);
    to.add("DequantizeLinear", 10, 2, 3, Quantizations::dequantize);
    to.add(
        "DynamicQuantizeLinear",
        11,
        1,
        1,
        c -> c.outExactly(new DynamicQuantizeLinear(), c.operands(), 3));
  }

  /** The axis is only looked at when the scale is not a scalar, so it need not fit the rank. */
  private static int axis(Call c) {
    long axis = c.attributes().integer("axis", 1);
    return c.in(1).knownShape().map(s -> s.rank() == 0).orElse(false)
            || c.in(0).knownShape().map(s -> axis >= s.rank()).orElse(true)
        ? Math.clamp(axis, Integer.MIN_VALUE, Integer.MAX_VALUE)
        : c.axis(axis, c.in(0));
  }

  private static List<Value> quantize(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new QuantizeLinear(
            axis(c),
            a.integer("block_size", 0),
            a.flag("saturate", true),
            a.dtype("output_dtype"),
            a.dtype("precision")),
        c.operands());
  }

  private static List<Value> dequantize(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new DequantizeLinear(axis(c), a.integer("block_size", 0), a.dtype("output_dtype")),
        c.operands());
  }
}
