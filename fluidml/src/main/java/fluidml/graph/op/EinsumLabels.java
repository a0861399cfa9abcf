package fluidml.graph.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The labels of an Einstein summation: one for each axis. The axes of an ellipsis are numbered,
 * aligned at the last one.
 *
 * @param operands labels of every operand's axes
 * @param result labels of the result's axes; without an arrow those of the ellipsis, then those
 *     that occur once, in alphabetical order
 * @see <a href="https://onnx.ai/onnx/operators/onnx__Einsum.html">ONNX's definition</a>
 */
public record EinsumLabels(List<List<String>> operands, List<String> result) {
  private static final String ELLIPSIS = "...";

  public EinsumLabels {
    operands = operands.stream().map(List::copyOf).toList();
    result = List.copyOf(result);
  }

  /**
   * The labels of an equation.
   *
   * @param ranks of the operands
   * @throws IllegalArgumentException if they do not fit the equation
   */
  public static EinsumLabels of(String equation, List<Integer> ranks) {
    String text = equation.replace(" ", "");
    int arrow = text.indexOf("->");
    String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    if (terms.length != ranks.size()) {
      throw new IllegalArgumentException(
          "'" + equation + "' has " + terms.length + " terms for " + ranks.size() + " operands");
    }
    int ellipsis = 0;
    for (int i = 0; i < terms.length; i++) {
      if (terms[i].contains(ELLIPSIS)) {
        ellipsis = Math.max(ellipsis, hidden(terms[i], ranks.get(i)));
      }
    }
    List<List<String>> operands = new ArrayList<>();
    for (int i = 0; i < terms.length; i++) {
      List<String> own = labels(terms[i], hidden(terms[i], ranks.get(i)), ellipsis);
      if (own.size() != ranks.get(i)) {
        throw new IllegalArgumentException(
            "'" + terms[i] + "' does not fit an operand of rank " + ranks.get(i));
      }
      operands.add(own);
    }
    List<String> result =
        arrow < 0
            ? implicit(operands, ellipsis)
            : labels(text.substring(arrow + 2), ellipsis, ellipsis);
    return new EinsumLabels(operands, result);
  }

  /** Axes that an ellipsis in a term would stand for. */
  private static int hidden(String term, int rank) {
    return rank - (term.length() - ELLIPSIS.length());
  }

  private static List<String> labels(String term, int own, int ellipsis) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < term.length(); i++) {
      if (term.startsWith(ELLIPSIS, i)) {
        for (int k = ellipsis - own; k < ellipsis; k++) {
          labels.add(Integer.toString(k));
        }
        i += ELLIPSIS.length() - 1;
      } else {
        labels.add(term.substring(i, i + 1));
      }
    }
    return labels;
  }

  private static List<String> implicit(List<List<String>> operands, int ellipsis) {
    Map<String, Integer> counts = new TreeMap<>();
    operands.forEach(term -> term.forEach(label -> counts.merge(label, 1, Integer::sum)));
    List<String> result = labels(ELLIPSIS, ellipsis, ellipsis);
    counts.forEach(
        (label, count) -> {
          if (count == 1 && !Character.isDigit(label.charAt(0))) {
            result.add(label);
          }
        });
    return result;
  }
}
