package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Indexing;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class UniqueTest {
  private static final double[] SPECIAL = {
    Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, -0.0, 0, 0x1p-149
  };

  /** Few and many distinct elements, extreme ones among them, as numbers and as slices of one. */
  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"STRING", "COMPLEX64", "COMPLEX128"})
  void distinctElementsOfEveryType(DType dtype) {
    Random random = new Random(3);
    for (int round = 0; round < 40; round++) {
      Tensor x = Tensor.allocate(dtype, random.nextInt(3), 1 + random.nextInt(90));
      boolean fewValues = random.nextBoolean();
      for (long i = 0; i < x.elements(); i++) {
        if (dtype.isFloat() && random.nextInt(6) == 0) {
          x.setDouble(i, SPECIAL[random.nextInt(SPECIAL.length)]);
        } else if (dtype == DType.BOOL) {
          x.setLong(i, random.nextInt(2));
        } else {
          x.setRawBits(i, fewValues ? random.nextInt(4) : random.nextLong());
        }
      }
      check(x, x, OptionalInt.empty());
      check(x, x.reshaped(x.elements()), OptionalInt.of(0));
    }
  }

  private static void check(Tensor x, Tensor operand, OptionalInt axis) {
    List<Integer> first = new ArrayList<>();
    for (int i = 0; i < x.elements(); i++) {
      int at = i;
      if (first.stream().noneMatch(f -> compare(x, f, at) == 0)) {
        first.add(i);
      }
    }
    check(x, first, Single.all(new Indexing.Unique(axis, false), 4, operand));
    first.sort((a, b) -> compare(x, a, b));
    check(x, first, Single.all(new Indexing.Unique(axis, true), 4, operand));
  }

  private static void check(Tensor x, List<Integer> first, List<Tensor> actual) {
    long[] counts = new long[first.size()];
    long[] inverse = new long[(int) x.elements()];
    assertArrayEquals(new long[] {first.size()}, actual.get(0).dims(), "values of " + x);
    for (int group = 0; group < counts.length; group++) {
      assertEquals(x.rawBits(first.get(group)), actual.get(0).rawBits(group), "value of " + x);
      for (int i = 0; i < inverse.length; i++) {
        if (compare(x, first.get(group), i) == 0) {
          inverse[i] = group;
          counts[group]++;
        }
      }
    }
    assertArrayEquals(first.stream().mapToLong(i -> i).toArray(), actual.get(1).toLongs());
    assertArrayEquals(inverse, actual.get(2).toLongs());
    assertArrayEquals(counts, actual.get(3).toLongs());
  }

  private static int compare(Tensor x, int a, int b) {
    return switch (x.dtype().kind()) {
      case FLOAT -> {
        double first = x.getDouble(a);
        double second = x.getDouble(b);
        yield first == second ? 0 : Double.compare(first, second);
      }
      default ->
          x.dtype() == DType.UINT64
              ? Long.compareUnsigned(x.getLong(a), x.getLong(b))
              : Long.compare(x.getLong(a), x.getLong(b));
    };
  }

  @Test
  void manyDistinctNumbersAreSorted() {
    long[] numbers = new Random(5).longs(5000, -1500, 1500).toArray();
    Tensor x = Tensor.of(numbers, 5000);
    long[] values = new Random(5).longs(5000, -1500, 1500).distinct().sorted().toArray();
    Tensor actual = Single.all(new Indexing.Unique(OptionalInt.empty(), true), 4, x).getFirst();
    assertArrayEquals(values, actual.toLongs());
  }

  @Test
  void stringsAndRowsAreCompared() {
    Tensor words = Tensor.ofStrings(List.of("b", "a", "b", ""), 4);
    List<Tensor> sorted = Single.all(new Indexing.Unique(OptionalInt.empty(), true), 4, words);
    assertEquals(List.of("", "a", "b"), sorted.get(0).strings());
    assertArrayEquals(new long[] {3, 1, 0}, sorted.get(1).toLongs());
    assertArrayEquals(new long[] {2, 1, 2, 0}, sorted.get(2).toLongs());
    assertArrayEquals(new long[] {1, 1, 2}, sorted.get(3).toLongs());
    Tensor rows = Tensor.of(new long[] {2, 1, 0, 5, 2, 1}, 3, 2);
    List<Tensor> distinct = Single.all(new Indexing.Unique(OptionalInt.of(0), true), 4, rows);
    assertArrayEquals(new long[] {0, 5, 2, 1}, distinct.get(0).toLongs());
    assertArrayEquals(new long[] {1, 0, 1}, distinct.get(2).toLongs());
  }

  @Test
  void onlyWhatIsReadIsComputed() {
    Value values = new Value("y", Type.unranked(DType.INT64));
    Value counts = new Value("counts", Type.unranked(DType.INT64));
    Node node =
        new Node(
            "node",
            new Indexing.Unique(OptionalInt.empty(), false),
            List.of(),
            List.of(values, Value.ABSENT, Value.ABSENT, counts));
    List<Datum> results =
        Interpreter.execute(node, List.of(Datum.of(Tensor.ofLongs(7, 3, 7, 7, 3))));
    assertArrayEquals(new long[] {7, 3}, results.get(0).tensor().toLongs());
    assertFalse(results.get(1).isPresent());
    assertFalse(results.get(2).isPresent());
    assertTrue(results.get(3).isPresent());
    assertArrayEquals(new long[] {3, 2}, results.get(3).tensor().toLongs());
  }
}
