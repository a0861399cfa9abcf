package fluidml.layout;

import fluidml.error.InvalidInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Problems as text and solutions as CSV. A problem has a line for each value, its conversions, each
 * operator and its variants; blank lines and lines from {@code #} on are skipped, columns are
 * separated by blanks, names have none. Storage costs are left out where they are all 0, and {@code
 * -} stands for an empty list:
 *
 * <pre>
 * value x row,column store 0,inf
 * convert x row column 1.5
 * value y row,column
 * operator add reads x writes y
 * variant add plain 2.0 row column
 * </pre>
 *
 * Conversions that are not named are forbidden.
 */
public final class LayoutText {
  private static final Pattern BLANKS = Pattern.compile("\\s+");

  private LayoutText() {}

  /** The problem as text. Names must have no blanks and commas. */
  public static String format(LayoutProblem problem) {
    StringBuilder text = new StringBuilder();
    problem.values().forEach(v -> append(text, v));
    for (LayoutProblem.Operator operator : problem.operators()) {
      text.append("operator ").append(operator.name());
      text.append(" reads ").append(names(problem, operator.inputs()));
      text.append(" writes ").append(names(problem, operator.outputs())).append('\n');
      for (LayoutProblem.Variant variant : operator.variants()) {
        text.append("variant ").append(operator.name()).append(' ').append(variant.name());
        text.append(' ').append(variant.cost());
        text.append(' ').append(layouts(problem, operator.inputs(), variant.inputs()));
        text.append(' ').append(layouts(problem, operator.outputs(), variant.outputs()));
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, LayoutProblem.Value value) {
    int n = value.layouts().size();
    text.append("value ")
        .append(value.name())
        .append(' ')
        .append(String.join(",", value.layouts()));
    List<String> costs = new ArrayList<>();
    boolean any = false;
    for (int i = 0; i < n; i++) {
      costs.add(number(value.storage().at(0, i)));
      any |= value.storage().at(0, i) != 0;
    }
    text.append(any ? " store " + String.join(",", costs) : "").append('\n');
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double cost = value.conversions().at(i, j);
        if (i != j && cost < Double.POSITIVE_INFINITY) {
          text.append("convert ").append(value.name()).append(' ').append(value.layouts().get(i));
          text.append(' ').append(value.layouts().get(j)).append(' ').append(cost).append('\n');
        }
      }
    }
  }

  private static String number(double cost) {
    return cost == Double.POSITIVE_INFINITY ? "inf" : Double.toString(cost);
  }

  private static String names(LayoutProblem problem, List<Integer> values) {
    return list(values.stream().map(v -> problem.values().get(v).name()).toList());
  }

  private static String layouts(
      LayoutProblem problem, List<Integer> values, List<Integer> layouts) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      names.add(problem.values().get(values.get(i)).layouts().get(layouts.get(i)));
    }
    return list(names);
  }

  private static String list(List<String> names) {
    return names.isEmpty() ? "-" : String.join(",", names);
  }

  /**
   * The solution as CSV with a header: {@code kind,name,choice,cost}, values first.
   *
   * @param solution of the problem
   */
  public static String csv(LayoutProblem problem, LayoutSolution solution) {
    StringBuilder text = new StringBuilder("kind,name,choice,cost\n");
    for (int v = 0; v < problem.values().size(); v++) {
      LayoutProblem.Value value = problem.values().get(v);
      int layout = solution.layouts().get(v);
      text.append("value,").append(value.name()).append(',').append(value.layouts().get(layout));
      text.append(',').append(value.storage().at(0, layout)).append('\n');
    }
    for (int o = 0; o < problem.operators().size(); o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      LayoutProblem.Variant variant = operator.variants().get(solution.variants().get(o));
      text.append("operator,").append(operator.name()).append(',').append(variant.name());
      text.append(',').append(variant.cost()).append('\n');
    }
    for (LayoutSolution.Conversion left : solution.conversions(problem)) {
      LayoutProblem.Value value = problem.values().get(left.value());
      text.append("conversion,").append(value.name()).append(',');
      text.append(value.layouts().get(left.from())).append('>');
      text.append(value.layouts().get(left.to())).append(',').append(left.cost()).append('\n');
    }
    return text.toString();
  }

  /**
   * The solution written in a CSV; its solver is named {@code file}, its bound is 0.
   *
   * @throws InvalidInputException naming the line or name that does not fit the problem
   */
  public static LayoutSolution parseCsv(LayoutProblem problem, String csv) {
    Map<String, String> chosen = new HashMap<>();
    int number = 0;
    for (String line : csv.lines().toList()) {
      number++;
      List<String> cells = List.of(line.split(",", -1));
      if (number > 1 && !line.isBlank()) {
        require(cells.size() == 4, number, "not kind,name,choice,cost");
        if (!cells.get(0).equals("conversion")) {
          chosen.put(cells.get(0) + "," + cells.get(1), cells.get(2));
        }
      }
    }
    int[] layouts = new int[problem.values().size()];
    for (int v = 0; v < layouts.length; v++) {
      LayoutProblem.Value value = problem.values().get(v);
      layouts[v] = choice(chosen, "value," + value.name(), value.layouts());
    }
    int[] variants = new int[problem.operators().size()];
    for (int o = 0; o < variants.length; o++) {
      LayoutProblem.Operator operator = problem.operators().get(o);
      List<String> names = operator.variants().stream().map(LayoutProblem.Variant::name).toList();
      variants[o] = choice(chosen, "operator," + operator.name(), names);
    }
    return LayoutSolution.of("file", problem, variants, layouts, 0);
  }

  private static int choice(Map<String, String> chosen, String key, List<String> names) {
    int choice = names.indexOf(chosen.getOrDefault(key, ""));
    if (choice < 0) {
      throw new InvalidInputException(key, "'" + chosen.get(key) + "' is none of " + names);
    }
    return choice;
  }

  /**
   * The problem written in a text.
   *
   * @throws InvalidInputException naming the line that cannot be read
   * @throws fluidml.error.VerificationException if the lines are no valid problem
   */
  public static LayoutProblem parse(String text) {
    Parser parser = new Parser();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      String used = line.replaceFirst("#.*", "").strip();
      if (!used.isEmpty()) {
        parser.line(number, BLANKS.split(used));
      }
    }
    return parser.problem();
  }

  private static void require(boolean holds, int line, String problem) {
    if (!holds) {
      throw new InvalidInputException("line " + line, problem);
    }
  }

  /** What was read so far. */
  private static final class Parser {
    private final Map<String, Integer> valueNumbers = new HashMap<>();
    private final List<LayoutProblem.Value> values = new ArrayList<>();
    private final List<double[]> conversions = new ArrayList<>();
    private final Map<String, Integer> operatorNumbers = new HashMap<>();
    private final List<LayoutProblem.Operator> operators = new ArrayList<>();
    private final List<List<LayoutProblem.Variant>> variants = new ArrayList<>();

    void line(int number, String[] words) {
      switch (words[0]) {
        case "value" -> value(number, words);
        case "convert" -> convert(number, words);
        case "operator" -> operator(number, words);
        case "variant" -> variant(number, words);
        default -> require(false, number, "unknown word '" + words[0] + "'");
      }
    }

    private void value(int number, String[] words) {
      boolean stored = words.length == 5 && words[3].equals("store");
      require(words.length == 3 || stored, number, "value NAME LAYOUTS [store COSTS]");
      List<String> layouts = split(words[2]);
      double[] storage = new double[layouts.size()];
      if (stored) {
        List<String> costs = split(words[4]);
        require(costs.size() == storage.length, number, "one cost for each layout");
        for (int i = 0; i < storage.length; i++) {
          storage[i] = cost(number, costs.get(i));
        }
      }
      require(valueNumbers.put(words[1], values.size()) == null, number, "value defined twice");
      double[] table = new double[storage.length * storage.length];
      for (int i = 0; i < table.length; i++) {
        table[i] = i % (storage.length + 1) == 0 ? 0 : Double.POSITIVE_INFINITY;
      }
      conversions.add(table);
      values.add(
          new LayoutProblem.Value(
              words[1],
              layouts,
              CostMatrix.row(storage.length, i -> storage[i]),
              CostMatrix.uniform(storage.length, 0)));
    }

    private void convert(int number, String[] words) {
      require(words.length == 5, number, "convert VALUE FROM TO COST");
      int value = known(number, valueNumbers, words[1]);
      List<String> layouts = values.get(value).layouts();
      int from = layout(number, layouts, words[2]);
      int to = layout(number, layouts, words[3]);
      conversions.get(value)[from * layouts.size() + to] = cost(number, words[4]);
    }

    private void operator(int number, String[] words) {
      require(
          words.length == 6 && words[2].equals("reads") && words[4].equals("writes"),
          number,
          "operator NAME reads VALUES writes VALUES");
      require(
          operatorNumbers.put(words[1], operators.size()) == null,
          number,
          "operator defined twice");
      List<Integer> inputs = new ArrayList<>();
      split(words[3]).forEach(v -> inputs.add(known(number, valueNumbers, v)));
      List<Integer> outputs = new ArrayList<>();
      split(words[5]).forEach(v -> outputs.add(known(number, valueNumbers, v)));
      operators.add(new LayoutProblem.Operator(words[1], inputs, outputs, List.of()));
      variants.add(new ArrayList<>());
    }

    private void variant(int number, String[] words) {
      require(words.length == 6, number, "variant OPERATOR NAME COST LAYOUTS LAYOUTS");
      int operator = known(number, operatorNumbers, words[1]);
      variants
          .get(operator)
          .add(
              new LayoutProblem.Variant(
                  words[2],
                  cost(number, words[3]),
                  layouts(number, operators.get(operator).inputs(), words[4]),
                  layouts(number, operators.get(operator).outputs(), words[5])));
    }

    private List<Integer> layouts(int number, List<Integer> uses, String word) {
      List<String> names = split(word);
      require(names.size() == uses.size(), number, "one layout for each value");
      List<Integer> layouts = new ArrayList<>();
      for (int i = 0; i < names.size(); i++) {
        layouts.add(layout(number, values.get(uses.get(i)).layouts(), names.get(i)));
      }
      return layouts;
    }

    private static List<String> split(String word) {
      return word.equals("-") ? List.of() : List.of(word.split(",", -1));
    }

    private static int known(int number, Map<String, Integer> numbers, String name) {
      require(numbers.containsKey(name), number, "unknown name '" + name + "'");
      return numbers.get(name);
    }

    private static int layout(int number, List<String> layouts, String name) {
      require(layouts.contains(name), number, "unknown layout '" + name + "'");
      return layouts.indexOf(name);
    }

    private static double cost(int number, String word) {
      try {
        return word.equals("inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(word);
      } catch (NumberFormatException e) {
        throw new InvalidInputException("line " + number, "'" + word + "' is no number");
      }
    }

    LayoutProblem problem() {
      List<LayoutProblem.Value> withConversions = new ArrayList<>();
      for (int v = 0; v < values.size(); v++) {
        LayoutProblem.Value value = values.get(v);
        int n = value.layouts().size();
        double[] table = conversions.get(v);
        withConversions.add(
            new LayoutProblem.Value(
                value.name(),
                value.layouts(),
                value.storage(),
                CostMatrix.of(n, n, (i, j) -> table[i * n + j])));
      }
      List<LayoutProblem.Operator> withVariants = new ArrayList<>();
      for (int o = 0; o < operators.size(); o++) {
        LayoutProblem.Operator operator = operators.get(o);
        withVariants.add(
            new LayoutProblem.Operator(
                operator.name(), operator.inputs(), operator.outputs(), variants.get(o)));
      }
      return new LayoutProblem(withConversions, withVariants);
    }
  }
}
