package fluidml.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class PredictionTest {
  private static Prediction of(double... seconds) {
    List<OptionalDouble> steps = DoubleStream.of(seconds).mapToObj(OptionalDouble::of).toList();
    return new Prediction(steps, OptionalDouble.of(1));
  }

  @Test
  void speedOfTheMachineDoesNotCount() {
    assertEquals(0, of(1, 2, 3).apart(new double[] {2, 4, 6}), 1e-12);
    assertEquals(0.5, of(1, 1).apart(new double[] {3, 1}), 1e-12);
    assertEquals(0, of().apart(new double[0]));
    assertEquals(1, of(0, 0).apart(new double[] {1, 1}), 1e-12);
  }

  @Test
  void everyStepIsNeeded() {
    Prediction some = new Prediction(List.of(OptionalDouble.empty()), OptionalDouble.empty());
    assertThrows(IllegalArgumentException.class, () -> some.apart(new double[] {1}));
    assertThrows(IllegalArgumentException.class, () -> of(1).apart(new double[] {1, 2}));
  }
}
