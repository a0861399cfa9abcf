package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.op.Contraction;
import fluidml.graph.op.Contraction.AttentionScores;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContractionOpsTest {
  private static final double CLOSE = 1e-5;

  private static Window window(long[] kernel, long stride, long dilation, long pad) {
    List<Long> pads = Collections.nCopies(kernel.length, pad);
    return new Window(
        Arrays.stream(kernel).boxed().toList(),
        Collections.nCopies(kernel.length, stride),
        Collections.nCopies(kernel.length, dilation),
        pads,
        pads,
        Window.Padding.EXPLICIT);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,5,7", "4,256,1", "9,300,33", "5,0,2", "2,3,0"})
  void productsAreSumsOfProducts(int m, int n, int k) {
    Tensor a = Single.random(1, m, k);
    Tensor b = Single.random(2, k, n);
    Tensor y = Single.run(new Contraction.MatMul(), a, b);
    assertArrayEquals(new long[] {m, n}, y.dims());
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int p = 0; p < k; p++) {
          sum += a.getDouble((long) i * k + p) * b.getDouble((long) p * n + j);
        }
        assertEquals((float) sum, y.getFloat((long) i * n + j));
      }
    }
  }

  @Test
  void batchesBroadcastAndVectorsLoseTheirAxis() {
    Tensor a = Single.random(1, 2, 1, 3, 4);
    Tensor b = Single.random(2, 5, 4, 2);
    Tensor y = Single.run(new Contraction.MatMul(), a, b);
    Tensor same = Single.run(new Contraction.Einsum("axij,xjk->axik"), a, b);
    assertArrayEquals(new long[] {2, 5, 3, 2}, y.dims());
    assertArrayEquals(same.toFloats(), y.toFloats());
    Tensor row = Single.run(new Contraction.MatMul(), Single.random(3, 4), b);
    assertArrayEquals(new long[] {5, 2}, row.dims());
  }

  @Test
  void wideIntegersAreMultipliedExactly() {
    Tensor a = Tensor.of(new long[] {(1L << 53) + 1, 1}, 1, 2);
    Tensor b = Tensor.of(new long[] {3, -1}, 2, 1);
    Tensor y = Single.run(new Contraction.MatMul(), a, b);
    assertEquals(3 * ((1L << 53) + 1) - 1, y.getLong(0));
  }

  @ParameterizedTest
  @CsvSource({"false,false", "true,false", "false,true", "true,true"})
  void gemmTransposes(boolean transposeA, boolean transposeB) {
    Tensor a = transposeA ? Single.random(1, 4, 3) : Single.random(1, 3, 4);
    Tensor b = transposeB ? Single.random(2, 5, 4) : Single.random(2, 4, 5);
    Tensor c = Single.random(3, 5);
    Tensor y = Single.run(new Contraction.Gemm(2, 0.5, transposeA, transposeB), a, b, c);
    String equation = (transposeA ? "ki" : "ik") + "," + (transposeB ? "jk" : "kj") + "->ij";
    Tensor product = Single.run(new Contraction.Einsum(equation), a, b);
    for (int i = 0; i < 15; i++) {
      assertEquals(2 * product.getDouble(i) + 0.5 * c.getDouble(i % 5), y.getDouble(i), CLOSE);
    }
  }

  @Test
  void einsumTakesDiagonalsAndEllipses() {
    Tensor x = Single.random(1, 2, 3, 3);
    Tensor trace = Single.run(new Contraction.Einsum("...ii->..."), x);
    for (int b = 0; b < 2; b++) {
      double sum = x.getDouble(b * 9L) + x.getDouble(b * 9L + 4) + x.getDouble(b * 9L + 8);
      assertEquals(sum, trace.getDouble(b), CLOSE);
    }
    Tensor implicit = Single.run(new Contraction.Einsum("ba"), Single.random(2, 2, 3));
    assertArrayEquals(new long[] {3, 2}, implicit.dims());
  }

  @ParameterizedTest
  @CsvSource({"1,1,0,1", "2,1,1,1", "1,2,2,2", "3,2,1,4"})
  void convolutionSumsOverWindows(long stride, long dilation, long pad, long groups) {
    Tensor x = Single.random(1, 2, 4, 7, 6);
    Tensor w = Single.random(2, 8, 4 / groups, 3, 2);
    Tensor bias = Single.random(3, 8);
    Window window = window(new long[] {3, 2}, stride, dilation, pad);
    Tensor y = Single.run(new Contraction.Conv(window, groups), x, w, bias);
    long[] at = new long[4];
    long channels = 4 / groups;
    for (long i = 0; i < y.elements(); i++) {
      double sum = bias.getDouble(at[1]);
      for (long c = 0; c < channels; c++) {
        for (long k = 0; k < 6; k++) {
          long row = at[2] * stride - pad + k / 2 * dilation;
          long column = at[3] * stride - pad + k % 2 * dilation;
          if (row >= 0 && row < 7 && column >= 0 && column < 6) {
            long channel = at[1] / (8 / groups) * channels + c;
            sum +=
                x.getDouble(((at[0] * 4 + channel) * 7 + row) * 6 + column)
                    * w.getDouble((at[1] * channels + c) * 6 + k);
          }
        }
      }
      assertEquals(sum, y.getDouble(i), CLOSE);
      NdIndex.next(at, y.dims());
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,0,1", "2,1,1,2", "2,2,2,1", "4,1,0,2"})
  void transposedConvolutionIsTheAdjoint(long stride, long dilation, long pad, long groups) {
    Tensor w = Single.random(1, 4, 6 / groups, 3, 3);
    Tensor x = Single.random(2, 1, 6, 11, 11);
    Window window = window(new long[] {3, 3}, stride, dilation, pad);
    Tensor y = Single.run(new Contraction.Conv(window, groups), x, w);
    Tensor dual = Single.random(3, y.dims());
    Tensor back =
        Single.run(new Contraction.ConvTranspose(window, groups, List.of(), List.of()), dual, w);
    assertArrayEquals(x.dims(), back.dims());
    assertEquals(dot(y, dual), dot(x, back), 1e-4);
  }

  private static double dot(Tensor a, Tensor b) {
    double sum = 0;
    for (long i = 0; i < a.elements(); i++) {
      sum += a.getDouble(i) * b.getDouble(i);
    }
    return sum;
  }

  @Test
  void quantizedProductsRoundToEvenAndSaturate() {
    Tensor a = Single.of(DType.UINT8, 12, 255).reshaped(1, 2);
    Tensor b = Single.of(DType.INT8, 1, 127).reshaped(2, 1);
    Tensor one = Tensor.scalar(1f);
    Tensor zero8 = Single.of(DType.INT8, 0).reshaped();
    Tensor ten = Single.of(DType.UINT8, 10).reshaped();
    Tensor sum = Single.run(new Contraction.MatMulInteger(), a, b, ten, zero8);
    assertEquals(2 + 245 * 127, sum.getLong(0));
    Tensor y = Single.run(new Contraction.QLinearMatMul(), a, one, ten, b, one, zero8, one, ten);
    assertEquals(255, y.getLong(0));
  }

  @Test
  void attentionIsSoftmaxOfScoresTimesValues() {
    Tensor q = Single.random(1, 1, 4, 3, 8);
    Tensor k = Single.random(2, 1, 2, 5, 8);
    Tensor v = Single.random(3, 1, 2, 5, 6);
    Contraction.Attention op =
        new Contraction.Attention(
            OptionalDouble.empty(), true, 0, 0, 0, AttentionScores.SOFTMAX, Optional.empty());
    List<Tensor> results = Single.all(op, 4, q, k, v);
    Tensor y = results.getFirst();
    assertArrayEquals(new long[] {1, 4, 3, 6}, y.dims());
    for (int h = 0; h < 4; h++) {
      for (int i = 0; i < 3; i++) {
        double[] p = new double[5];
        double sum = 0;
        for (int j = 0; j <= i; j++) {
          double score = 0;
          for (int d = 0; d < 8; d++) {
            score += q.getDouble((h * 3L + i) * 8 + d) * k.getDouble((h / 2 * 5L + j) * 8 + d);
          }
          p[j] = Math.exp(score / Math.sqrt(8));
          sum += p[j];
        }
        for (int j = 0; j < 5; j++) {
          assertEquals(p[j] / sum, results.get(3).getDouble((h * 3L + i) * 5 + j), CLOSE);
        }
        for (int d = 0; d < 6; d++) {
          double expected = 0;
          for (int j = 0; j < 5; j++) {
            expected += p[j] / sum * v.getDouble((h / 2 * 5L + j) * 6 + d);
          }
          assertEquals(expected, y.getDouble((h * 3L + i) * 6 + d), CLOSE);
        }
      }
    }
  }
}
