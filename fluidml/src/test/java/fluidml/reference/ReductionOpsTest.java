package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Reduction;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReductionOpsTest {
  @Test
  void reducesAnyAxes() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2);
    Tensor y = Single.run(new Reduce(ReduceFunction.SUM, List.of(0, -1), false), x);
    assertArrayEquals(new long[] {2}, y.dims());
    assertArrayEquals(new float[] {14, 22}, y.toFloats());
    Tensor kept = Single.run(new Reduce(ReduceFunction.MEAN, List.of(1), true), x);
    assertArrayEquals(new long[] {2, 1, 2}, kept.dims());
    assertArrayEquals(new float[] {2, 3, 6, 7}, kept.toFloats());
    Tensor all = Single.run(new Reduce(ReduceFunction.MAX, List.of(), false), x);
    assertEquals(8, all.getFloat(0));
    assertEquals(0, all.rank());
    Tensor none = Single.run(new Reduce(ReduceFunction.SUM, List.of(), true, true), x);
    assertArrayEquals(x.toFloats(), none.toFloats());
  }

  @Test
  void axesCanBeAnOperand() {
    Tensor x = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2);
    Tensor y = Single.run(new Reduce(ReduceFunction.PROD, List.of(), false), x, Tensor.ofLongs(-2));
    assertArrayEquals(new long[] {3, 8}, y.toLongs());
  }

  @Test
  void emptySetsGiveTheNeutralElement() {
    Tensor x = Tensor.allocate(DType.FLOAT32, 2, 0);
    Tensor sum = Single.run(new Reduce(ReduceFunction.SUM, List.of(1), false), x);
    Tensor min = Single.run(new Reduce(ReduceFunction.MIN, List.of(1), false), x);
    assertArrayEquals(new float[] {0, 0}, sum.toFloats());
    assertEquals(Float.POSITIVE_INFINITY, min.getFloat(1));
    Tensor bytes = Tensor.allocate(DType.UINT8, 0);
    assertEquals(
        255, Single.run(new Reduce(ReduceFunction.MIN, List.of(), false), bytes).getLong(0));
  }

  @Test
  void logSumExpDoesNotOverflow() {
    Tensor x = Tensor.of(new float[] {1000, 1000, Float.NEGATIVE_INFINITY}, 3);
    Tensor y = Single.run(new Reduce(ReduceFunction.LOG_SUM_EXP, List.of(0), false), x);
    assertEquals(1000 + Math.log(2), y.getDouble(0), 1e-4);
  }

  @Test
  void extremesAreFoundFirstOrLast() {
    Tensor x = Tensor.of(new float[] {3, 1, 3, 1}, 1, 4);
    assertEquals(0, Single.run(new Reduction.ArgReduce(true, 1, false, false), x).getLong(0));
    assertEquals(2, Single.run(new Reduction.ArgReduce(true, 1, false, true), x).getLong(0));
    assertEquals(3, Single.run(new Reduction.ArgReduce(false, 1, false, true), x).getLong(0));
  }

  @Test
  void topElementsComeWithTheLowestIndicesFirst() {
    Tensor x = Tensor.of(new int[] {5, 9, 9, 1, 5, 2}, 3, 2);
    List<Tensor> top = Single.all(new Reduction.TopK(0, true, true), 2, x, Tensor.ofLongs(2));
    assertArrayEquals(new long[] {9, 9, 5, 2}, top.get(0).toLongs());
    assertArrayEquals(new long[] {1, 0, 0, 2}, top.get(1).toLongs());
  }

  @Test
  void topElementsAreTheFirstOfASort() {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      int length = 1 + random.nextInt(30);
      int k = random.nextInt(length + 1);
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        int draw = random.nextInt(12);
        values[i] = draw == 0 ? Float.NaN : draw == 1 ? -0f : draw - 6;
      }
      boolean largest = random.nextBoolean();
      Comparator<Integer> byValue =
          Comparator.comparingDouble(i -> values[i] == 0 ? 0.0 : (double) values[i]);
      long[] sorted =
          IntStream.range(0, length)
              .boxed()
              .sorted(largest ? byValue.reversed() : byValue)
              .mapToLong(i -> i)
              .limit(k)
              .toArray();
      Tensor x = Tensor.of(values, length);
      List<Tensor> top = Single.all(new Reduction.TopK(0, largest, true), 2, x, Tensor.ofLongs(k));
      assertArrayEquals(sorted, top.get(1).toLongs());
      for (int i = 0; i < k; i++) {
        assertEquals(values[(int) sorted[i]], (float) top.get(0).getDouble(i));
      }
    }
  }

  @Test
  void runningSumsCanExcludeAndReverse() {
    Tensor x = Tensor.ofLongs(1, 2, 3);
    Tensor axis = Tensor.scalar(0);
    assertArrayEquals(
        new long[] {1, 3, 6},
        Single.run(new Reduction.CumulativeSum(false, false), x, axis).toLongs());
    assertArrayEquals(
        new long[] {5, 3, 0},
        Single.run(new Reduction.CumulativeSum(true, true), x, axis).toLongs());
  }

  @Test
  void softmaxStaysFinite() {
    Tensor x = Tensor.of(new float[] {1000, 1001, -1000, 5}, 2, 2);
    Tensor y = Single.run(new Reduction.Softmax(-1), x);
    assertEquals(1 / (1 + Math.E), y.getDouble(0), 1e-6);
    assertEquals(1, y.getDouble(3), 1e-6);
  }

  @Test
  void windowsInThePaddingDoNotCountUnlessAsked() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 4);
    Window window =
        new Window(
            List.of(2L),
            List.of(2L),
            List.of(1L),
            List.of(1L),
            List.of(1L),
            Window.Padding.EXPLICIT);
    assertArrayEquals(
        new float[] {1, 2.5f, 4},
        Single.run(new Reduction.AveragePool(window, false, false), x).toFloats());
    assertArrayEquals(
        new float[] {0.5f, 2.5f, 2},
        Single.run(new Reduction.AveragePool(window, false, true), x).toFloats());
    List<Tensor> max = Single.all(new Reduction.MaxPool(window, false, false), 2, x);
    assertArrayEquals(new float[] {1, 3, 4}, max.get(0).toFloats());
    assertArrayEquals(new long[] {0, 2, 3}, max.get(1).toLongs());
  }
}
