package fluidml.reference;

import fluidml.graph.op.Contraction;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Computes the ops of {@link Contraction}. */
final class ContractionOps {
  private ContractionOps() {}

  static List<Datum> execute(Contraction op, Operands operands) {
    Tensor x = operands.tensor(0);
    return switch (op) {
      case Contraction.MatMul() ->
          Operands.result(Products.matmul(x, operands.tensor(1), x.dtype()));
      case Contraction.Gemm gemm ->
          Operands.result(gemm(gemm, x, operands.tensor(1), operands.optionalTensor(2)));
      case Contraction.Einsum(String equation) ->
          Operands.result(Einsums.einsum(equation, operands.tensors()));
      case Contraction.Conv conv ->
          Operands.result(
              Convolutions.conv(
                  x,
                  operands.tensor(1),
                  operands.optionalTensor(2),
                  conv.window(),
                  conv.groups(),
                  x.dtype()));
      case Contraction.ConvTranspose conv ->
          Operands.result(
              Convolutions.convTranspose(conv, x, operands.tensor(1), operands.optionalTensor(2)));
      case Contraction.DeformConv conv ->
          Operands.result(
              Convolutions.deformConv(
                  conv,
                  x,
                  operands.tensor(1),
                  operands.tensor(2),
                  operands.optionalTensor(3),
                  operands.optionalTensor(4)));
      case Contraction.MatMulInteger() ->
          Operands.result(
              Products.matmul(
                  shifted(x, operands.optionalTensor(2).map(z -> perRow(z, x))),
                  shifted(operands.tensor(1), operands.optionalTensor(3)),
                  DType.INT32));
      case Contraction.ConvInteger conv ->
          Operands.result(
              Convolutions.conv(
                  shifted(x, operands.optionalTensor(2)),
                  shifted(
                      operands.tensor(1),
                      operands.optionalTensor(3).map(z -> perFilter(z, operands.tensor(1).rank()))),
                  Optional.empty(),
                  conv.window(),
                  conv.groups(),
                  DType.INT32));
      case Contraction.QLinearMatMul() -> Operands.result(qLinearMatMul(operands));
      case Contraction.QLinearConv conv -> Operands.result(qLinearConv(conv, operands));
      case Contraction.Attention attention -> AttentionOps.execute(attention, operands);
    };
  }

  private static Tensor gemm(Contraction.Gemm op, Tensor a, Tensor b, Optional<Tensor> c) {
    if (!a.dtype().isFloat() && op.alpha() == 1 && op.beta() == 1) {
      Tensor product =
          Products.matmul(
              op.transposeA() ? transposed(a) : a, op.transposeB() ? transposed(b) : b, a.dtype());
      return c.isEmpty()
          ? product
          : Loops.zipLong(
              product, c.get(), a.dtype(), ScalarFunctions.integer(BinaryFunction.ADD, a.dtype()));
    }
    Tensor product = Products.product(a, op.transposeA(), b, op.transposeB(), DType.FLOAT64);
    return c.isEmpty()
        ? Loops.mapReal(product, a.dtype(), v -> op.alpha() * v)
        : Loops.zipReal(product, c.get(), a.dtype(), (v, w) -> op.alpha() * v + op.beta() * w);
  }

  private static Tensor transposed(Tensor x) {
    Elements y = new Elements(x.dtype(), x.dim(1), x.dim(0));
    y.copy(
        new long[] {x.dim(1), x.dim(0)},
        0,
        new long[] {x.dim(0), 1},
        x,
        0,
        new long[] {1, x.dim(1)});
    return y.build();
  }

  /** {@code x − zero} exactly; the zero point broadcasts. */
  private static Tensor shifted(Tensor x, Optional<Tensor> zero) {
    return zero.isEmpty() ? x : Loops.zipReal(x, zero.get(), DType.FLOAT64, (v, z) -> v - z);
  }

  /** A quantisation parameter of the left matrix: one number, one for each row, or full rank. */
  private static Tensor perRow(Tensor parameter, Tensor matrix) {
    return parameter.rank() == 1 && parameter.elements() > 1 && matrix.rank() > 1
        ? parameter.reshaped(parameter.elements(), 1)
        : parameter;
  }

  /** A quantisation parameter with one number, or one for each filter, beside weights of a rank. */
  private static Tensor perFilter(Tensor parameter, int rank) {
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    dims[0] = parameter.elements();
    return parameter.reshaped(dims);
  }

  private static Tensor times(Tensor a, Tensor b) {
    return Loops.zipReal(a, b, DType.FLOAT64, (v, w) -> v * w);
  }

  private static Tensor qLinearMatMul(Operands operands) {
    Tensor a = operands.tensor(0);
    Tensor b = operands.tensor(3);
    Tensor sums =
        Products.matmul(
            shifted(a, Optional.of(perRow(operands.tensor(2), a))),
            shifted(b, Optional.of(operands.tensor(5))),
            DType.FLOAT64);
    Tensor real = times(times(sums, perRow(operands.tensor(1), a)), operands.tensor(4));
    return requantized(real, perRow(operands.tensor(6), a), perRow(operands.tensor(7), a));
  }

  private static Tensor qLinearConv(Contraction.QLinearConv op, Operands operands) {
    Tensor x = operands.tensor(0);
    Tensor w = operands.tensor(3);
    Tensor sums =
        Convolutions.conv(
            shifted(x, Optional.of(operands.tensor(2))),
            shifted(w, Optional.of(perFilter(operands.tensor(5), w.rank()))),
            operands.optionalTensor(8),
            op.window(),
            op.groups(),
            DType.FLOAT64);
    Tensor scales = perFilter(operands.tensor(4), x.rank() - 1);
    Tensor real = times(times(sums, operands.tensor(1)), scales);
    return requantized(real, operands.tensor(6), operands.tensor(7));
  }

  private static Tensor requantized(Tensor real, Tensor scale, Tensor zero) {
    Tensor ratios = Loops.zipReal(real, scale, DType.FLOAT64, (v, s) -> v / s);
    DType to = zero.dtype();
    return Loops.zipReal(ratios, zero, to, (v, z) -> QuantizationOps.quantized(v, z, to));
  }
}
