package fluidml.bench;

import java.util.ArrayList;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A plot with two logarithmic axes, as SVG. */
final class LogPlot {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 480;
  private static final int LEFT = 70;
  private static final int TOP = 20;
  private static final int RIGHT = 190;
  private static final int BOTTOM = 50;
  private static final List<String> COLOURS =
      List.of("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e");

  private final double[] low = {Double.MAX_VALUE, Double.MAX_VALUE};
  private final double[] high = {-Double.MAX_VALUE, -Double.MAX_VALUE};
  private final StringBuilder out = new StringBuilder();
  private final Formatter pen = new Formatter(out, Locale.ROOT);

  /**
   * A disc.
   *
   * @param x its centre
   * @param y its centre
   * @param area relative to the others; 1 is large
   * @param label shown where the pointer is
   * @param mark shown beside it
   */
  record Disc(double x, double y, double area, String label, String mark) {}

  private LogPlot(Map<String, List<double[]>> curves, List<Disc> discs) {
    List<List<double[]>> all = new ArrayList<>(curves.values());
    all.add(discs.stream().map(d -> new double[] {d.x, d.y}).toList());
    for (List<double[]> curve : all) {
      for (double[] point : curve) {
        for (int i = 0; i < 2; i++) {
          low[i] = Math.min(low[i], Math.floor(Math.log10(point[i])));
          high[i] = Math.max(high[i], Math.ceil(Math.log10(point[i])));
        }
      }
    }
    for (int i = 0; i < 2; i++) {
      high[i] = Math.max(high[i], low[i] + 1);
    }
  }

  /**
   * The plot.
   *
   * @param curves points (x, y), all positive, by name; every other curve is dashed, pairs share a
   *     colour
   */
  static String svg(String x, String y, Map<String, List<double[]>> curves) {
    return svg(x, y, curves, List.of());
  }

  /** The plot with discs on top of the curves. */
  static String svg(String x, String y, Map<String, List<double[]>> curves, List<Disc> discs) {
    return new LogPlot(curves, discs).draw(x, y, curves, discs);
  }

  private String draw(
      String xTitle, String yTitle, Map<String, List<double[]>> curves, List<Disc> discs) {
    pen.format(
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif'"
            + " font-size='12'><rect width='100%%' height='100%%' fill='white'/>",
        WIDTH, HEIGHT);
    for (int e = (int) low[0]; e <= high[0]; e++) {
      double at = x(Math.pow(10, e));
      pen.format(
          "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='#ddd'/>",
          at, TOP, at, HEIGHT - BOTTOM);
      pen.format(
          "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>",
          at, HEIGHT - BOTTOM + 18, power(e));
    }
    for (int e = (int) low[1]; e <= high[1]; e++) {
      double at = y(Math.pow(10, e));
      pen.format(
          "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>", LEFT, at, WIDTH - RIGHT, at);
      pen.format("<text x='%d' y='%.1f' text-anchor='end'>%s</text>", LEFT - 6, at + 4, power(e));
    }
    int number = 0;
    for (Map.Entry<String, List<double[]>> curve : curves.entrySet()) {
      String colour = COLOURS.get(number / 2 % COLOURS.size());
      String dash = number % 2 == 0 ? " stroke-dasharray='5 3'" : "";
      StringBuilder points = new StringBuilder();
      for (double[] point : curve.getValue()) {
        points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(point[0]), y(point[1])));
        pen.format(
            "<circle cx='%.1f' cy='%.1f' r='2.5' fill='%s'/>", x(point[0]), y(point[1]), colour);
      }
      pen.format("<polyline points='%s' fill='none' stroke='%s'%s/>", points, colour, dash);
      int line = TOP + 14 + 18 * number++;
      pen.format(
          "<line x1='%d' y1='%d' x2='%d' y2='%d' stroke='%s'%s/>",
          WIDTH - RIGHT + 12, line - 4, WIDTH - RIGHT + 40, line - 4, colour, dash);
      pen.format("<text x='%d' y='%d'>%s</text>", WIDTH - RIGHT + 46, line, curve.getKey());
    }
    for (Disc disc : discs) {
      double radius = 3 + 24 * Math.sqrt(disc.area);
      pen.format(
          "<circle cx='%.1f' cy='%.1f' r='%.1f' fill='#1f77b4' fill-opacity='0.35'"
              + " stroke='#1f77b4'><title>%s</title></circle>",
          x(disc.x), y(disc.y), radius, escaped(disc.label));
      pen.format(
          "<text x='%.1f' y='%.1f' text-anchor='middle' pointer-events='none'>%s</text>",
          x(disc.x), y(disc.y) + 4, escaped(disc.mark));
    }
    pen.format("<text x='%d' y='%d'>%s</text>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, xTitle);
    pen.format("<text transform='translate(16 %d) rotate(-90)'>%s</text>", HEIGHT / 2, yTitle);
    return out.append("</svg>\n").toString();
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;");
  }

  private static String power(int exponent) {
    double value = Math.pow(10, exponent);
    return exponent >= 0
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%." + -exponent + "f", value);
  }

  private double x(double value) {
    double share = (Math.log10(value) - low[0]) / (high[0] - low[0]);
    return LEFT + share * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    double share = (Math.log10(value) - low[1]) / (high[1] - low[1]);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  }
}
