package fluidml.graph.infer;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.Binary;
import fluidml.graph.op.Elementwise.Cast;
import fluidml.graph.op.Elementwise.Unary;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs nodes on small real tensors that exporters compute from extents. */
final class FractionMath {
  private FractionMath() {}

  /** The elements of the only result of a node, if they follow exactly from what is known. */
  static Optional<Fractions> result(Node node, Contents contents) {
    if (!node.output().isTensor()
        || !node.output().dtype().isFloat()
        || Evaluation.tooLarge(node.output())) {
      return Optional.empty();
    }
    return switch (node.op()) {
      case Cast _ -> {
        Value x = node.input(0);
        yield x.dtype().isFloat() ? contents.fractions(x) : contents.of(x).map(Fractions::of);
      }
      case Unary unary
          when unary.function() == UnaryFunction.FLOOR || unary.function() == UnaryFunction.CEIL ->
          contents
              .fractions(node.input(0))
              .map(f -> rounded(f, unary.function() == UnaryFunction.CEIL));
      case Binary binary -> binary(node, binary, contents);
      default -> Optional.empty();
    };
  }

  private static Fractions rounded(Fractions fractions, boolean up) {
    List<Dim> whole = new ArrayList<>();
    for (int i = 0; i < fractions.numerators().size(); i++) {
      Dim above = fractions.numerators().get(i);
      Dim below = fractions.denominators().get(i);
      whole.add(up ? above.ceilDiv(below) : above.floorDiv(below));
    }
    return Fractions.of(new SymbolicTensor(fractions.dims(), whole));
  }

  private static Optional<Fractions> binary(Node node, Binary op, Contents contents) {
    Optional<Fractions> left = contents.fractions(node.input(0));
    Optional<Fractions> right = contents.fractions(node.input(1));
    Optional<List<Long>> dims = Evaluation.extents(node.output());
    if (left.isEmpty() || right.isEmpty() || dims.isEmpty()) {
      return Optional.empty();
    }
    int[] first = Evaluation.broadcast(left.get().dims(), dims.get());
    int[] second = Evaluation.broadcast(right.get().dims(), dims.get());
    List<Dim> numerators = new ArrayList<>();
    List<Dim> denominators = new ArrayList<>();
    for (int i = 0; i < first.length; i++) {
      Dim a = left.get().numerators().get(first[i]);
      Dim aBelow = left.get().denominators().get(first[i]);
      Dim b = right.get().numerators().get(second[i]);
      Dim bBelow = right.get().denominators().get(second[i]);
      Dim above;
      Dim below;
      switch (op.function()) {
        case ADD -> {
          above = a.times(bBelow).plus(b.times(aBelow));
          below = aBelow.times(bBelow);
        }
        case SUB -> {
          above = a.times(bBelow).minus(b.times(aBelow));
          below = aBelow.times(bBelow);
        }
        case MUL -> {
          above = a.times(b);
          below = aBelow.times(bBelow);
        }
        case DIV -> {
          if (b.lowerBound() < 0 || b.is(0)) {
            return Optional.empty();
          }
          above = a.times(bBelow);
          below = aBelow.times(b);
        }
        default -> {
          return Optional.empty();
        }
      }
      Optional<Dim> exact = above.divideExactly(below);
      numerators.add(exact.orElse(above));
      denominators.add(exact.isPresent() ? Dim.ONE : below);
    }
    return Optional.of(new Fractions(dims.get(), numerators, denominators));
  }
}
