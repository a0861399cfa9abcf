package fluidml.lower;

import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.schedule.Contraction;
import fluidml.loop.schedule.Contraction.BatchOffset;
import fluidml.loop.schedule.ContractionSchedule;
import fluidml.loop.schedule.ProductStore;
import fluidml.loop.schedule.TileShape;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/**
 * What the gates of a recurrent layer take from its input, for all steps, directions and gates as
 * one matrix product: only the state's share has to wait for the step before.
 */
final class RecurrentInputs {
  private RecurrentInputs() {}

  /**
   * Adds the call.
   *
   * @return where the products are, in the order of {@link RecurrentLayer#products}; empty if the
   *     weights of all directions are not one matrix
   */
  static Optional<View> lower(
      RecurrentLayer layer, Lowering.Context context, List<KernelCall> calls) {
    View weights = context.view(layer.node().input(1));
    Dim features = weights.shape().dim(2);
    Dim columns = Dim.of(layer.columns());
    Optional<View> matrix = weights.reshaped(Shape.of(columns, features));
    if (matrix.isEmpty()) {
      return Optional.empty();
    }
    CallBuilder call = new CallBuilder(Labels.of(layer.op()) + " inputs");
    Rows rows = Rows.of(layer.input(context));
    BufferView x = call.read(rows.view);
    TileShape tile = TileShape.of(context.target(), Exprs.registerType(layer.dtype()));
    Dim elements = layer.time().times(layer.batch()).times(columns);
    Value products = context.temporary(layer.node().name() + ".inputs", layer.dtype(), elements);
    Buffer y = call.write(View.rowMajor(products)).buffer();
    Expr width = call.size(columns);
    Expr height = call.size(rows.view.shape().dim(1));
    Contraction contraction =
        new Contraction(
            call.size(rows.view.shape().dim(0)),
            height,
            width,
            call.size(features),
            new Contraction.Left(
                x.buffer(),
                (_, batch) -> x.base().plus(batch.times(x.strides().get(0))),
                x.strides().get(1),
                x.strides().get(2)),
            right(matrix.get(), context, call, tile));
    ProductStore store =
        (body, value, batch, row, column, mask) -> {
          Expr line = batch.times(height).plus(row);
          body.store(y, line.times(width).plus(column), value, mask);
        };
    Kernel kernel = ContractionSchedule.build(call.kernel(), contraction, tile, store);
    Dim work = elements.times(features).times(2);
    calls.add(call.finish(Labels.of(layer.op()) + " inputs", List.of(layer.node()), work, kernel));
    return Optional.of(rows.results(products, layer));
  }

  private static Contraction.Right right(
      View matrix, Lowering.Context context, CallBuilder call, TileShape tile) {
    Dim depth = matrix.shape().dim(1);
    boolean known =
        context.constant(matrix.root()).isPresent()
            && depth.isConstant()
            && matrix.offset().isConstant()
            && matrix.strides().stream().allMatch(Dim::isConstant);
    BatchOffset shared = BatchOffset.strided(Exprs.index(0));
    if (known) {
      MatrixPanels panels =
          new MatrixPanels(
              number(matrix.offset()),
              number(depth),
              number(matrix.shape().dim(0)),
              number(matrix.strides().get(1)),
              number(matrix.strides().get(0)),
              tile.columns());
      return new Contraction.Packed(call.packed(matrix.dtype(), panels, matrix.root()), shared);
    }
    BufferView view = call.read(matrix);
    BatchOffset start = (_, _) -> view.base();
    return new Contraction.Strided(
        view.buffer(), start, view.strides().get(1), view.strides().get(0));
  }

  private static long number(Dim dim) {
    return dim.constant().orElseThrow();
  }

  /**
   * The rows of the input, {@code [outer, row, features]}: all steps of all sequences as the rows
   * of one product where memory allows, else a product for each step.
   *
   * @param sequenceFirst whether the steps of a sequence follow each other
   */
  private record Rows(View view, boolean sequenceFirst) {
    /** Of an input {@code [time, batch, features]}. */
    static Rows of(View x) {
      Dim time = x.shape().dim(0);
      Dim batch = x.shape().dim(1);
      Shape flat = Shape.of(Dim.ONE, time.times(batch), x.shape().dim(2));
      return x.reshaped(flat)
          .map(view -> new Rows(view, false))
          .or(
              () ->
                  x.transposed(List.of(1, 0, 2))
                      .reshaped(Shape.of(Dim.ONE, batch.times(time), x.shape().dim(2)))
                      .map(view -> new Rows(view, true)))
          .orElse(new Rows(x, false));
    }

    View results(Value products, RecurrentLayer layer) {
      Shape shape = layer.products();
      View view = View.rowMajor(products);
      if (!sequenceFirst) {
        return new View(view.root(), view.dtype(), shape, view.offset(), shape.rowMajorStrides());
      }
      List<Integer> swapped = List.of(1, 0, 2, 3, 4);
      Shape stored = new Shape(swapped.stream().map(shape::dim).toList());
      return new View(view.root(), view.dtype(), stored, view.offset(), stored.rowMajorStrides())
          .transposed(swapped);
    }
  }
}
