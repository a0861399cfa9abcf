package fluidml.reference;

import fluidml.graph.op.SequenceOp;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Computes the ops of {@link SequenceOp}. */
final class SequenceOps {
  private SequenceOps() {}

  static List<Datum> execute(SequenceOp op, Operands operands) {
    return List.of(
        switch (op) {
          case SequenceOp.SequenceConstruct construct -> new Datum.SequenceDatum(operands.from(0));
          case SequenceOp.SequenceEmpty empty -> new Datum.SequenceDatum(List.of());
          case SequenceOp.SequenceAt at -> {
            List<Datum> elements = sequence(operands.datum(0));
            yield elements.get(position(operands.scalarLong(1), elements.size()));
          }
          case SequenceOp.SequenceInsert insert -> {
            List<Datum> elements = new ArrayList<>(sequence(operands.datum(0)));
            int size = elements.size();
            elements.add(position(operands.scalarLong(2, size), size + 1, size), operands.datum(1));
            yield new Datum.SequenceDatum(elements);
          }
          case SequenceOp.SequenceErase erase -> {
            List<Datum> elements = new ArrayList<>(sequence(operands.datum(0)));
            elements.remove(position(operands.scalarLong(1, -1), elements.size()));
            yield new Datum.SequenceDatum(elements);
          }
          case SequenceOp.SequenceLength length ->
              Datum.of(Tensor.scalar((long) sequence(operands.datum(0)).size()));
          case SequenceOp.ConcatFromSequence concat -> {
            List<Tensor> tensors = sequence(operands.datum(0)).stream().map(Datum::tensor).toList();
            yield Datum.of(
                concat.newAxis()
                    ? Moves.stack(tensors, concat.axis())
                    : Moves.concat(tensors, concat.axis()));
          }
          case SequenceOp.SplitToSequence split -> split(split, operands);
          case SequenceOp.OptionalOf optional ->
              new Datum.OptionalDatum(Optional.of(operands.datum(0)).filter(Datum::isPresent));
          case SequenceOp.OptionalGetElement get ->
              operands.datum(0) instanceof Datum.OptionalDatum(Optional<Datum> value)
                  ? value.orElseThrow(() -> new IllegalArgumentException("the optional is empty"))
                  : operands.datum(0);
          case SequenceOp.OptionalHasElement has ->
              Datum.of(Tensor.of(new boolean[] {isThere(operands.datum(0))}));
        });
  }

  private static boolean isThere(Datum datum) {
    return switch (datum) {
      case Datum.OptionalDatum(Optional<Datum> value) -> value.isPresent();
      case Datum.NoDatum none -> false;
      case Datum.TensorDatum tensor -> true;
      case Datum.SequenceDatum sequence -> true;
    };
  }

  /**
   * The elements of a sequence.
   *
   * @throws IllegalArgumentException if the datum is anything else
   */
  static List<Datum> sequence(Datum datum) {
    if (datum instanceof Datum.SequenceDatum(List<Datum> elements)) {
      return elements;
    }
    throw new IllegalArgumentException("expected a sequence, not " + datum.describe());
  }

  private static int position(long position, int size) {
    return position(position, size, size);
  }

  /** A position in [0, bound); negative ones count from {@code size}. */
  private static int position(long position, int bound, int size) {
    long at = position < 0 ? position + size : position;
    if (at < 0 || at >= bound) {
      throw new IllegalArgumentException("position " + position + " in a sequence of " + size);
    }
    return (int) at;
  }

  private static Datum split(SequenceOp.SplitToSequence op, Operands operands) {
    Tensor x = operands.tensor(0);
    int axis = Operands.axis(op.axis(), x.rank());
    long extent = x.dim(axis);
    if (!operands.has(1)) {
      List<Datum> slices = new ArrayList<>();
      for (long i = 0; i < extent; i++) {
        slices.add(Datum.of(op.keepDims() ? Moves.part(x, axis, i, 1) : Moves.slice(x, axis, i)));
      }
      return new Datum.SequenceDatum(slices);
    }
    long[] sizes = operands.longs(1);
    if (operands.tensor(1).rank() == 0) {
      long size = sizes[0];
      if (size <= 0) {
        throw new IllegalArgumentException("parts of " + size);
      }
      sizes = new long[Math.toIntExact(Math.ceilDiv(extent, size))];
      Arrays.fill(sizes, size);
      if (sizes.length > 0) {
        sizes[sizes.length - 1] = extent - (sizes.length - 1) * size;
      }
    }
    return new Datum.SequenceDatum(Moves.split(x, axis, sizes).stream().map(Datum::of).toList());
  }
}
