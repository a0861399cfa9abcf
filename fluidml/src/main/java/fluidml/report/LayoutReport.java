package fluidml.report;

import fluidml.layout.LayoutProblem;
import fluidml.layout.LayoutSolution;
import fluidml.layout.SequenceDynamicProgram;
import fluidml.layout.SequenceSolver;
import fluidml.layout.Sequences;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A layout problem and its solutions as one HTML page without any reference outside: the graph with
 * its longest sequences in colours, the variants of every operator, the layout of every value with
 * the votes for it.
 */
public final class LayoutReport {
  private static final int ROW = 22;
  private static final int COLUMN = 34;
  private static final int MAX_COLUMNS = 16;

  private final LayoutProblem problem;
  private final LayoutSolution chosen;
  private final int[] sequenceOf;
  private final StringBuilder out = new StringBuilder();

  private LayoutReport(
      LayoutProblem problem, LayoutSolution chosen, List<List<Integer>> sequences) {
    this.problem = problem;
    this.chosen = chosen;
    this.sequenceOf = Sequences.numbers(sequences, problem.operators().size());
  }

  /**
   * The page.
   *
   * @param title plain text
   * @param lines of plain text under the title
   * @param solutions by solver, at least one
   * @param chosen name of the solver whose choice is shown
   * @param trace of the sequence solver, if it found a choice
   */
  public static String html(
      String title,
      List<String> lines,
      LayoutProblem problem,
      Map<String, LayoutSolution> solutions,
      String chosen,
      Optional<SequenceSolver.Trace> trace) {
    LayoutSolution solution = solutions.getOrDefault(chosen, solutions.values().iterator().next());
    List<List<Integer>> sequences =
        trace.map(SequenceSolver.Trace::sequences).orElseGet(() -> Sequences.of(problem));
    LayoutReport report = new LayoutReport(problem, solution, sequences);
    report.head(title, lines);
    report.solutions(solutions);
    report.graph(sequences);
    report.operators();
    report.values(trace.map(SequenceSolver.Trace::votes).orElse(List.of()));
    report.conversions();
    return report.out.append("</body></html>\n").toString();
  }

  private void head(String title, List<String> lines) {
    out.append("<!doctype html><html lang='en'><head><meta charset='utf-8'><title>");
    out.append(text(title)).append("</title><style>");
    out.append("body{font:14px sans-serif;margin:2em;max-width:1200px}");
    out.append("table{border-collapse:collapse}td,th{padding:2px 10px;text-align:left;");
    out.append("border-bottom:1px solid #ddd;vertical-align:top}.n{text-align:right}");
    out.append(".chosen{font-weight:bold}.box{display:inline-block;width:10px;height:10px}");
    out.append("svg text{font-size:12px}</style></head><body><h1>").append(text(title));
    out.append("</h1>");
    lines.forEach(l -> out.append("<p>").append(text(l)).append("</p>"));
  }

  private void solutions(Map<String, LayoutSolution> solutions) {
    out.append("<h2>Choices</h2><table id='solutions'><tr><th>solver</th><th class='n'>ms</th>");
    out.append("<th class='n'>proven gap</th><th class='n'>conversions left</th></tr>");
    solutions.forEach(
        (name, solution) ->
            out.append("<tr")
                .append(solution.equals(chosen) ? " class='chosen'" : "")
                .append("><td>")
                .append(text(name))
                .append("</td><td class='n'>")
                .append(millis(solution.cost()))
                .append("</td><td class='n'>")
                .append(name.equals("global") ? percent(solution.gap()) : "–")
                .append("</td><td class='n'>")
                .append(solution.conversions(problem).size())
                .append("</td></tr>"));
    out.append("</table>");
  }

  private static String colour(int sequence) {
    return String.format(Locale.ROOT, "hsl(%d 65%% %d%%)", sequence * 47 % 360, 45);
  }

  /** Operators from top to bottom, each sequence in a column of its own. */
  private void graph(List<List<Integer>> sequences) {
    int count = problem.operators().size();
    int columns = Math.min(MAX_COLUMNS, sequences.size());
    int width = 40 + columns * COLUMN + 420;
    out.append("<h2>Longest sequences</h2><p>").append(sequences.size());
    out.append(" sequences; one colour each, the heaviest at the left.</p>");
    out.append("<svg id='graph' xmlns='http://www.w3.org/2000/svg' width='").append(width);
    out.append("' height='").append(count * ROW + 20).append("'>");
    int[] producers = problem.producers();
    for (int o = 0; o < count; o++) {
      for (int value : problem.operators().get(o).inputs()) {
        int from = producers[value];
        if (from >= 0) {
          boolean along = sequenceOf[from] == sequenceOf[o];
          out.append(
              String.format(
                  Locale.ROOT,
                  "<path d='M%d %dC%d %d %d %d %d %d' fill='none' stroke='%s' stroke-width='%d'/>",
                  x(from),
                  y(from),
                  x(from) + (along ? 0 : 14),
                  y(from) + 10,
                  x(o) + (along ? 0 : 14),
                  y(o) - 10,
                  x(o),
                  y(o),
                  along ? colour(sequenceOf[o]) : "#bbb",
                  along ? 3 : 1));
        }
      }
    }
    for (int o = 0; o < count; o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      LayoutProblem.Variant variant = operator.variants().get(chosen.variants().get(o));
      out.append("<circle cx='").append(x(o)).append("' cy='").append(y(o));
      out.append("' r='6' fill='").append(colour(sequenceOf[o])).append("'/><text x='");
      out.append(40 + columns * COLUMN).append("' y='").append(y(o) + 4).append("'>");
      out.append(text(operator.name())).append(" — ").append(text(variant.name()));
      out.append(", ").append(millis(variant.cost())).append(" ms</text>");
    }
    out.append("</svg>");
  }

  private int x(int operator) {
    return 20 + Math.min(MAX_COLUMNS - 1, sequenceOf[operator]) * COLUMN;
  }

  private static int y(int operator) {
    return 16 + operator * ROW;
  }

  private void operators() {
    out.append("<h2>Operators with a choice</h2><table id='operators'><tr><th>operator</th>");
    out.append("<th>variants, ms</th></tr>");
    for (int o = 0; o < problem.operators().size(); o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      if (operator.variants().size() < 2) {
        continue;
      }
      out.append("<tr><td>").append(text(operator.name())).append("</td><td>");
      for (int k = 0; k < operator.variants().size(); k++) {
        LayoutProblem.Variant variant = operator.variants().get(k);
        boolean taken = chosen.variants().get(o) == k;
        out.append(taken ? "<span class='chosen'>" : "<span>").append(text(variant.name()));
        out.append(' ').append(millis(variant.cost())).append("</span> &nbsp; ");
      }
      out.append("</td></tr>");
    }
    out.append("</table>");
  }

  private void values(List<SequenceDynamicProgram.Vote> votes) {
    out.append("<h2>Values with a choice</h2><table id='values'><tr><th>value</th>");
    out.append("<th>layout</th><th>votes, ms</th><th>conflict</th></tr>");
    for (int v = 0; v < problem.values().size(); v++) {
      LayoutProblem.Value value = problem.values().get(v);
      int layouts = value.layouts().size();
      if (layouts < 2) {
        continue;
      }
      double[] weights = new double[layouts];
      for (SequenceDynamicProgram.Vote vote : votes) {
        if (vote.value() == v) {
          weights[vote.layout()] += vote.weight();
        }
      }
      out.append("<tr><td>").append(text(value.name())).append("</td><td>");
      out.append(text(value.layouts().get(chosen.layouts().get(v)))).append("</td><td>");
      for (int l = 0; l < layouts; l++) {
        out.append(text(value.layouts().get(l))).append(' ').append(millis(weights[l]));
        out.append(" &nbsp; ");
      }
      long wished = Arrays.stream(weights).filter(w -> w > 0).count();
      out.append("</td><td>").append(wished > 1 ? "yes" : "no").append("</td></tr>");
    }
    out.append("</table>");
  }

  private void conversions() {
    out.append("<h2>Conversions left</h2><table id='conversions'><tr><th>value</th>");
    out.append("<th>for</th><th>from</th><th>to</th><th class='n'>ms</th></tr>");
    for (LayoutSolution.Conversion left : chosen.conversions(problem)) {
      LayoutProblem.Value value = problem.values().get(left.value());
      out.append("<tr><td>").append(text(value.name())).append("</td><td>");
      out.append(text(problem.operators().get(left.operator()).name())).append("</td><td>");
      out.append(text(value.layouts().get(left.from()))).append("</td><td>");
      out.append(text(value.layouts().get(left.to()))).append("</td><td class='n'>");
      out.append(millis(left.cost())).append("</td></tr>");
    }
    out.append("</table><p>").append(chosen.conversions(problem).size());
    out.append(" conversions; each is made by the kernel that reads or writes the value.</p>");
  }

  private static String millis(double seconds) {
    return String.format(Locale.ROOT, "%.3f", seconds * 1e3);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", share * 100);
  }

  private static String text(String plain) {
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;");
  }
}
