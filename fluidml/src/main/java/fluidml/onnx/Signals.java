package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Signal.Determinant;
import fluidml.graph.op.Signal.Dft;
import fluidml.graph.op.Signal.MelWeightMatrix;
import fluidml.graph.op.Signal.Stft;
import fluidml.graph.op.Signal.WindowFunction;
import fluidml.graph.op.Signal.WindowKind;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;

/** Signal processing. */
final class Signals {
  private Signals() {}

  static void register(Operators to) {
    to.add("DFT", 17, 1, 2, Signals::dftByAttribute);
    to.add("DFT", 20, 1, 3, c -> c.out(dft(c), c.operands()));
    to.add(
        "STFT",
        17,
        2,
        4,
        c -> c.out(new Stft(c.attributes().flag("onesided", true)), c.operands()));
    to.add(
        "MelWeightMatrix", 17, 5, 5, c -> c.out(new MelWeightMatrix(outputType(c)), c.operands()));
    window(to, "HannWindow", WindowKind.HANN);
    window(to, "HammingWindow", WindowKind.HAMMING);
    window(to, "BlackmanWindow", WindowKind.BLACKMAN);
    to.add("Det", 11, 1, 1, c -> c.out(new Determinant(), c.operands()));
  }

  private static Dft dft(Call c) {
    return new Dft(c.attributes().flag("inverse", false), c.attributes().flag("onesided", false));
  }

  private static List<Value> dftByAttribute(Call c) {
    Dft dft = dft(c);
    Value axis = c.constant(Tensor.scalar(c.attributes().integer("axis", 1)));
    return c.out(dft, c.in(0), c.in(1), axis);
  }

  private static DType outputType(Call c) {
    return c.attributes().dtype("output_datatype").orElse(DType.FLOAT32);
  }

  private static void window(Operators to, String opType, WindowKind kind) {
    to.add(
        opType,
        17,
        1,
        1,
        c ->
            c.out(
                new WindowFunction(kind, c.attributes().flag("periodic", true), outputType(c)),
                c.operands()));
  }
}
