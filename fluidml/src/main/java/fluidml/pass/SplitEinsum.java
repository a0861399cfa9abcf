package fluidml.pass;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Einsum;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.EinsumLabels;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Movement.Reshape;
import fluidml.graph.op.Movement.Transpose;
import fluidml.graph.op.Reduction.Reduce;
import fluidml.graph.op.Reduction.ReduceFunction;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns Einstein summations into matrix products of views: two operands at a time, with the labels
 * that both have and that remain as batches, those that do not remain as the sum, those of one as
 * rows or columns. Diagonals stay.
 *
 * <pre>
 * before: return Einsum{bhqd,bhkd->bhqk}(q, k)
 * after:  return MatMul(q, Transpose{[0,1,3,2]}(k))
 * </pre>
 */
public final class SplitEinsum implements Pass {
  private static final List<Rule> RULES =
      List.of(Rule.of("a summation of products is a product", Einsum.class, SplitEinsum::split));

  @Override
  public String name() {
    return "split-einsum";
  }

  @Override
  public Graph run(Graph graph) {
    return Rewriter.rewrite(graph, RULES);
  }

  private static Optional<Value> split(Node node, Rewriter g) {
    boolean supported =
        node.inputs().stream().allMatch(v -> v.knownShape().isPresent())
            && switch (node.output().dtype()) {
              case FLOAT32, FLOAT64, INT32, INT64 -> true;
              default -> false;
            };
    if (!supported) {
      return Optional.empty();
    }
    EinsumLabels labels =
        EinsumLabels.of(
            ((Einsum) node.op()).equation(),
            node.inputs().stream().map(v -> v.shape().rank()).toList());
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < node.inputs().size(); i++) {
      terms.add(new Term(node.input(i), labels.operands().get(i)));
    }
    if (repeats(labels.result()) || labels.operands().stream().anyMatch(SplitEinsum::repeats)) {
      return Optional.empty();
    }
    Term all = terms.getFirst();
    for (int i = 1; i < terms.size(); i++) {
      Set<String> kept = new LinkedHashSet<>(labels.result());
      terms.subList(i + 1, terms.size()).forEach(t -> kept.addAll(t.labels));
      all = product(all, terms.get(i), kept, g);
    }
    Term left = all.summed(new HashSet<>(labels.result()), g);
    return Optional.of(left.ordered(labels.result(), g).value);
  }

  /** Whether a label stands for several axes. */
  private static boolean repeats(List<String> labels) {
    return new HashSet<>(labels).size() < labels.size();
  }

  /** A value whose axes have labels. */
  private record Term(Value value, List<String> labels) {
    Dim extent(String label) {
      return value.shape().dim(labels.indexOf(label));
    }

    /** The sum over all other labels. */
    Term summed(Set<String> kept, Rewriter g) {
      List<Integer> axes = new ArrayList<>();
      for (int axis = 0; axis < labels.size(); axis++) {
        if (!kept.contains(labels.get(axis))) {
          axes.add(axis);
        }
      }
      return axes.isEmpty()
          ? this
          : new Term(
              g.emit(new Reduce(ReduceFunction.SUM, axes, false, false), value),
              labels.stream().filter(kept::contains).toList());
    }

    /** Without axes of one element for which the other has a label: it is repeated there. */
    Term narrowed(Term other, Rewriter g) {
      List<String> rest =
          labels.stream().filter(l -> !other.labels.contains(l) || !extent(l).is(1)).toList();
      return rest.size() == labels.size()
          ? this
          : new Term(g.emit(new Reshape(shape(rest)), value), rest);
    }

    Shape shape(List<String> some) {
      return new Shape(some.stream().map(this::extent).toList());
    }

    /** With its axes in an order. */
    Term ordered(List<String> order, Rewriter g) {
      return order.equals(labels)
          ? this
          : new Term(
              g.emit(new Transpose(order.stream().map(labels::indexOf).toList()), value), order);
    }
  }

  private static Term product(Term first, Term second, Set<String> kept, Rewriter g) {
    Set<String> ofFirst = new HashSet<>(kept);
    ofFirst.addAll(second.labels);
    Set<String> ofSecond = new HashSet<>(kept);
    ofSecond.addAll(first.labels);
    Term summed = first.summed(ofFirst, g);
    Term b = second.summed(ofSecond, g).narrowed(summed, g);
    Term a = summed.narrowed(b, g);
    List<String> batch =
        a.labels.stream().filter(l -> b.labels.contains(l) && kept.contains(l)).toList();
    List<String> terms =
        a.labels.stream().filter(l -> b.labels.contains(l) && !kept.contains(l)).toList();
    List<String> rows = a.labels.stream().filter(l -> !b.labels.contains(l)).toList();
    List<String> columns = b.labels.stream().filter(l -> !a.labels.contains(l)).toList();
    List<String> result = joined(batch, rows, columns);
    List<Dim> extents = new ArrayList<>(a.shape(joined(batch, rows)).dims());
    extents.addAll(b.shape(columns).dims());
    Value left = a.ordered(joined(batch, rows, terms), g).value;
    Value right = b.ordered(joined(batch, terms, columns), g).value;
    Value product =
        terms.isEmpty()
            ? g.emit(
                new Binary(BinaryFunction.MUL),
                reshaped(left, a, batch, rows, List.of(), g),
                reshaped(right, b, batch, List.of(), columns, g))
            : g.emit(
                new MatMul(),
                reshaped(left, a, batch, rows, terms, g),
                reshaped(right, b, batch, terms, columns, g));
    return new Term(g.emit(new Reshape(new Shape(extents)), product), result);
  }

  @SafeVarargs
  private static List<String> joined(List<String>... parts) {
    List<String> all = new ArrayList<>();
    for (List<String> part : parts) {
      all.addAll(part);
    }
    return all;
  }

  /** Batches, rows and columns as one axis for each batch, one of all rows, one of all columns. */
  private static Value reshaped(
      Value value,
      Term of,
      List<String> batch,
      List<String> rows,
      List<String> columns,
      Rewriter g) {
    List<Dim> dims = new ArrayList<>(of.shape(batch).dims());
    dims.add(of.shape(rows).elements());
    dims.add(of.shape(columns).elements());
    Shape shape = new Shape(dims);
    return value.shape().equals(shape) ? value : g.emit(new Reshape(shape), value);
  }
}
