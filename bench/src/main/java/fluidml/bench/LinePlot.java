package fluidml.bench;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A plot with two linear axes that begin at zero, as SVG. */
final class LinePlot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 380;
  private static final int LEFT = 80;
  private static final int TOP = 20;
  private static final int RIGHT = 190;
  private static final int BOTTOM = 50;
  private static final int TICKS = 5;
  private static final List<String> COLOURS =
      List.of("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b");

  private LinePlot() {}

  /**
   * The plot.
   *
   * @param curves points (x, y), none negative, by name
   */
  static String svg(String xTitle, String yTitle, Map<String, List<double[]>> curves) {
    double right = round(largest(curves, 0));
    double top = round(largest(curves, 1));
    StringBuilder out = new StringBuilder();
    Formatter pen = new Formatter(out, Locale.ROOT);
    pen.format(
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='12'><rect width='100%%' height='100%%' fill='white'/>",
        WIDTH, HEIGHT);
    for (int i = 0; i <= TICKS; i++) {
      double x = LEFT + (double) i / TICKS * (WIDTH - LEFT - RIGHT);
      double y = HEIGHT - BOTTOM - (double) i / TICKS * (HEIGHT - TOP - BOTTOM);
      pen.format(
          "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='#ddd'/>", x, TOP, x, HEIGHT - BOTTOM);
      pen.format(
          "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
          x, HEIGHT - BOTTOM + 18, number(right * i / TICKS));
      pen.format(
          "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>", LEFT, y, WIDTH - RIGHT, y);
      pen.format(
          "<text x='%d' y='%.1f' text-anchor='end'>%s</text>",
          LEFT - 6, y + 4, number(top * i / TICKS));
    }
    int count = 0;
    for (Map.Entry<String, List<double[]>> curve : curves.entrySet()) {
      String colour = COLOURS.get(count % COLOURS.size());
      pen.format("<polyline fill='none' stroke='%s' stroke-width='1.5' points='", colour);
      for (double[] point : curve.getValue()) {
        pen.format(
            "%.1f,%.1f ",
            LEFT + point[0] / right * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - point[1] / top * (HEIGHT - TOP - BOTTOM));
      }
      int line = TOP + 14 + 18 * count++;
      pen.format(
          "'/><line x1='%d' y1='%d' x2='%d' y2='%d' stroke='%s'/><text x='%d' y='%d'>%s</text>",
          WIDTH - RIGHT + 12,
          line - 4,
          WIDTH - RIGHT + 40,
          line - 4,
          colour,
          WIDTH - RIGHT + 46,
          line,
          curve.getKey());
    }
    pen.format("<text x='%d' y='%d'>%s</text>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xTitle);
    pen.format("<text transform='translate(16 %d) rotate(-90)'>%s</text>", HEIGHT / 2, yTitle);
    return out.append("</svg>\n").toString();
  }

  private static double largest(Map<String, List<double[]>> curves, int axis) {
    return curves.values().stream().flatMap(List::stream).mapToDouble(p -> p[axis]).max().orElse(1);
  }

  /** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
  private static double round(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(Math.max(value, 1e-9))));
    for (double step : new double[] {1, 2, 2.5, 5}) {
      if (value <= step * power) {
        return step * power;
      }
    }
    return 10 * power;
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.3g", value);
  }
}
