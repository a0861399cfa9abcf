package fluidml.reference;

import fluidml.graph.op.Contraction;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** Convolutions of any number of spatial axes, as matrix products over gathered windows. */
final class Convolutions {
  private Convolutions() {}

  /** Which element of a plane lies under each tap of each window; −1 for padding. */
  private static int[][] taps(WindowGeometry geometry) {
    int windows = (int) NdIndex.product(geometry.output());
    int[][] taps = new int[geometry.taps()][windows];
    for (int[] tap : taps) {
      Arrays.fill(tap, -1);
    }
    long[] at = new long[geometry.rank()];
    for (int w = 0; w < windows; w++) {
      int window = w;
      geometry.taps(at, (position, k) -> taps[k][window] = (int) position);
      NdIndex.next(at, geometry.output());
    }
    return taps;
  }

  private static long[] spatial(Tensor t) {
    return Arrays.copyOfRange(t.dims(), 2, t.rank());
  }

  /**
   * Convolution; x is [n, channels, spatial…], w [filters, channels / groups, kernel…].
   *
   * @param bias one number for each filter
   */
  static Tensor conv(
      Tensor x, Tensor w, Optional<Tensor> bias, Window window, long groups, DType to) {
    WindowGeometry geometry = WindowGeometry.of(window, spatial(x), spatial(w), false);
    if (x.dim(1) != w.dim(1) * groups || w.dim(0) % groups != 0) {
      throw new IllegalArgumentException(
          "%s does not fit weights %s in %d groups".formatted(x, w, groups));
    }
    int[][] taps = taps(geometry);
    double[] in = Loops.doubles(x);
    double[] weights = Loops.doubles(w);
    int plane = (int) NdIndex.product(geometry.input());
    int windows = (int) NdIndex.product(geometry.output());
    int channels = (int) w.dim(1);
    int filters = (int) (w.dim(0) / groups);
    int depth = channels * taps.length;
    long[] dims = x.dims();
    dims[1] = w.dim(0);
    System.arraycopy(geometry.output(), 0, dims, 2, geometry.rank());
    double[] out = new double[(int) NdIndex.product(dims)];
    for (int ng = 0; ng < x.dim(0) * groups; ng++) {
      int group = ng % (int) groups;
      int from = ng * channels * plane;
      int into = ng * filters * windows;
      Products.gemm(
          filters,
          windows,
          depth,
          Products.rows(weights, group * filters * depth, depth, 1),
          (row, column, values, count) ->
              gather(
                  in,
                  from + row / taps.length * plane,
                  taps[row % taps.length],
                  column,
                  values,
                  count),
          (f, column, values, count) -> {
            double start = bias.isPresent() ? bias.get().getDouble(group * (long) filters + f) : 0;
            for (int j = 0; j < count; j++) {
              out[into + f * windows + column + j] = values[j] + start;
            }
          });
    }
    return Loops.tensor(to, out, dims);
  }

  private static void gather(
      double[] in, int base, int[] taps, int first, double[] columns, int count) {
    for (int j = 0; j < count; j++) {
      int position = taps[first + j];
      columns[j] = position < 0 ? 0 : in[base + position];
    }
  }

  /** The window that {@code x} of a transposed convolution slides as, over the result. */
  private static WindowGeometry transposed(
      Contraction.ConvTranspose op, long[] input, long[] kernel) {
    Window window = op.window();
    int rank = input.length;
    long[] output = new long[rank];
    long[] before = new long[rank];
    long[] after = new long[rank];
    long[] strides = new long[rank];
    long[] dilations = new long[rank];
    for (int i = 0; i < rank; i++) {
      strides[i] = window.strides().isEmpty() ? 1 : window.strides().get(i);
      dilations[i] = window.dilations().isEmpty() ? 1 : window.dilations().get(i);
      long extra = op.outputPadding().isEmpty() ? 0 : op.outputPadding().get(i);
      long full = strides[i] * (input[i] - 1) + extra + (kernel[i] - 1) * dilations[i] + 1;
      boolean same =
          window.padding() == Window.Padding.SAME_UPPER
              || window.padding() == Window.Padding.SAME_LOWER;
      if (same || !op.outputShape().isEmpty()) {
        output[i] = op.outputShape().isEmpty() ? input[i] * strides[i] : op.outputShape().get(i);
        long total = Math.max(0, full - output[i]);
        boolean upper = window.padding() == Window.Padding.SAME_UPPER;
        before[i] = upper ? total / 2 : total - total / 2;
        after[i] = total - before[i];
      } else {
        before[i] = window.padsBegin().isEmpty() ? 0 : window.padsBegin().get(i);
        after[i] = window.padsEnd().isEmpty() ? 0 : window.padsEnd().get(i);
        output[i] = full - before[i] - after[i];
      }
    }
    return new WindowGeometry(output, kernel, strides, dilations, before, after, input);
  }

  /**
   * Transposed convolution; x is [n, channels, spatial…], w [channels, filters / groups, kernel…].
   */
  static Tensor convTranspose(
      Contraction.ConvTranspose op, Tensor x, Tensor w, Optional<Tensor> bias) {
    WindowGeometry geometry = transposed(op, spatial(x), spatial(w));
    int[][] taps = taps(geometry);
    int groups = (int) op.groups();
    int channels = (int) x.dim(1) / groups;
    int filters = (int) w.dim(1);
    int size = filters * taps.length;
    int inPlane = (int) NdIndex.product(geometry.output());
    int outPlane = (int) NdIndex.product(geometry.input());
    double[] in = Loops.doubles(x);
    double[] weights = Loops.doubles(w);
    long[] dims = x.dims();
    dims[1] = (long) filters * groups;
    System.arraycopy(geometry.input(), 0, dims, 2, geometry.rank());
    double[] out = new double[(int) NdIndex.product(dims)];
    double[] products = new double[size * inPlane];
    for (int ng = 0; ng < x.dim(0) * groups; ng++) {
      int group = ng % groups;
      Products.gemm(
          size,
          inPlane,
          channels,
          Products.rows(weights, group * channels * size, 1, size),
          Products.rows(in, ng * channels * inPlane, inPlane, 1),
          Products.sink(products, 0, inPlane));
      for (int f = 0; f < filters; f++) {
        int into = (ng * filters + f) * outPlane;
        double start = bias.isPresent() ? bias.get().getDouble(group * (long) filters + f) : 0;
        Arrays.fill(out, into, into + outPlane, start);
        for (int t = 0; t < taps.length; t++) {
          int from = (f * taps.length + t) * inPlane;
          for (int i = 0; i < inPlane; i++) {
            if (taps[t][i] >= 0) {
              out[into + taps[t][i]] += products[from + i];
            }
          }
        }
      }
    }
    return Loops.tensor(x.dtype(), out, dims);
  }

  /**
   * Deformable convolution over two spatial axes: each tap is moved by an offset (row, column),
   * sampled bilinearly with zeros outside, and weighted by the mask.
   */
  static Tensor deformConv(
      Contraction.DeformConv op,
      Tensor x,
      Tensor w,
      Tensor offset,
      Optional<Tensor> bias,
      Optional<Tensor> mask) {
    WindowGeometry g = WindowGeometry.of(op.window(), spatial(x), spatial(w), false);
    int height = (int) g.input()[0];
    int width = (int) g.input()[1];
    int taps = g.taps();
    int windows = (int) NdIndex.product(g.output());
    int perGroup = (int) (w.dim(0) / op.groups());
    int channels = (int) w.dim(1);
    int offsetGroups = (int) op.offsetGroups();
    int channelsPerOffset = (int) x.dim(1) / offsetGroups;
    double[] in = Loops.doubles(x);
    double[] weights = Loops.doubles(w);
    double[] moves = Loops.doubles(offset);
    long[] dims = {x.dim(0), w.dim(0), g.output()[0], g.output()[1]};
    double[] out = new double[(int) NdIndex.product(dims)];
    for (int r = 0; r < out.length; r++) {
      int at = r % windows;
      int filter = r / windows % (int) w.dim(0);
      int n = r / windows / (int) w.dim(0);
      double sum = bias.isPresent() ? bias.get().getDouble(filter) : 0;
      for (int c = 0; c < channels; c++) {
        int channel = filter / perGroup * channels + c;
        int og = n * offsetGroups + channel / channelsPerOffset;
        for (int t = 0; t < taps; t++) {
          int move = (og * taps + t) * 2 * windows + at;
          double row =
              at / g.output()[1] * g.strides()[0]
                  - g.before()[0]
                  + t / g.kernel()[1] * g.dilations()[0]
                  + moves[move];
          double column =
              at % g.output()[1] * g.strides()[1]
                  - g.before()[1]
                  + t % g.kernel()[1] * g.dilations()[1]
                  + moves[move + windows];
          int plane = (n * (int) x.dim(1) + channel) * height * width;
          double value = bilinear(in, plane, height, width, row, column);
          double factor =
              mask.isPresent() ? mask.get().getDouble((og * (long) taps + t) * windows + at) : 1;
          sum += weights[(filter * channels + c) * taps + t] * value * factor;
        }
      }
      out[r] = sum;
    }
    return Loops.tensor(x.dtype(), out, dims);
  }

  private static double bilinear(
      double[] in, int plane, int height, int width, double row, double column) {
    int top = (int) Math.floor(row);
    int left = (int) Math.floor(column);
    double sum = 0;
    for (int i = top; i <= top + 1; i++) {
      for (int j = left; j <= left + 1; j++) {
        if (i >= 0 && i < height && j >= 0 && j < width) {
          sum += (1 - Math.abs(row - i)) * (1 - Math.abs(column - j)) * in[plane + i * width + j];
        }
      }
    }
    return sum;
  }
}
