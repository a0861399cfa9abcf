package fluidml.reference;

import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Einstein summation: a sum of products over every combination of the labels. A repeated label
 * walks a diagonal; the axes of an ellipsis broadcast; without an arrow the result has the labels
 * that occur once, in alphabetical order, after those of the ellipsis.
 */
final class Einsums {
  private Einsums() {}

  static Tensor einsum(String equation, List<Tensor> operands) {
    String text = equation.replace(" ", "");
    int arrow = text.indexOf("->");
    String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    if (terms.length != operands.size()) {
      throw new IllegalArgumentException(
          "'" + equation + "' has " + terms.length + " terms for " + operands.size() + " operands");
    }
    int ellipsis = 0;
    for (int i = 0; i < terms.length; i++) {
      if (terms[i].contains("...")) {
        ellipsis = Math.max(ellipsis, operands.get(i).rank() - (terms[i].length() - 3));
      }
    }
    List<List<String>> labels = new ArrayList<>();
    Map<String, Long> extents = new LinkedHashMap<>();
    for (int i = 0; i < terms.length; i++) {
      Tensor x = operands.get(i);
      List<String> own = labels(terms[i], x.rank() - (terms[i].length() - 3), ellipsis);
      if (own.size() != x.rank()) {
        throw new IllegalArgumentException("'" + terms[i] + "' does not fit " + x);
      }
      for (int axis = 0; axis < own.size(); axis++) {
        long extent = x.dim(axis);
        long before = extents.getOrDefault(own.get(axis), 1L);
        if (before != 1 && extent != 1 && before != extent) {
          throw new IllegalArgumentException("label '" + own.get(axis) + "' has two extents");
        }
        extents.put(
            own.get(axis), Math.max(before, extent) == 1 ? 1 : before == 1 ? extent : before);
      }
      labels.add(own);
    }
    List<String> result =
        arrow < 0
            ? implicit(labels, ellipsis)
            : labels(text.substring(arrow + 2), ellipsis, ellipsis);
    return contract(labels, result, extents, operands);
  }

  /** One label for each axis; those of the ellipsis are numbers, aligned at the end. */
  private static List<String> labels(String term, int own, int ellipsis) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < term.length(); i++) {
      if (term.startsWith("...", i)) {
        for (int k = ellipsis - own; k < ellipsis; k++) {
          labels.add(Integer.toString(k));
        }
        i += 2;
      } else {
        labels.add(term.substring(i, i + 1));
      }
    }
    return labels;
  }

  private static List<String> implicit(List<List<String>> labels, int ellipsis) {
    Map<String, Integer> counts = new TreeMap<>();
    labels.forEach(term -> term.forEach(label -> counts.merge(label, 1, Integer::sum)));
    List<String> result = labels("...", ellipsis, ellipsis);
    counts.forEach(
        (label, count) -> {
          if (count == 1 && !Character.isDigit(label.charAt(0))) {
            result.add(label);
          }
        });
    return result;
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
