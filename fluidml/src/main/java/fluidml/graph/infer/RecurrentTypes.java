package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.graph.op.Recurrent.Gru;
import fluidml.graph.op.Recurrent.Lstm;
import fluidml.graph.op.Recurrent.Rnn;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of the recurrent layers. */
final class RecurrentTypes {
  private RecurrentTypes() {}

  static List<Type> infer(Site site, Recurrent op) {
    return switch (op) {
      case Rnn rnn -> layer(site, rnn.cell(), 1, 6, 2);
      case Gru gru -> layer(site, gru.cell(), 3, 6, 2);
      case Lstm lstm -> layer(site, lstm.cell(), 4, 8, 3);
    };
  }

  private static List<Type> layer(Site site, Cell cell, int gates, int operands, int results) {
    site.arity(3, operands);
    site.results(1, results);
    site.requireFloat(0);
    DType dtype = site.sameType(0, 1, 2, 3, 5, 6, 7);
    Optional<Shape> x = site.rank(0, 3);
    Dim hidden = Dim.of(cell.hiddenSize());
    Dim directions = Dim.of(cell.direction().count());
    Dim rows = hidden.times(gates);
    Optional<Shape> weights = site.rank(1, 3);
    weights.ifPresent(
        w -> {
          site.agree(directions, w.dim(0), "the directions");
          site.agree(rows, w.dim(1), "the rows of the weights");
        });
    if (x.isPresent() && weights.isPresent()) {
      site.agree(x.get().dim(2), weights.get().dim(2), "the features");
    }
    site.rank(2, 3)
        .ifPresent(
            r -> {
              site.agree(rows, r.dim(1), "the rows of the recurrent weights");
              site.agree(hidden, r.dim(2), "the columns of the recurrent weights");
            });
    Dim time = x.map(s -> s.dim(cell.batchFirst() ? 1 : 0)).orElseGet(site::fresh);
    Dim batch = x.map(s -> s.dim(cell.batchFirst() ? 0 : 1)).orElseGet(site::fresh);
    Type y =
        Type.tensor(
            dtype,
            cell.batchFirst()
                ? Shape.of(batch, time, directions, hidden)
                : Shape.of(time, directions, batch, hidden));
    Type state =
        Type.tensor(
            dtype,
            cell.batchFirst()
                ? Shape.of(batch, directions, hidden)
                : Shape.of(directions, batch, hidden));
    List<Type> types = new ArrayList<>(List.of(y));
    while (types.size() < site.outputs()) {
      types.add(state);
    }
    return types;
  }
}
