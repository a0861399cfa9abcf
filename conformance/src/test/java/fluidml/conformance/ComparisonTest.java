package fluidml.conformance;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.reference.Datum;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static boolean same(Tolerance tolerance, Datum actual, Datum expected) {
    return new Comparison(tolerance).difference(actual, expected).isEmpty();
  }

  private static boolean same(Tensor actual, Tensor expected) {
    return same(Tolerance.BACKEND_TESTS, Datum.of(actual), Datum.of(expected));
  }

  private static Tensor floats(float... values) {
    return Tensor.of(values, values.length);
  }

  @Test
  void floatsMayDifferByAThousandth() {
    assertTrue(same(floats(1000.9f, 0), floats(1000, 5e-8f)));
    assertFalse(same(floats(1001.1f), floats(1000)));
    assertFalse(same(floats(3e-7f), floats(0)));
  }

  @Test
  void nanEqualsNanAndInfinityOnlyItself() {
    float inf = Float.POSITIVE_INFINITY;
    assertTrue(same(floats(Float.NaN, inf, -inf), floats(Float.NaN, inf, -inf)));
    assertFalse(same(floats(0), floats(Float.NaN)));
    assertFalse(same(floats(Float.NaN), floats(0)));
    assertFalse(same(floats(Float.MAX_VALUE), floats(inf)));
    assertFalse(same(floats(-inf), floats(inf)));
  }

  @Test
  void narrowFloatsMayDifferByTwoHundredths() {
    Tensor a = Tensor.allocate(DType.FLOAT16, 1);
    Tensor b = Tensor.allocate(DType.FLOAT16, 1);
    a.setDouble(0, 1.015);
    b.setDouble(0, 1);
    assertTrue(same(a, b));
    a.setDouble(0, 1.03);
    assertFalse(same(a, b));
  }

  @Test
  void integersTypesAndExtentsAreExact() {
    assertFalse(same(Tensor.ofLongs(1_000_001), Tensor.ofLongs(1_000_000)));
    assertFalse(same(Tensor.of(new int[] {1}, 1), Tensor.ofLongs(1)));
    assertFalse(same(floats(1).reshaped(1, 1), floats(1)));
    assertFalse(same(Tensor.ofStrings(List.of("a"), 1), Tensor.ofStrings(List.of("b"), 1)));
  }

  @Test
  void comparesImaginaryParts() {
    Tensor a = Tensor.allocate(DType.COMPLEX64, 1);
    Tensor b = Tensor.allocate(DType.COMPLEX64, 1);
    a.setComplex(0, 1, 2);
    b.setComplex(0, 1, 3);
    assertFalse(same(a, b));
    assertTrue(same(a, a));
  }

  @Test
  void sequencesAndOptionalsAreComparedInside() {
    Datum one = Datum.of(floats(1));
    Datum two = Datum.of(floats(2));
    Tolerance tolerance = Tolerance.BACKEND_TESTS;
    Datum sequence = new Datum.SequenceDatum(List.of(one, two));
    assertTrue(same(tolerance, sequence, sequence));
    assertFalse(same(tolerance, new Datum.SequenceDatum(List.of(one, one)), sequence));
    assertFalse(same(tolerance, new Datum.SequenceDatum(List.of(one)), sequence));
    Datum given = new Datum.OptionalDatum(Optional.of(one));
    assertTrue(same(tolerance, given, given));
    assertFalse(same(tolerance, given, new Datum.OptionalDatum(Optional.empty())));
    assertFalse(same(tolerance, one, given));
  }

  @Test
  void storedRowsAreEverySixtyFourthOfAxisOne() {
    Tensor whole = ProjectCase.floats(i -> i, 2, 130, 3);
    Tensor stored = ProjectCase.floats(i -> i / 9 * 390 + i / 3 % 3 * 192 + i % 3, 2, 3, 3);
    Tolerance tolerance = new Tolerance.ToLargest(1e-4);
    assertTrue(same(tolerance, Datum.of(whole), Datum.of(stored)));
    stored.setDouble(17, 500);
    assertFalse(same(tolerance, Datum.of(whole), Datum.of(stored)));
  }

  @Test
  void wholeNetworksAreComparedAsWholes() {
    Tolerance largest = new Tolerance.ToLargest(1e-3);
    assertTrue(same(largest, Datum.of(floats(100, 0.09f)), Datum.of(floats(100, 0))));
    assertFalse(same(largest, Datum.of(floats(100, 0.11f)), Datum.of(floats(100, 0))));
    Tolerance cosine = new Tolerance.Cosine(0.9);
    assertTrue(same(cosine, Datum.of(floats(2, 0.1f)), Datum.of(floats(1, 0))));
    assertFalse(same(cosine, Datum.of(floats(0, 1)), Datum.of(floats(1, 0))));
  }
}
