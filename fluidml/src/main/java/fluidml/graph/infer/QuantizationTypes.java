package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Quantization;
import fluidml.graph.op.Quantization.DequantizeLinear;
import fluidml.graph.op.Quantization.DynamicQuantizeLinear;
import fluidml.graph.op.Quantization.QuantizeLinear;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/** Result types of the ops between real numbers and their quantised forms. */
final class QuantizationTypes {
  private QuantizationTypes() {}

  static List<Type> infer(Site site, Quantization op) {
    return switch (op) {
      case QuantizeLinear quantize -> {
        site.arity(2, 3);
        site.requireNumber(0);
        scales(site, quantize.axis());
        DType zero = site.has(2) ? site.dtype(2) : DType.UINT8;
        yield site.one(quantize.to().orElse(zero), site.shape(0));
      }
      case DequantizeLinear dequantize -> {
        site.arity(2, 3);
        site.sameType(0, 2);
        scales(site, dequantize.axis());
        yield site.one(dequantize.to().orElseGet(() -> site.requireFloat(1)), site.shape(0));
      }
      case DynamicQuantizeLinear _ -> {
        site.arity(1, 1);
        site.requireFloat(0);
        yield site.firstOf(
            new Type.TensorType(DType.UINT8, site.shape(0)),
            Type.tensor(DType.FLOAT32, Shape.SCALAR),
            Type.tensor(DType.UINT8, Shape.SCALAR));
      }
    };
  }

  private static void scales(Site site, int axis) {
    Optional<Shape> x = site.shape(0);
    Optional<Shape> scale = site.shape(1);
    boolean perAxis = scale.isPresent() && scale.get().rank() == 1 && !scale.get().dim(0).is(1);
    if (x.isPresent() && perAxis) {
      site.axis(axis, x.get().rank());
    }
  }
}
