package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.Type.OptionalType;
import fluidml.graph.Type.SequenceType;
import fluidml.graph.Type.TensorType;
import fluidml.graph.op.SequenceOp;
import fluidml.graph.op.SequenceOp.ConcatFromSequence;
import fluidml.graph.op.SequenceOp.OptionalGetElement;
import fluidml.graph.op.SequenceOp.OptionalHasElement;
import fluidml.graph.op.SequenceOp.OptionalOf;
import fluidml.graph.op.SequenceOp.SequenceAt;
import fluidml.graph.op.SequenceOp.SequenceConstruct;
import fluidml.graph.op.SequenceOp.SequenceEmpty;
import fluidml.graph.op.SequenceOp.SequenceErase;
import fluidml.graph.op.SequenceOp.SequenceInsert;
import fluidml.graph.op.SequenceOp.SequenceLength;
import fluidml.graph.op.SequenceOp.SplitToSequence;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of the ops over sequences and optionals. */
final class SequenceTypes {
  private SequenceTypes() {}

  static List<Type> infer(Site site, SequenceOp op) {
    return switch (op) {
      case SequenceConstruct _ -> {
        site.arity(1, Integer.MAX_VALUE);
        Type element = site.type(0);
        for (int i = 1; i < site.operands(); i++) {
          element = join(site, element, i);
        }
        yield site.firstOf(new SequenceType(element));
      }
      case SequenceEmpty empty -> {
        site.arity(0, 0);
        yield site.firstOf(new SequenceType(Type.unranked(empty.dtype())));
      }
      case SequenceAt _ -> {
        site.arity(2, 2);
        site.requireIndex(1);
        yield site.firstOf(Types.instantiate(sequence(site).element(), site::fresh));
      }
      case SequenceInsert _ -> {
        site.arity(2, 3);
        yield site.firstOf(new SequenceType(join(site, sequence(site).element(), 1)));
      }
      case SequenceErase _ -> {
        site.arity(1, 2);
        yield site.firstOf(sequence(site));
      }
      case SequenceLength _ -> {
        site.arity(1, 1);
        sequence(site);
        yield site.one(DType.INT64, Shape.SCALAR);
      }
      case ConcatFromSequence concat -> concat(site, concat);
      case SplitToSequence split -> split(site, split);
      case OptionalOf optional -> {
        site.arity(0, 1);
        Type element =
            site.has(0)
                ? site.type(0)
                : optional
                    .type()
                    .orElseThrow(() -> site.error("an empty optional needs the attribute type"));
        yield site.firstOf(
            !site.has(0) && element instanceof OptionalType ? element : new OptionalType(element));
      }
      case OptionalGetElement _ -> {
        site.arity(1, 1);
        yield site.firstOf(
            site.type(0) instanceof OptionalType optional ? optional.element() : site.type(0));
      }
      case OptionalHasElement _ -> {
        site.arity(0, 1);
        yield site.one(DType.BOOL, Shape.SCALAR);
      }
    };
  }

  private static SequenceType sequence(Site site) {
    if (site.type(0) instanceof SequenceType sequence) {
      return sequence;
    }
    throw site.error(site.describe(0) + " is not a sequence");
  }

  private static Type join(Site site, Type element, int operand) {
    return Types.join(element, site.type(operand), () -> Types.ANY)
        .orElseThrow(
            () -> site.error(site.describe(operand) + " does not fit a sequence of " + element));
  }

  private static List<Type> concat(Site site, ConcatFromSequence op) {
    site.arity(1, 1);
    if (!(sequence(site).element() instanceof TensorType tensor)) {
      throw site.error(site.describe(0) + " is not a sequence of tensors");
    }
    Optional<Shape> shape =
        tensor
            .shape()
            .map(
                s -> {
                  List<Dim> dims = new ArrayList<>();
                  s.dims().forEach(d -> dims.add(d.equals(Types.ANY) ? site.fresh() : d));
                  if (op.newAxis()) {
                    dims.add(site.axis(op.axis(), s.rank() + 1), site.fresh());
                  } else {
                    dims.set(site.axis(op.axis(), s.rank()), site.fresh());
                  }
                  return new Shape(dims);
                });
    return site.one(tensor.dtype(), shape);
  }

  private static List<Type> split(Site site, SplitToSequence op) {
    site.arity(1, 2);
    Optional<Shape> element =
        site.rank(0, 1, Integer.MAX_VALUE)
            .map(
                s -> {
                  int axis = site.axis(op.axis(), s.rank());
                  if (site.has(1)) {
                    return s.withDim(axis, partExtent(site, s.dim(axis)));
                  }
                  return op.keepDims()
                      ? s.withDim(axis, Dim.ONE)
                      : ReductionTypes.without(s, List.of(axis), false);
                });
    return site.firstOf(new SequenceType(new TensorType(site.dtype(0), element)));
  }

  /** The extent that all parts have, if they are provably equal. */
  private static Dim partExtent(Site site, Dim extent) {
    Optional<SymbolicTensor> sizes = site.elements(1);
    if (sizes.isEmpty() || sizes.get().elements().isEmpty()) {
      return Types.ANY;
    }
    Dim first = sizes.get().elements().getFirst();
    boolean scalar = sizes.get().dims().isEmpty();
    boolean equal =
        scalar ? extent.mod(first).is(0) : sizes.get().elements().stream().allMatch(first::equals);
    return equal ? first : Types.ANY;
  }
}
