package fluidml.graph.infer;

import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Shapes of Einstein summations. */
final class EinsumTypes {
  private static final String ELLIPSIS = "...";

  private EinsumTypes() {}

  static Optional<Shape> infer(Site site, String equation) {
    String text = equation.replace(" ", "");
    int arrow = text.indexOf("->");
    String[] terms = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    if (terms.length != site.operands()) {
      throw site.error(
          "equation '%s' has %d terms for %d operands"
              .formatted(equation, terms.length, site.operands()));
    }
    Map<Character, Dim> extents = new HashMap<>();
    TreeMap<Character, Integer> counts = new TreeMap<>();
    Shape batch = Shape.SCALAR;
    boolean ranked = true;
    for (int i = 0; i < terms.length; i++) {
      List<Character> labels = labels(site, equation, terms[i].replace(ELLIPSIS, ""));
      labels.forEach(label -> counts.merge(label, 1, Integer::sum));
      Optional<Shape> shape = site.shape(i);
      if (shape.isEmpty()) {
        ranked = false;
        continue;
      }
      int dots = terms[i].indexOf(ELLIPSIS);
      int hidden = shape.get().rank() - labels.size();
      site.require(
          dots < 0 ? hidden == 0 : hidden >= 0, i, "does not fit the term '" + terms[i] + "'");
      if (dots >= 0) {
        batch = site.broadcast(batch, new Shape(shape.get().dims().subList(dots, dots + hidden)));
      }
      for (int j = 0; j < labels.size(); j++) {
        Dim extent = shape.get().dim(dots >= 0 && j >= dots ? j + hidden : j);
        Dim before = extents.getOrDefault(labels.get(j), Dim.ONE);
        char label = labels.get(j);
        Dim both =
            Broadcast.dims(before, extent)
                .orElseThrow(
                    () ->
                        site.error(
                            "label '%s' stands for both %s and %s"
                                .formatted(label, before, extent)));
        site.assume(before, both, true);
        site.assume(extent, both, true);
        extents.put(label, both);
      }
    }
    if (!ranked) {
      return Optional.empty();
    }
    List<Dim> dims = new ArrayList<>();
    if (arrow < 0) {
      dims.addAll(batch.dims());
      counts.forEach(
          (label, count) -> {
            if (count == 1) {
              dims.add(extents.get(label));
            }
          });
      return Optional.of(new Shape(dims));
    }
    String result = text.substring(arrow + 2);
    int dots = result.indexOf(ELLIPSIS);
    List<Character> labels = labels(site, equation, result.replace(ELLIPSIS, ""));
    for (int j = 0; j <= labels.size(); j++) {
      if (j == dots) {
        dims.addAll(batch.dims());
      }
      if (j < labels.size()) {
        Dim extent = extents.get(labels.get(j));
        if (extent == null) {
          throw site.error(
              "equation '%s': no operand has the label '%s'".formatted(equation, labels.get(j)));
        }
        dims.add(extent);
      }
    }
    return Optional.of(new Shape(dims));
  }

  private static List<Character> labels(Site site, String equation, String term) {
    List<Character> labels = new ArrayList<>();
    for (int i = 0; i < term.length(); i++) {
      char c = term.charAt(i);
      if (!Character.isLetter(c)) {
        throw site.error("equation '%s': '%s' is not a label".formatted(equation, c));
      }
      labels.add(c);
    }
    return labels;
  }
}
