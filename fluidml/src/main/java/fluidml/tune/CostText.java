package fluidml.tune;

import fluidml.error.InvalidInputException;
import fluidml.loop.schedule.LoopOrder;
import fluidml.lower.Decisions;
import fluidml.lower.Decisions.Algorithm;
import fluidml.lower.Decisions.Tiling;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Cost tables as text: a line for the format, one for the machine, one for each cost and for each
 * part of a choice, and a checksum at the end. Names are written as in URLs, so that they hold no
 * blanks.
 */
final class CostText {
  private static final String FORMAT = "fluidml-costs 2";

  private CostText() {}

  /** A text that was read. */
  record Read(String machine, CostTable table) {}

  /** The table as text. */
  static String format(Machine machine, CostTable table) {
    StringBuilder text = new StringBuilder(FORMAT).append('\n');
    text.append("machine ").append(machine.fingerprint()).append('\n');
    new TreeMap<>(table.costs())
        .forEach(
            (key, cost) -> line(text, "cost", key, cost.seconds(), cost.spread(), cost.samples()));
    new TreeMap<>(table.choices()).forEach((key, choice) -> append(text, key, choice));
    return text + "checksum " + checksum(text) + "\n";
  }

  private static void append(StringBuilder text, String key, CostTable.Choice choice) {
    line(
        text,
        "choice",
        key,
        choice.solver(),
        choice.predicted(),
        choice.measured(),
        choice.before());
    Decisions decisions = choice.decisions();
    new TreeMap<>(decisions.tiles())
        .forEach(
            (node, t) ->
                line(text, "tile", key, encode(node), t.rows(), t.vectors(), t.block(), t.order()));
    new TreeMap<>(decisions.orders())
        .forEach(
            (value, order) ->
                line(
                    text,
                    "order",
                    key,
                    encode(value),
                    String.join(",", order.stream().map(String::valueOf).toList())));
    new TreeMap<>(decisions.algorithms())
        .forEach((node, algorithm) -> line(text, "algorithm", key, encode(node), algorithm));
  }

  private static void line(StringBuilder text, Object... words) {
    text.append(String.join(" ", Arrays.stream(words).map(String::valueOf).toList()));
    text.append('\n');
  }

  private static String encode(String name) {
    return name.isEmpty() ? "%" : URLEncoder.encode(name, StandardCharsets.UTF_8);
  }

  private static String decode(String word) {
    return word.equals("%") ? "" : URLDecoder.decode(word, StandardCharsets.UTF_8);
  }

  private static long checksum(CharSequence text) {
    CRC32 sum = new CRC32();
    sum.update(text.toString().getBytes(StandardCharsets.UTF_8));
    return sum.getValue();
  }

  /**
   * The table in a text.
   *
   * @throws InvalidInputException if it is not a whole, undamaged table
   */
  static Read parse(String text) {
    int end = text.lastIndexOf("checksum ");
    if (!text.startsWith(FORMAT + "\n") || end < 0) {
      throw new InvalidInputException("cost table", "not a table of this format");
    }
    String body = text.substring(0, end);
    if (!text.substring(end).strip().equals("checksum " + checksum(body))) {
      throw new InvalidInputException("cost table", "the checksum does not fit");
    }
    Parser parser = new Parser();
    List<String> lines = body.lines().toList();
    try {
      lines.stream().skip(2).forEach(l -> parser.line(l.split(" ")));
      return new Read(lines.get(1).substring("machine ".length()), parser.table());
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new InvalidInputException("cost table", "a line cannot be read: " + e.getMessage());
    }
  }

  private static final class Parser {
    private final Map<String, CostTable.Cost> costs = new HashMap<>();
    private final Map<String, CostTable.Choice> choices = new HashMap<>();
    private final Map<String, Map<String, Tiling>> tiles = new HashMap<>();
    private final Map<String, Map<String, List<Integer>>> orders = new HashMap<>();
    private final Map<String, Map<String, Algorithm>> algorithms = new HashMap<>();

    void line(String[] words) {
      String key = words[1];
      switch (words[0]) {
        case "cost" ->
            costs.put(
                key,
                new CostTable.Cost(
                    Double.parseDouble(words[2]),
                    Double.parseDouble(words[3]),
                    Integer.parseInt(words[4])));
        case "choice" ->
            choices.put(
                key,
                new CostTable.Choice(
                    words[2],
                    Double.parseDouble(words[3]),
                    Double.parseDouble(words[4]),
                    Double.parseDouble(words[5]),
                    Decisions.NONE));
        case "tile" ->
            tiles
                .computeIfAbsent(key, _ -> new HashMap<>())
                .put(
                    decode(words[2]),
                    new Tiling(
                        Integer.parseInt(words[3]),
                        Integer.parseInt(words[4]),
                        Integer.parseInt(words[5]),
                        LoopOrder.valueOf(words[6])));
        case "order" -> {
          List<Integer> axes = new ArrayList<>();
          for (String axis : words[3].split(",", -1)) {
            axes.add(Integer.parseInt(axis));
          }
          orders.computeIfAbsent(key, _ -> new HashMap<>()).put(decode(words[2]), axes);
        }
        case "algorithm" ->
            algorithms
                .computeIfAbsent(key, _ -> new HashMap<>())
                .put(decode(words[2]), Algorithm.valueOf(words[3]));
        default -> throw new IllegalArgumentException("unknown word " + words[0]);
      }
    }

    CostTable table() {
      choices.replaceAll(
          (key, choice) ->
              new CostTable.Choice(
                  choice.solver(),
                  choice.predicted(),
                  choice.measured(),
                  choice.before(),
                  new Decisions(
                      tiles.getOrDefault(key, Map.of()),
                      orders.getOrDefault(key, Map.of()),
                      algorithms.getOrDefault(key, Map.of()))));
      return new CostTable(costs, choices);
    }
  }
}
