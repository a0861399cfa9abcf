package fluidml.cli;

import fluidml.report.Bytes;
import java.util.List;
import java.util.Locale;

/** An ablation as one HTML page without any reference outside: for each model bars and a table. */
final class AblationPage {
  private static final int ROW = 22;
  private static final int LABEL = 400;
  private static final int WIDTH = 520;
  private static final int MEMORY = 160;

  private final StringBuilder out = new StringBuilder();

  private AblationPage() {}

  static String of(List<AblateCommand.Outcome> outcomes) {
    AblationPage page = new AblationPage();
    page.head();
    outcomes.forEach(page::model);
    return page.out.append("</body></html>\n").toString();
  }

  private void head() {
    out.append("<!doctype html><html lang='en'><head><meta charset='utf-8'>");
    out.append("<title>Ablation</title><style>");
    out.append("body{font:14px sans-serif;margin:2em;max-width:1200px}");
    out.append("table{border-collapse:collapse}td,th{padding:2px 10px;text-align:left;");
    out.append("border-bottom:1px solid #ddd}.n{text-align:right}.base{font-weight:bold}");
    out.append("svg text{font-size:12px}</style></head><body><h1>Ablation</h1>");
    out.append("<p>Every bar is the median of several JVMs, each of which ran in turns with the");
    out.append(
        " default; the thin line spans from the fastest to the slowest of them. The dark bar");
    out.append(" is the default. At the right: arena and peak resident set.</p>");
  }

  private void model(AblateCommand.Outcome outcome) {
    List<AblationRow> rows = outcome.rows();
    out.append("<h2>").append(text(outcome.file().toString())).append(", ");
    out.append(outcome.threads()).append(" threads</h2>");
    picture(outcome);
    out.append("<table class='rows'><tr><th>layout</th><th>loops</th><th>memory</th>");
    out.append("<th>fusion</th><th class='n'>ms</th><th class='n'>spread</th>");
    out.append("<th class='n'>of default</th><th class='n'>predicted ms</th>");
    out.append("<th class='n'>arena</th><th class='n'>peak RSS</th>");
    out.append("<th class='n'>layout copies</th></tr>");
    for (AblationRow row : rows) {
      Ablation s = row.switches();
      out.append(s.equals(Ablation.BASE) ? "<tr class='base'>" : "<tr>");
      cell(s.layout());
      cell(s.loops() ? "reordered" : "fixed");
      cell(s.memory());
      cell(s.fusion() ? "on" : "off");
      number(
          String.format(Locale.ROOT, "%.2f", row.latency()) + (row.sameAs().isEmpty() ? "" : " ="));
      number(String.format(Locale.ROOT, "%.1f %%", row.spread() * 100));
      number(String.format(Locale.ROOT, "%.3f", row.ratio()));
      number(String.format(Locale.ROOT, "%.2f", row.predicted()));
      number(Bytes.format(row.arena()));
      number(row.peak() < 0 ? "unknown" : Bytes.format(row.peak()));
      number(Integer.toString(row.copies()));
      out.append("</tr>");
    }
    out.append("</table><p>=: the same program as a row above, whose forks are shown.</p>");
  }

  private void picture(AblateCommand.Outcome outcome) {
    List<AblationRow> rows = outcome.rows();
    double slowest =
        rows.stream().mapToDouble(r -> r.ratios()[r.ratios().length - 1]).max().orElse(1);
    double arena = Math.max(1, rows.stream().mapToLong(AblationRow::arena).max().orElse(1));
    double peak = Math.max(1, rows.stream().mapToLong(AblationRow::peak).max().orElse(1));
    int width = LABEL + WIDTH + 2 * MEMORY;
    out.append("<svg class='ablation' xmlns='http://www.w3.org/2000/svg' width='").append(width);
    out.append("' height='").append((rows.size() + 1) * ROW).append("'>");
    label(LABEL, 14, "ms");
    label(LABEL + WIDTH, 14, "arena");
    label(LABEL + WIDTH + MEMORY, 14, "peak RSS");
    for (int i = 0; i < rows.size(); i++) {
      AblationRow row = rows.get(i);
      int y = (i + 1) * ROW;
      label(0, y + 14, row.switches().label());
      double scale = (WIDTH - 70) / slowest;
      boolean base = row.switches().equals(Ablation.BASE);
      bar(LABEL, y, row.ratio() * scale, base ? "#2b5c8a" : "#7fb2de");
      double[] all = row.ratios();
      out.append(
          String.format(
              Locale.ROOT,
              "<line x1='%.1f' x2='%.1f' y1='%d' y2='%d' stroke='#222'/>",
              LABEL + all[0] * scale,
              LABEL + all[all.length - 1] * scale,
              y + 9,
              y + 9));
      label(
          (int) (LABEL + all[all.length - 1] * scale) + 6,
          y + 14,
          String.format(Locale.ROOT, "%.2f", row.latency()));
      bar(LABEL + WIDTH, y, row.arena() / arena * (MEMORY - 80), "#c9a24b");
      label(
          (int) (LABEL + WIDTH + row.arena() / arena * (MEMORY - 80)) + 4,
          y + 14,
          Bytes.format(row.arena()));
      long resident = Math.max(0, row.peak());
      bar(LABEL + WIDTH + MEMORY, y, resident / peak * (MEMORY - 80), "#8a9a5b");
      label(
          (int) (LABEL + WIDTH + MEMORY + resident / peak * (MEMORY - 80)) + 4,
          y + 14,
          Bytes.format(resident));
    }
    out.append("</svg>");
  }

  private void bar(int x, int y, double width, String colour) {
    out.append(
        String.format(
            Locale.ROOT,
            "<rect x='%d' y='%d' width='%.1f' height='%d' fill='%s'/>",
            x,
            y + 2,
            Math.max(1, width),
            ROW - 6,
            colour));
  }

  private void label(int x, int y, String plain) {
    out.append("<text x='").append(x).append("' y='").append(y).append("'>");
    out.append(text(plain)).append("</text>");
  }

  private void cell(String plain) {
    out.append("<td>").append(text(plain)).append("</td>");
  }

  private void number(String plain) {
    out.append("<td class='n'>").append(text(plain)).append("</td>");
  }

  private static String text(String plain) {
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;");
  }
}
