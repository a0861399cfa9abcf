package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Signal;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FourierTest {
  private static Tensor execute(Signal op, Tensor... operands) {
    List<Value> inputs =
        Stream.of(operands).map(t -> new Value("x", Type.unranked(t.dtype()))).toList();
    Value output = new Value("y", Type.unranked(DType.FLOAT64));
    List<Datum> data = Stream.of(operands).map(Datum::of).toList();
    return Interpreter.execute(new Node("n", op, inputs, List.of(output)), data)
        .getFirst()
        .tensor();
  }

  private static Tensor signal(int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = Math.sin(i * i + 1);
    }
    return Tensor.of(values, 1, n, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 8, 12, 15})
  void isTheSumOfItsDefinition(int n) {
    Tensor x = signal(n);
    Tensor y = execute(new Signal.Dft(false, false), x);
    for (int k = 0; k < n; k++) {
      double re = 0;
      double im = 0;
      for (int i = 0; i < n; i++) {
        re += x.getDouble(i) * Math.cos(2 * Math.PI * i * k / n);
        im -= x.getDouble(i) * Math.sin(2 * Math.PI * i * k / n);
      }
      assertEquals(re, y.getDouble(2L * k), 1e-12);
      assertEquals(im, y.getDouble(2L * k + 1), 1e-12);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 6, 7, 12})
  void theInverseOfHalfASpectrumIsReal(int n) {
    Tensor x = signal(n);
    Tensor half = execute(new Signal.Dft(false, true), x);
    assertArrayEquals(new long[] {1, n / 2 + 1, 2}, half.dims());
    Tensor back = execute(new Signal.Dft(true, true), half, Tensor.scalar((long) n));
    assertArrayEquals(x.dims(), back.dims());
    for (int i = 0; i < n; i++) {
      assertEquals(x.getDouble(i), back.getDouble(i), 1e-12);
    }
  }
}
