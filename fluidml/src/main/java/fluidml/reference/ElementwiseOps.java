package fluidml.reference;

import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/** Computes the ops of {@link Elementwise}. */
final class ElementwiseOps {
  private ElementwiseOps() {}

  static List<Datum> execute(Elementwise op, Operands operands) {
    if (op instanceof Elementwise.Unary(var function) && function == UnaryFunction.IDENTITY) {
      return List.of(operands.datum(0));
    }
    Tensor x = operands.tensor(0);
    return Operands.result(
        switch (op) {
          case Elementwise.Unary(var function) -> unary(function, x);
          case Elementwise.ParametricUnary(var function, double alpha, double beta) ->
              Loops.mapReal(x, x.dtype(), ScalarFunctions.real(function, alpha, beta));
          case Elementwise.Binary(var function) -> binary(function, x, operands.tensor(1));
          case Elementwise.Where() -> where(x, operands.tensor(1), operands.tensor(2));
          case Elementwise.Clip() ->
              clip(x, operands.optionalTensor(1), operands.optionalTensor(2));
          case Elementwise.IsInf(boolean negative, boolean positive) ->
              Loops.mapReal(
                  x,
                  DType.BOOL,
                  v -> Double.isInfinite(v) && (v < 0 ? negative : positive) ? 1 : 0);
          case Elementwise.Cast cast -> Casts.cast(cast, x);
          case Elementwise.BitCast(DType to) -> Tensor.wrap(to, x.data(), x.dims());
        });
  }

  private static Tensor unary(UnaryFunction function, Tensor x) {
    DType to = function == UnaryFunction.IS_NAN ? DType.BOOL : x.dtype();
    if (!x.dtype().isFloat()) {
      Optional<LongUnaryOperator> exact = ScalarFunctions.integer(function, x.dtype());
      if (exact.isPresent()) {
        return Loops.mapLong(x, to, exact.get());
      }
    }
    return Loops.mapReal(x, to, ScalarFunctions.real(function));
  }

  private static Tensor binary(BinaryFunction function, Tensor a, Tensor b) {
    DType to = function.isComparison() ? DType.BOOL : a.dtype();
    if (a.dtype() == DType.STRING && function == BinaryFunction.EQUAL) {
      return Loops.zip(
          a,
          b,
          to,
          (y, at, step, count) -> {
            for (long i = 0; i < count; i++) {
              String left = a.getString(at[1] + i * step[1]);
              boolean same = left.equals(b.getString(at[2] + i * step[2]));
              y.setLong(at[0] + i, same ? 1 : 0);
            }
          });
    }
    return a.dtype().isFloat() || b.dtype().isFloat()
        ? Loops.zipReal(a, b, to, ScalarFunctions.real(function))
        : Loops.zipLong(a, b, to, ScalarFunctions.integer(function, a.dtype()));
  }

  private static Tensor where(Tensor condition, Tensor a, Tensor b) {
    long[] dims = NdIndex.broadcast(condition.dims(), a.dims(), b.dims());
    Elements y = new Elements(a.dtype(), dims);
    NdIndex.rows(
        dims,
        new long[4],
        new long[][] {
          NdIndex.strides(dims),
          NdIndex.broadcastStrides(condition.dims(), dims),
          NdIndex.broadcastStrides(a.dims(), dims),
          NdIndex.broadcastStrides(b.dims(), dims)
        },
        (at, step, count) -> {
          for (long i = 0; i < count; i++) {
            if (condition.getBoolean(at[1] + i * step[1])) {
              y.copy(at[0] + i, a, at[2] + i * step[2]);
            } else {
              y.copy(at[0] + i, b, at[3] + i * step[3]);
            }
          }
        });
    return y.build();
  }

  private static Tensor clip(Tensor x, Optional<Tensor> min, Optional<Tensor> max) {
    if (x.dtype().isFloat()) {
      double low = min.map(t -> t.getDouble(0)).orElse(Double.NEGATIVE_INFINITY);
      double high = max.map(t -> t.getDouble(0)).orElse(Double.POSITIVE_INFINITY);
      return Loops.mapReal(x, x.dtype(), v -> Math.min(Math.max(v, low), high));
    }
    Tensor y = x;
    if (min.isPresent()) {
      y = binary(BinaryFunction.MAX, y, min.get().reshaped());
    }
    return max.isPresent() ? binary(BinaryFunction.MIN, y, max.get().reshaped()) : y;
  }
}
