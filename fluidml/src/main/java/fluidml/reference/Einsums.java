package fluidml.reference;

import fluidml.graph.op.EinsumLabels;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Einstein summation: a sum of products over every combination of the labels. A repeated label
 * walks a diagonal; the axes of an ellipsis broadcast; without an arrow the result has the labels
 * that occur once, in alphabetical order, after those of the ellipsis.
 */
final class Einsums {
  private Einsums() {}

  static Tensor einsum(String equation, List<Tensor> operands) {
    EinsumLabels equations =
        EinsumLabels.of(equation, operands.stream().map(Tensor::rank).toList());
    Map<String, Long> extents = new LinkedHashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      Tensor x = operands.get(i);
      List<String> own = equations.operands().get(i);
      for (int axis = 0; axis < own.size(); axis++) {
        long extent = x.dim(axis);
        long before = extents.getOrDefault(own.get(axis), 1L);
        if (before != 1 && extent != 1 && before != extent) {
          throw new IllegalArgumentException("label '" + own.get(axis) + "' has two extents");
        }
        extents.put(
            own.get(axis), Math.max(before, extent) == 1 ? 1 : before == 1 ? extent : before);
      }
    }
    return contract(equations.operands(), equations.result(), extents, operands);
  }

  private static Tensor contract(
      List<List<String>> labels,
      List<String> result,
      Map<String, Long> extents,
      List<Tensor> operands) {
    List<String> order = new ArrayList<>(result);
    extents.keySet().stream().filter(l -> !result.contains(l)).forEach(order::add);
    long[] space = order.stream().mapToLong(l -> extents.getOrDefault(l, 1L)).toArray();
    long[] dims = Arrays.copyOf(space, result.size());
    long[][] strides = new long[operands.size() + 1][];
    strides[0] = Arrays.copyOf(NdIndex.strides(dims), space.length);
    double[][] values = new double[operands.size()][];
    for (int i = 0; i < operands.size(); i++) {
      Tensor x = operands.get(i);
      long[] own = NdIndex.strides(x.dims());
      long[] along = new long[space.length];
      for (int axis = 0; axis < own.length; axis++) {
        along[order.indexOf(labels.get(i).get(axis))] += x.dim(axis) == 1 ? 0 : own[axis];
      }
      strides[i + 1] = along;
      values[i] = Loops.doubles(x);
    }
    double[] sums = new double[(int) NdIndex.product(dims)];
    NdIndex.rows(
        space,
        new long[strides.length],
        strides,
        (at, step, count) -> {
          for (long j = 0; j < count; j++) {
            double product = 1;
            for (int i = 0; i < values.length; i++) {
              product *= values[i][(int) (at[i + 1] + j * step[i + 1])];
            }
            sums[(int) (at[0] + j * step[0])] += product;
          }
        });
    return Loops.tensor(operands.getFirst().dtype(), sums, dims);
  }
}
