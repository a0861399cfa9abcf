package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Contraction.DeformConv;
import fluidml.graph.op.Contraction.Einsum;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Contraction.QLinearConv;
import fluidml.graph.op.Contraction.QLinearMatMul;
import fluidml.graph.op.Window;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Products and convolutions. */
final class Contractions {
  private Contractions() {}

  static void register(Operators to) {
    to.add("MatMul", 1, 2, 2, c -> c.out(new MatMul(), c.operands()));
    to.add("Gemm", 7, 3, 3, Contractions::gemm);
    to.add("Gemm", 11, 2, 3, Contractions::gemm);
    to.add("Einsum", 12, 1, Integer.MAX_VALUE, Contractions::einsum);
    to.add(
        "Conv",
        1,
        2,
        3,
        c -> c.out(new Conv(window(c, 1), c.attributes().integer("group", 1)), c.operands()));
    to.add("ConvTranspose", 1, 2, 3, Contractions::convTranspose);
    to.add("DeformConv", 19, 3, 5, Contractions::deformConv);
    to.add("MatMulInteger", 10, 2, 4, c -> c.out(new MatMulInteger(), c.operands()));
    to.add(
        "ConvInteger",
        10,
        2,
        4,
        c ->
            c.out(new ConvInteger(window(c, 1), c.attributes().integer("group", 1)), c.operands()));
    to.add("QLinearMatMul", 10, 8, 8, c -> c.out(new QLinearMatMul(), c.operands()));
    to.add(
        "QLinearConv",
        10,
        8,
        9,
        c ->
            c.out(new QLinearConv(window(c, 3), c.attributes().integer("group", 1)), c.operands()));
  }

  private static List<Value> gemm(Call c) {
    return c.out(
        new Gemm(
            c.attributes().real("alpha", 1),
            c.attributes().real("beta", 1),
            c.attributes().flag("transA", false),
            c.attributes().flag("transB", false)),
        c.operands());
  }

  private static List<Value> einsum(Call c) {
    String equation =
        c.attributes()
            .text("equation")
            .orElseThrow(() -> c.invalid("attribute 'equation' is required"));
    return c.out(new Einsum(equation), c.operands());
  }

  /**
   * The window of a convolution; its kernel is an attribute or the trailing axes of the weights.
   */
  private static Window window(Call c, int weights) {
    Optional<List<Long>> kernel = c.attributes().integers("kernel_shape");
    return Poolings.window(c, kernel.orElseGet(() -> kernelOf(c, c.in(weights))));
  }

  private static List<Long> kernelOf(Call c, Value weights) {
    Shape shape = c.shape(weights);
    List<Long> kernel = new ArrayList<>();
    for (Dim dim : shape.dims().subList(Math.min(2, shape.rank()), shape.rank())) {
      kernel.add(
          dim.constant()
              .orElseThrow(
                  () ->
                      c.unsupported(
                          "the kernel extent " + dim + " is not constant; give 'kernel_shape'")));
    }
    return kernel;
  }

  private static List<Value> convTranspose(Call c) {
    Window window = window(c, 1);
    List<Long> outputPadding = Poolings.spatial(c, "output_padding", window.rank(), 0);
    List<Long> outputShape = c.attributes().integers("output_shape", List.of());
    if (!outputShape.isEmpty() && outputShape.size() != window.rank()) {
      throw c.invalid("attribute 'output_shape' needs one entry for each spatial axis");
    }
    return c.out(
        new ConvTranspose(window, c.attributes().integer("group", 1), outputPadding, outputShape),
        c.operands());
  }

  private static List<Value> deformConv(Call c) {
    return c.out(
        new DeformConv(
            window(c, 1),
            c.attributes().integer("group", 1),
            c.attributes().integer("offset_group", 1)),
        c.operands());
  }
}
