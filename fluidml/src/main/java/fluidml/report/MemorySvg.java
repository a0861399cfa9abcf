package fluidml.report;

import fluidml.memory.Buffer;
import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;
import java.util.Locale;
import java.util.TreeMap;

/**
 * A memory plan as a picture: steps from left to right, addresses from bottom to top, one rectangle
 * per buffer that says on hovering what it is. A line above the rectangles follows the live bytes;
 * the dashed line is the lower bound.
 */
public final class MemorySvg {
  private static final int WIDTH = 1200;
  private static final int HEIGHT = 640;
  private static final int LEFT = 90;
  private static final int TOP = 56;
  private static final int RIGHT = 20;
  private static final int BOTTOM = 40;
  private static final int TICKS = 8;

  /** Rectangles narrower or lower than this have no label. */
  private static final int LABEL_WIDTH = 34;

  private static final int LABEL_HEIGHT = 11;

  private final MemoryProblem problem;
  private final MemoryPlan plan;
  private final long bound;
  private final StringBuilder svg = new StringBuilder();
  private long firstStep = Long.MAX_VALUE;
  private long endStep = 1;
  private final long top;

  private MemorySvg(MemoryProblem problem, MemoryPlan plan, long bound) {
    this.problem = problem;
    this.plan = plan;
    this.bound = bound;
    for (Buffer buffer : problem.buffers()) {
      firstStep = Math.min(firstStep, buffer.lower());
      endStep = Math.max(endStep, buffer.upper());
    }
    firstStep = Math.min(firstStep, endStep - 1);
    top = Math.max(1, Math.max(plan.arenaBytes(), bound));
  }

  /**
   * Returns the picture as an SVG document without references to anything else.
   *
   * @param title shown on top
   * @param problem the buffers
   * @param plan a plan for them
   * @param bound bytes that no plan is below
   */
  public static String of(String title, MemoryProblem problem, MemoryPlan plan, long bound) {
    return new MemorySvg(problem, plan, bound).draw(title);
  }

  private String draw(String title) {
    int width = LEFT + WIDTH + RIGHT;
    int height = TOP + HEIGHT + BOTTOM;
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"
            font-family="sans-serif" font-size="12">
        <rect width="100%%" height="100%%" fill="white"/>
        """
            .formatted(width, height, width, height));
    text(LEFT, 20, "start", "15", title);
    text(LEFT, 40, "start", "12", subtitle());
    axes();
    for (int i = 0; i < problem.count(); i++) {
      buffer(i);
    }
    liveBytes();
    line(LEFT, y(bound), LEFT + WIDTH, y(bound), "#c00", "stroke-dasharray=\"6 4\"");
    return svg.append("</svg>\n").toString();
  }

  private String subtitle() {
    return String.format(
        Locale.ROOT,
        "%d buffers, planned by %s: %s; lower bound %s (dashed, %.3f times); without reuse %s",
        problem.count(),
        plan.planner(),
        Bytes.format(plan.arenaBytes()),
        Bytes.format(bound),
        bound == 0 ? 1.0 : (double) plan.arenaBytes() / bound,
        Bytes.format(problem.totalBytes()));
  }

  private double x(long step) {
    return LEFT + (double) (step - firstStep) / (endStep - firstStep) * WIDTH;
  }

  private double y(long address) {
    return TOP + HEIGHT - (double) address / top * HEIGHT;
  }

  private void axes() {
    for (int i = 0; i <= TICKS; i++) {
      long address = top / TICKS * i;
      line(LEFT, y(address), LEFT + WIDTH, y(address), "#ddd", "");
      text(LEFT - 6, y(address) + 4, "end", "11", Bytes.format(address));
      long step = firstStep + (endStep - firstStep) * i / TICKS;
      line(x(step), TOP + HEIGHT, x(step), TOP + HEIGHT + 5, "#888", "");
      String anchor = i == 0 ? "start" : i == TICKS ? "end" : "middle";
      text(x(step), TOP + HEIGHT + 18, anchor, "11", Long.toString(step));
    }
    text(LEFT + WIDTH / 2.0, TOP + HEIGHT + 34, "middle", "12", "step");
  }

  private void buffer(int i) {
    long offset = plan.offset(i);
    double left = x(problem.lower(i));
    double width = x(problem.upper(i)) - left;
    double upper = y(offset + problem.bytes(i));
    double height = y(offset) - upper;
    // Hues a golden angle apart keep neighbours distinct.
    long hue = Math.round(i * 137.508) % 360;
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"hsl(%d,60%%,%d%%)\""
                + " stroke=\"#333\" stroke-width=\"0.4\"><title>%s: %s at %d, steps %d to"
                + " %d</title></rect>%n",
            left,
            upper,
            width,
            height,
            hue,
            68 + i % 3 * 7,
            escape(problem.id(i)),
            Bytes.format(problem.bytes(i)),
            offset,
            problem.lower(i),
            problem.upper(i)));
    String name = problem.id(i);
    if (width >= LABEL_WIDTH && height >= LABEL_HEIGHT) {
      int letters = (int) (width / 6.5);
      String label = name.length() <= letters ? name : name.substring(0, letters - 1) + "…";
      text(left + width / 2, upper + height / 2 + 3.5, "middle", "10", label);
    }
  }

  private void liveBytes() {
    TreeMap<Integer, Long> changes = new TreeMap<>();
    for (int i = 0; i < problem.count(); i++) {
      changes.merge(problem.lower(i), problem.bytes(i), Long::sum);
      changes.merge(problem.upper(i), -problem.bytes(i), Long::sum);
    }
    StringBuilder path = new StringBuilder();
    long live = 0;
    for (var change : changes.entrySet()) {
      double x = x(change.getKey());
      path.append(String.format(Locale.ROOT, "%.2f,%.2f ", x, y(live)));
      live += change.getValue();
      path.append(String.format(Locale.ROOT, "%.2f,%.2f ", x, y(live)));
    }
    svg.append("<polyline fill=\"none\" stroke=\"#000\" stroke-width=\"1.2\" points=\"")
        .append(path)
        .append("\"/>\n");
  }

  private void line(double x1, double y1, double x2, double y2, String colour, String more) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" %s/>%n",
            x1,
            y1,
            x2,
            y2,
            colour,
            more));
  }

  private void text(double x, double y, String anchor, String size, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.2f\" y=\"%.2f\" text-anchor=\"%s\" font-size=\"%s\""
                + " pointer-events=\"none\">%s</text>%n",
            x,
            y,
            anchor,
            size,
            escape(text)));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
