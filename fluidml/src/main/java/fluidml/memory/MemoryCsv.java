package fluidml.memory;

import fluidml.error.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Problems and plans as text in the format of MiniMalloc: a header and one line per buffer, {@code
 * id,lower,upper,size[,alignment][,offset]}, where {@code upper} is exclusive. Columns may come in
 * any order; in a problem an offset fixes the buffer, in a plan it is the chosen place.
 */
public final class MemoryCsv {
  private static final Set<String> REQUIRED = Set.of("id", "lower", "upper", "size");
  private static final Set<String> OPTIONAL = Set.of("alignment", "offset");

  private MemoryCsv() {}

  /**
   * Returns the problem written in a text.
   *
   * @param csv header and rows
   * @throws InvalidInputException naming the line if a column is missing, unknown or no number
   * @throws fluidml.error.VerificationException if the rows are no valid problem
   */
  public static MemoryProblem parseProblem(String csv) {
    List<String> lines = csv.lines().toList();
    Map<String, Integer> columns = header(lines.isEmpty() ? "" : lines.getFirst());
    List<Buffer> buffers = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        buffers.add(row(i + 1, lines.get(i), columns));
      }
    }
    return MemoryProblem.of(buffers);
  }

  /**
   * Returns the plan written in a text with an {@code offset} on every line.
   *
   * @param planner the name the plan will carry
   * @param csv header and rows
   * @throws InvalidInputException naming the line or the buffer without offset
   */
  public static MemoryPlan parsePlan(String planner, String csv) {
    MemoryProblem rows = parseProblem(csv);
    long[] offsets = new long[rows.count()];
    long end = 0;
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = rows.fixedOffset(i);
      if (offsets[i] == MemoryProblem.FREE) {
        throw new InvalidInputException(rows.id(i), "the plan gives no offset");
      }
      end = Math.max(end, offsets[i] + rows.bytes(i));
    }
    return new MemoryPlan(planner, offsets, end);
  }

  private static Map<String, Integer> header(String line) {
    List<String> names = Arrays.stream(line.split(",", -1)).map(String::strip).toList();
    Map<String, Integer> columns = new HashMap<>();
    for (int c = 0; c < names.size(); c++) {
      String name = names.get(c);
      if (!REQUIRED.contains(name) && !OPTIONAL.contains(name)) {
        throw new InvalidInputException("line 1", "unknown column '" + name + "'");
      }
      columns.put(name, c);
    }
    Set<String> missing = new HashSet<>(REQUIRED);
    missing.removeAll(columns.keySet());
    if (!missing.isEmpty() || columns.size() != names.size()) {
      throw new InvalidInputException("line 1", "columns missing or twice: " + line);
    }
    return columns;
  }

  private static Buffer row(int number, String line, Map<String, Integer> columns) {
    String[] cells = line.split(",", -1);
    if (cells.length != columns.size()) {
      throw new InvalidInputException(
          "line " + number, "expected " + columns.size() + " cells, found " + cells.length);
    }
    OptionalLong offset =
        columns.containsKey("offset") && !cells[columns.get("offset")].isBlank()
            ? OptionalLong.of(number(number, cells[columns.get("offset")], Long.MAX_VALUE / 4))
            : OptionalLong.empty();
    long alignment =
        columns.containsKey("alignment")
            ? number(number, cells[columns.get("alignment")], Long.MAX_VALUE / 4)
            : 1;
    return new Buffer(
        cells[columns.get("id")].strip(),
        (int) number(number, cells[columns.get("lower")], Integer.MAX_VALUE),
        (int) number(number, cells[columns.get("upper")], Integer.MAX_VALUE),
        number(number, cells[columns.get("size")], Long.MAX_VALUE / 4),
        alignment,
        offset);
  }

  private static long number(int line, String cell, long max) {
    try {
      long value = Long.parseLong(cell.strip());
      if (value >= 0 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new InvalidInputException("line " + line, "'" + cell + "' is no number");
    }
    throw new InvalidInputException("line " + line, "'" + cell + "' is out of range");
  }

  /**
   * Returns a problem as text; the columns {@code alignment} and {@code offset} appear only when a
   * buffer needs them.
   *
   * @param problem the buffers
   */
  public static String format(MemoryProblem problem) {
    long[] fixed = new long[problem.count()];
    Arrays.setAll(fixed, problem::fixedOffset);
    boolean anyFixed = Arrays.stream(fixed).anyMatch(f -> f != MemoryProblem.FREE);
    return format(problem, fixed, anyFixed);
  }

  /**
   * Returns a problem with the offsets of a plan as text.
   *
   * @param problem the buffers
   * @param plan a plan for them
   */
  public static String format(MemoryProblem problem, MemoryPlan plan) {
    return format(problem, plan.offsets(), true);
  }

  private static String format(MemoryProblem problem, long[] offsets, boolean withOffsets) {
    boolean aligned = problem.spans().grain > 1;
    for (int i = 0; i < problem.count(); i++) {
      aligned |= problem.alignment(i) > 1;
    }
    StringBuilder text = new StringBuilder("id,lower,upper,size");
    text.append(aligned ? ",alignment" : "").append(withOffsets ? ",offset\n" : "\n");
    for (int i = 0; i < problem.count(); i++) {
      text.append(problem.id(i)).append(',').append(problem.lower(i)).append(',');
      text.append(problem.upper(i)).append(',').append(problem.bytes(i));
      if (aligned) {
        text.append(',').append(problem.alignment(i));
      }
      if (withOffsets) {
        text.append(',').append(offsets[i] == MemoryProblem.FREE ? "" : offsets[i]);
      }
      text.append('\n');
    }
    return text.toString();
  }
}
