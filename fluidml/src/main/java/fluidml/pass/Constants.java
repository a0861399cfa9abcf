package fluidml.pass;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;

/** Reading and making constants. */
final class Constants {
  private Constants() {}

  /** The number in a real-valued tensor of one element. */
  static OptionalDouble scalar(Optional<Tensor> tensor) {
    return tensor.isPresent()
            && tensor.get().elements() == 1
            && tensor.get().dtype().kind() != DType.Kind.STRING
            && tensor.get().dtype().kind() != DType.Kind.COMPLEX
        ? OptionalDouble.of(tensor.get().getDouble(0))
        : OptionalDouble.empty();
  }

  /** A scalar of a real type. */
  static Tensor scalar(DType dtype, double value) {
    Tensor tensor = Tensor.allocate(dtype);
    tensor.setDouble(0, value);
    return tensor;
  }

  /** A tensor of the type and extents of {@code model} that is {@code value} everywhere. */
  static Tensor like(Tensor model, double value) {
    Tensor tensor = Tensor.allocate(model.dtype(), model.dims());
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, value);
    }
    return tensor;
  }

  /** The elements changed one by one. */
  static Tensor map(Tensor tensor, DoubleUnaryOperator function) {
    Tensor result = Tensor.allocate(tensor.dtype(), tensor.dims());
    for (long i = 0; i < tensor.elements(); i++) {
      result.setDouble(i, function.applyAsDouble(tensor.getDouble(i)));
    }
    return result;
  }
}
