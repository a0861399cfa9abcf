package fluidml.memory;

import fluidml.error.InvalidInputException;
import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Problems and plans as text in the format of MiniMalloc: a header and one line per buffer, {@code
 * id,lower,upper,size[,alignment][,offset][,alias]}, where {@code upper} is exclusive. Columns may
 * come in any order; in a problem an offset fixes the buffer, in a plan it is the chosen place.
 * Cells of the last three may be empty.
 */
public final class MemoryCsv {
  private static final Set<String> REQUIRED = Set.of("id", "lower", "upper", "size");
  private static final Set<String> OPTIONAL = Set.of("alignment", "offset", "alias");

  private MemoryCsv() {}

  /**
   * Returns the problem written in a text.
   *
   * @param csv header and rows
   * @throws InvalidInputException naming the line if a column is missing, unknown or no number, an
   *     id is used twice, or a lifespan, alignment or offset is impossible
   */
  public static MemoryProblem parseProblem(String csv) {
    List<String> lines = csv.lines().toList();
    Map<String, Integer> columns = header(lines.isEmpty() ? "" : lines.getFirst());
    List<Buffer> buffers = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    for (int i = 1; i < lines.size(); i++) {
      if (!lines.get(i).isBlank()) {
        Buffer buffer = row(i + 1, lines.get(i), columns);
        Integer before = seen.putIfAbsent(buffer.id(), i + 1);
        require(before == null, i + 1, "id '" + buffer.id() + "' is that of line " + before);
        buffers.add(buffer);
      }
    }
    try {
      return MemoryProblem.of(buffers);
    } catch (VerificationException e) {
      throw new InvalidInputException("buffers", e.getMessage());
    }
  }

  private static void require(boolean holds, int line, String problem) {
    if (!holds) {
      throw new InvalidInputException("line " + line, problem);
    }
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
    long alignment = optional(number, cells, columns, "alignment").orElse(1);
    OptionalLong offset = optional(number, cells, columns, "offset");
    Integer aliasColumn = columns.get("alias");
    String alias = aliasColumn == null ? "" : cells[aliasColumn].strip();
    Buffer buffer =
        new Buffer(
            cells[columns.get("id")].strip(),
            (int) number(number, cells[columns.get("lower")], Integer.MAX_VALUE),
            (int) number(number, cells[columns.get("upper")], Integer.MAX_VALUE),
            number(number, cells[columns.get("size")], Long.MAX_VALUE / 4),
            alignment,
            offset,
            alias.isEmpty() ? Optional.empty() : Optional.of(alias));
    require(
        buffer.lower() < buffer.upper(),
        number,
        "lower " + buffer.lower() + " is not below upper " + buffer.upper());
    require(
        Long.bitCount(alignment) == 1, number, "alignment " + alignment + " is no power of two");
    require(
        offset.orElse(0) % alignment == 0,
        number,
        "the offset is not a multiple of alignment " + alignment);
    return buffer;
  }

  private static OptionalLong optional(
      int line, String[] cells, Map<String, Integer> columns, String name) {
    Integer column = columns.get(name);
    return column == null || cells[column].isBlank()
        ? OptionalLong.empty()
        : OptionalLong.of(number(line, cells[column], Long.MAX_VALUE / 4));
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
   * Returns a problem as text; the columns {@code alignment}, {@code offset} and {@code alias}
   * appear only when a buffer needs them.
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
    boolean aligned = false;
    boolean aliased = false;
    for (int i = 0; i < problem.count(); i++) {
      aligned |= problem.alignment(i) > 1;
      aliased |= problem.alias(i).isPresent();
    }
    StringBuilder text = new StringBuilder("id,lower,upper,size");
    text.append(aligned ? ",alignment" : "").append(withOffsets ? ",offset" : "");
    text.append(aliased ? ",alias\n" : "\n");
    for (int i = 0; i < problem.count(); i++) {
      text.append(problem.id(i)).append(',').append(problem.lower(i)).append(',');
      text.append(problem.upper(i)).append(',').append(problem.bytes(i));
      if (aligned) {
        text.append(',').append(problem.alignment(i));
      }
      if (withOffsets) {
        text.append(',').append(offsets[i] == MemoryProblem.FREE ? "" : offsets[i]);
      }
      if (aliased) {
        text.append(',').append(problem.alias(i).orElse(""));
      }
      text.append('\n');
    }
    return text.toString();
  }
}
