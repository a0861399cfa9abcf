package fluidml.report;

import java.util.ArrayList;
import java.util.List;

/** A text table: aligned columns, a header, nothing else. */
public final class Table {
  private final List<String> header = new ArrayList<>();
  private final List<Boolean> right = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a column of text, aligned at its left. */
  public Table left(String title) {
    header.add(title);
    right.add(false);
    return this;
  }

  /** Adds a column of numbers, aligned at its right. */
  public Table right(String title) {
    header.add(title);
    right.add(true);
    return this;
  }

  /**
   * Adds a row.
   *
   * @param cells one for each column
   * @throws IllegalArgumentException if there are more or fewer cells than columns
   */
  public void row(Object... cells) {
    if (cells.length != header.size()) {
      throw new IllegalArgumentException(cells.length + " cells, " + header.size() + " columns");
    }
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
  }

  /** The table as lines, each ended by a line feed, without blanks at their ends. */
  public String render() {
    int[] widths = new int[header.size()];
    List<List<String>> lines = new ArrayList<>();
    lines.add(header);
    lines.addAll(rows);
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String padding = " ".repeat(widths[i] - line.get(i).length());
        out.append(i == 0 ? "" : "  ")
            .append(right.get(i) ? padding + line.get(i) : line.get(i) + padding);
      }
      text.append(out.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
