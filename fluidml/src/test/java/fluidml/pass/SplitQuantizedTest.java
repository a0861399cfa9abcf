package fluidml.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Quantization.QuantizeLinear;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SplitQuantizedTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new SplitQuantized());
  }

  /** Ties, the ends of the range, numbers around those without fraction bits, infinities, NaN. */
  @ParameterizedTest
  @EnumSource(names = {"UINT8", "INT8", "UINT16", "INT16"})
  void numbersOfEverySizeAreQuantised(DType to) {
    float[] x = new float[20_011];
    Random random = new Random(9);
    for (int i = 0; i < x.length; i++) {
      x[i] =
          switch (i % 4) {
            case 0 -> Float.intBitsToFloat(random.nextInt());
            case 1 -> random.nextInt(-140_000, 140_000) / 4f;
            case 2 -> random.nextInt(-600, 600) / 4f;
            default -> Math.scalb((float) random.nextGaussian(), random.nextInt(0, 30));
          };
    }
    x[1] = Float.intBitsToFloat(0x7f800101);
    x[2] = Float.intBitsToFloat(0xffc00203);
    x[3] = Float.POSITIVE_INFINITY;
    x[4] = Float.NEGATIVE_INFINITY;
    x[5] = -0.0f;
    boolean signed = to.kind() == DType.Kind.SIGNED;
    long half = 1L << (to.bits() - 1);
    for (long zero : new long[] {0, 7, signed ? -half : 2 * half - 1, half - 1}) {
      GraphBuilder g = new GraphBuilder("quantise");
      Value given = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.symbol("n"))));
      Value scale = g.constant("scale", Tensor.scalar(0.5f));
      Tensor shift = Tensor.allocate(to);
      shift.setLong(0, zero);
      Value point = zero == 0 ? Value.ABSENT : g.constant("zero", shift);
      g.output(
          g.add(
              new QuantizeLinear(0, 0, true, Optional.of(to), Optional.empty()),
              given,
              scale,
              point));
      check(g.build(), Tensor.of(x, x.length));
    }
  }

  private static void check(Graph graph, Tensor x) {
    long[] expected = Interpreter.run(graph, List.of(Datum.of(x))).getFirst().tensor().toLongs();
    for (int bits : new int[] {0, 128, 256, 512}) {
      try (Model model =
              Model.of(
                  graph, Options.defaults().withThreads(1).withVectorBits(bits).withChecked(true));
          Session session = model.newSession()) {
        Tensor actual = session.run(Map.of("x", x)).values().iterator().next();
        assertArrayEquals(expected, actual.toLongs(), "in vectors of " + bits + " bits");
      }
    }
  }
}
