package fluidml.layout;

import fluidml.error.VerificationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What has to be chosen: for every value the layout in which it is stored, for every operator one
 * of its variants. Costs are in any one unit, usually seconds.
 *
 * <p>A choice costs the sum of: what storing each value in its layout costs; what each operator's
 * variant costs; a conversion for every operand that the variant wants in another layout than the
 * stored one; and a conversion for every result that it yields in another one.
 *
 * <p>Variant 0 of every operator is its default, as is layout 0 of every value. Operators are in
 * execution order: a value is read only after its producer.
 *
 * @param values named by their index
 * @param operators in execution order
 */
public record LayoutProblem(List<Value> values, List<Operator> operators) {
  private static final String PHASE = "layout problem";

  /**
   * A tensor.
   *
   * @param name for people
   * @param layouts names of the layouts in which it may lie
   * @param storage one row: what it costs to keep it in each layout; infinite where it must not
   *     lie, as a graph input in any layout but its own
   * @param conversions what it costs to bring it from the layout of a row to that of a column;
   *     nothing on the diagonal
   */
  public record Value(
      String name, List<String> layouts, CostMatrix storage, CostMatrix conversions) {
    public Value {
      layouts = List.copyOf(layouts);
    }

    /** A value that may lie in any of its layouts for nothing. */
    public static Value free(String name, List<String> layouts, CostMatrix conversions) {
      return new Value(name, layouts, CostMatrix.row(layouts.size(), _ -> 0), conversions);
    }

    /** A value that must lie in one of its layouts. */
    public static Value fixed(
        String name, List<String> layouts, int layout, CostMatrix conversions) {
      CostMatrix storage =
          CostMatrix.row(layouts.size(), l -> l == layout ? 0 : Double.POSITIVE_INFINITY);
      return new Value(name, layouts, storage, conversions);
    }
  }

  /**
   * One way to run an operator.
   *
   * @param name for people
   * @param cost of one run on operands in the layouts it wants
   * @param inputs the layout it wants each operand in
   * @param outputs the layout in which it yields each result
   */
  public record Variant(String name, double cost, List<Integer> inputs, List<Integer> outputs) {
    public Variant {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }
  }

  /**
   * A kernel of the fused graph.
   *
   * @param name for people
   * @param inputs indices of values; one may appear twice
   * @param outputs indices of values that no other operator computes
   * @param variants at least one
   */
  public record Operator(
      String name, List<Integer> inputs, List<Integer> outputs, List<Variant> variants) {
    public Operator {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
      variants = List.copyOf(variants);
    }
  }

  /**
   * Checks the structure.
   *
   * @throws VerificationException naming the value or operator whose tables have wrong extents,
   *     whose indices are out of range, that is computed twice or read before it is computed, or
   *     that has a cost that is negative or not a number
   */
  public LayoutProblem {
    values = List.copyOf(values);
    operators = List.copyOf(operators);
    for (Value value : values) {
      check(value);
    }
    int[] producers = producers(values.size(), operators);
    for (int o = 0; o < operators.size(); o++) {
      check(values, operators.get(o), o, producers);
    }
  }

  private static void check(Value value) {
    int n = value.layouts().size();
    require(n > 0, value.name(), "no layout");
    require(
        value.storage().rows() == 1 && value.storage().columns() == n,
        value.name(),
        "storage costs are not one row with a column for each layout");
    require(
        value.conversions().rows() == n && value.conversions().columns() == n,
        value.name(),
        "conversion costs are not square over the layouts");
    boolean possible = false;
    for (int i = 0; i < n; i++) {
      require(value.storage().at(0, i) >= 0, value.name(), "a storage cost is negative");
      possible |= value.storage().at(0, i) < Double.POSITIVE_INFINITY;
      require(
          value.conversions().at(i, i) == 0, value.name(), "a layout converted to itself costs");
      for (int j = 0; j < n; j++) {
        require(value.conversions().at(i, j) >= 0, value.name(), "a conversion cost is negative");
      }
    }
    require(possible, value.name(), "every layout is forbidden");
    Set<String> names = new HashSet<>(value.layouts());
    require(names.size() == n, value.name(), "two layouts have one name");
  }

  private static void check(List<Value> values, Operator operator, int index, int[] producers) {
    require(!operator.variants().isEmpty(), operator.name(), "no variant");
    for (int input : operator.inputs()) {
      require(input >= 0 && input < values.size(), operator.name(), "reads no value");
      require(producers[input] < index, operator.name(), "reads a value before it is computed");
    }
    for (Variant variant : operator.variants()) {
      require(
          variant.inputs().size() == operator.inputs().size()
              && variant.outputs().size() == operator.outputs().size(),
          operator.name(),
          "a variant has other numbers of operands or results");
      require(
          variant.cost() >= 0 && variant.cost() < Double.POSITIVE_INFINITY,
          operator.name(),
          "the cost of a variant is negative or not finite");
      checkLayouts(values, operator, operator.inputs(), variant.inputs());
      checkLayouts(values, operator, operator.outputs(), variant.outputs());
    }
  }

  private static void checkLayouts(
      List<Value> values, Operator operator, List<Integer> uses, List<Integer> layouts) {
    for (int i = 0; i < uses.size(); i++) {
      int layout = layouts.get(i);
      require(
          layout >= 0 && layout < values.get(uses.get(i)).layouts().size(),
          operator.name(),
          "a variant names a layout that its value does not have");
    }
  }

  private static int[] producers(int count, List<Operator> operators) {
    int[] producers = new int[count];
    Arrays.fill(producers, -1);
    for (int o = 0; o < operators.size(); o++) {
      for (int output : operators.get(o).outputs()) {
        String name = operators.get(o).name();
        require(output >= 0 && output < count, name, "computes no value");
        require(producers[output] < 0, name, "computes a value that is computed already");
        producers[output] = o;
      }
    }
    return producers;
  }

  private static void require(boolean holds, String subject, String problem) {
    if (!holds) {
      throw new VerificationException(PHASE, "'" + subject + "'", problem);
    }
  }

  /** For every value the index of the operator that computes it, −1 for inputs of the graph. */
  public int[] producers() {
    return producers(values.size(), operators);
  }

  /** For every value the indices of the operators that read it, each once, ascending. */
  public List<List<Integer>> consumers() {
    List<List<Integer>> consumers = new ArrayList<>();
    values.forEach(_ -> consumers.add(new ArrayList<>(2)));
    for (int o = 0; o < operators.size(); o++) {
      for (int input : operators.get(o).inputs()) {
        List<Integer> readers = consumers.get(input);
        if (readers.isEmpty() || readers.getLast() != o) {
          readers.add(o);
        }
      }
    }
    return consumers;
  }

  /** What an operator's variant costs where its operands and results lie in given layouts. */
  double cost(int operator, int variant, int[] layouts) {
    Operator op = operators.get(operator);
    Variant chosen = op.variants().get(variant);
    double cost = chosen.cost();
    for (int i = 0; i < op.inputs().size(); i++) {
      int value = op.inputs().get(i);
      cost += values.get(value).conversions().at(layouts[value], chosen.inputs().get(i));
    }
    for (int i = 0; i < op.outputs().size(); i++) {
      int value = op.outputs().get(i);
      cost += values.get(value).conversions().at(chosen.outputs().get(i), layouts[value]);
    }
    return cost;
  }

  /**
   * What a choice costs; infinite if it is forbidden.
   *
   * @param variants one for each operator
   * @param layouts one for each value
   */
  public double cost(int[] variants, int[] layouts) {
    double cost = 0;
    for (int v = 0; v < values.size(); v++) {
      cost += values.get(v).storage().at(0, layouts[v]);
    }
    for (int o = 0; o < operators.size(); o++) {
      cost += cost(o, variants[o], layouts);
    }
    return cost;
  }
}
