package fluidml.reference;

import fluidml.graph.op.Movement;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Computes the ops of {@link Movement}. Results that only change the shape share memory with x. */
final class MovementOps {
  private MovementOps() {}

  static List<Datum> execute(Movement op, Operands operands) {
    Tensor x = operands.tensor(0);
    long[] dims = x.dims();
    int rank = x.rank();
    return switch (op) {
      case Movement.Reshape reshape ->
          Operands.result(x.reshaped(operands.values(reshape.shape())));
      case Movement.ReshapeBy by ->
          Operands.result(x.reshaped(Extents.reshape(dims, operands.longs(1), by.allowZero())));
      case Movement.Squeeze squeeze ->
          Operands.result(x.reshaped(Extents.squeeze(dims, longs(squeeze.axes()))));
      case Movement.SqueezeBy by ->
          Operands.result(
              x.reshaped(Extents.squeeze(dims, operands.optionalLongs(1).orElse(new long[0]))));
      case Movement.Unsqueeze unsqueeze ->
          Operands.result(x.reshaped(Extents.unsqueeze(dims, longs(unsqueeze.axes()))));
      case Movement.UnsqueezeBy by ->
          Operands.result(x.reshaped(Extents.unsqueeze(dims, operands.longs(1))));
      case Movement.Flatten flatten ->
          Operands.result(x.reshaped(Extents.flatten(dims, flatten.axis())));
      case Movement.Transpose transpose -> Operands.result(transpose(x, transpose.permutation()));
      case Movement.Expand expand ->
          Operands.result(Moves.expand(x, operands.values(expand.shape())));
      case Movement.ExpandBy by ->
          Operands.result(Moves.expand(x, NdIndex.broadcast(dims, operands.longs(1))));
      case Movement.Concat concat ->
          Operands.result(Moves.concat(operands.tensors(), concat.axis()));
      case Movement.Split split ->
          results(Moves.split(x, split.axis(), operands.values(split.sizes())));
      case Movement.SplitBy by -> {
        long extent = x.dim(Operands.axis(by.axis(), rank));
        yield results(
            Moves.split(
                x,
                by.axis(),
                operands.optionalLongs(1).orElse(Extents.equalParts(extent, operands.results()))));
      }
      case Movement.Slice slice -> Operands.result(slice(x, slice.axes(), operands));
      case Movement.SliceBy by -> Operands.result(sliceBy(x, operands));
      case Movement.Pad pad ->
          Operands.result(
              Moves.pad(
                  x,
                  operands.values(pad.before()),
                  operands.values(pad.after()),
                  pad.mode(),
                  operands.optionalTensor(1)));
      case Movement.PadBy by -> Operands.result(padBy(x, by.mode(), operands));
      case Movement.Tile tile -> Operands.result(Moves.tile(x, operands.values(tile.repeats())));
      case Movement.TileBy by -> Operands.result(Moves.tile(x, operands.longs(1)));
      case Movement.Trilu trilu ->
          Operands.result(Moves.triangle(x, operands.scalarLong(1, 0), trilu.upper()));
      case Movement.ReverseSequence reverse ->
          Operands.result(
              Moves.reverseSequence(
                  x, operands.tensor(1), reverse.batchAxis(), reverse.timeAxis()));
      case Movement.Col2Im fold ->
          Operands.result(Images.fold(fold, x, operands.longs(1), operands.longs(2)));
      case Movement.CenterCropPad pad ->
          Operands.result(
              Moves.centerCropPad(x, Extents.axesOrAll(pad.axes(), rank), operands.longs(1)));
    };
  }

  private static List<Datum> results(List<Tensor> tensors) {
    return tensors.stream().map(Datum::of).toList();
  }

  private static long[] longs(List<Integer> values) {
    return values.stream().mapToLong(Integer::longValue).toArray();
  }

  private static Tensor transpose(Tensor x, List<Integer> permutation) {
    if (permutation.size() != x.rank()) {
      throw new IllegalArgumentException("permutation " + permutation + " of " + x);
    }
    return Moves.transpose(x, Extents.axesOrAll(permutation, x.rank()));
  }

  private static Tensor slice(Tensor x, List<Movement.SliceAxis> axes, Operands operands) {
    long[] starts = new long[x.rank()];
    long[] sizes = x.dims();
    long[] steps = new long[x.rank()];
    Arrays.fill(steps, 1);
    for (Movement.SliceAxis slice : axes) {
      int axis = Operands.axis(slice.axis(), x.rank());
      starts[axis] = operands.value(slice.start());
      sizes[axis] = operands.value(slice.size());
      steps[axis] = slice.step();
    }
    return Moves.slice(x, starts, sizes, steps);
  }

  private static Tensor sliceBy(Tensor x, Operands operands) {
    int rank = x.rank();
    long[] from = operands.longs(1);
    long[] to = operands.longs(2);
    Optional<long[]> axes = operands.optionalLongs(3);
    Optional<long[]> by = operands.optionalLongs(4);
    long[] starts = new long[rank];
    long[] sizes = x.dims();
    long[] steps = new long[rank];
    Arrays.fill(steps, 1);
    for (int i = 0; i < from.length; i++) {
      int axis = Operands.axis(axes.isPresent() ? axes.get()[i] : i, rank);
      long extent = x.dim(axis);
      long step = by.isPresent() ? by.get()[i] : 1;
      if (step == 0) {
        throw new IllegalArgumentException("step 0 along axis " + axis);
      }
      long start = from[i] < 0 ? from[i] + extent : from[i];
      long end = to[i] < 0 ? to[i] + extent : to[i];
      if (step > 0) {
        start = Math.clamp(start, 0, extent);
        end = Math.clamp(end, 0, extent);
        sizes[axis] = Math.max(0, Math.ceilDiv(end - start, step));
      } else {
        start = Math.min(Math.max(start, 0), extent - 1);
        end = Math.clamp(end, -1, extent - 1);
        sizes[axis] = Math.max(0, Math.ceilDiv(end - start, step));
      }
      starts[axis] = start;
      steps[axis] = step;
    }
    return Moves.slice(x, starts, sizes, steps);
  }

  private static Tensor padBy(Tensor x, Movement.PadMode mode, Operands operands) {
    long[] pads = operands.longs(1);
    long[] chosen = operands.optionalLongs(3).orElseGet(() -> range(x.rank()));
    int[] axes = Extents.axes(chosen, x.rank());
    if (pads.length != 2 * axes.length) {
      throw new IllegalArgumentException(pads.length + " pads for " + axes.length + " axes");
    }
    long[] before = new long[x.rank()];
    long[] after = new long[x.rank()];
    for (int i = 0; i < axes.length; i++) {
      before[axes[i]] = pads[i];
      after[axes[i]] = pads[axes.length + i];
    }
    return Moves.pad(x, before, after, mode, operands.optionalTensor(2));
  }

  private static long[] range(int count) {
    long[] range = new long[count];
    Arrays.setAll(range, i -> i);
    return range;
  }
}
