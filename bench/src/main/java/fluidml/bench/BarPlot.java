package fluidml.bench;

import java.util.ArrayList;
import java.util.Formatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Groups of bars that begin at zero, as SVG. */
final class BarPlot {
  private static final int BAR = 18;
  private static final int GAP = 30;
  private static final int HEIGHT = 380;
  private static final int LEFT = 60;
  private static final int TOP = 20;
  private static final int RIGHT = 150;
  private static final int BOTTOM = 60;
  private static final int TICKS = 5;
  private static final List<String> COLOURS =
      List.of("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b");

  private BarPlot() {}

  /**
   * The plot.
   *
   * @param groups for each group the values by the name of their series, none negative
   */
  static String svg(String title, Map<String, Map<String, Double>> groups) {
    Set<String> names = new LinkedHashSet<>();
    groups.values().forEach(g -> names.addAll(g.keySet()));
    List<String> series = new ArrayList<>(names);
    double top =
        Math.ceil(
            groups.values().stream()
                .flatMap(g -> g.values().stream())
                .mapToDouble(v -> v)
                .max()
                .orElse(1));
    int group = series.size() * BAR + GAP;
    int width = LEFT + groups.size() * group + RIGHT;
    StringBuilder out = new StringBuilder();
    Formatter pen = new Formatter(out, Locale.ROOT);
    pen.format(
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='12'><rect width='100%%' height='100%%' fill='white'/>",
        width, HEIGHT);
    for (int i = 0; i <= TICKS; i++) {
      double y = HEIGHT - BOTTOM - (double) i / TICKS * (HEIGHT - TOP - BOTTOM);
      pen.format(
          "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>", LEFT, y, width - RIGHT, y);
      pen.format(
          "<text x='%d' y='%.1f' text-anchor='end'>%.3g</text>", LEFT - 6, y + 4, top * i / TICKS);
    }
    int left = LEFT + GAP / 2;
    for (Map.Entry<String, Map<String, Double>> entry : groups.entrySet()) {
      for (int i = 0; i < series.size(); i++) {
        double value = entry.getValue().getOrDefault(series.get(i), 0.0);
        double height = value / top * (HEIGHT - TOP - BOTTOM);
        pen.format(
            "<rect x='%d' y='%.1f' width='%d' height='%.1f' fill='%s'><title>%s %s: %.3f"
                + "</title></rect>",
            left + i * BAR,
            HEIGHT - BOTTOM - height,
            BAR - 2,
            height,
            COLOURS.get(i % COLOURS.size()),
            entry.getKey(),
            series.get(i),
            value);
      }
      pen.format(
          "<text x='%d' y='%d' text-anchor='middle' font-size='11'>%s</text>",
          left + series.size() * BAR / 2, HEIGHT - BOTTOM + 16, entry.getKey());
      left += group;
    }
    for (int i = 0; i < series.size(); i++) {
      int y = TOP + 14 + 18 * i;
      pen.format(
          "<rect x='%d' y='%d' width='12' height='12' fill='%s'/><text x='%d' y='%d'>%s</text>",
          width - RIGHT + 12,
          y - 10,
          COLOURS.get(i % COLOURS.size()),
          width - RIGHT + 30,
          y,
          series.get(i));
    }
    pen.format("<text x='%d' y='%d'>%s</text>", LEFT, HEIGHT - 12, title);
    return out.append("</svg>\n").toString();
  }
}
