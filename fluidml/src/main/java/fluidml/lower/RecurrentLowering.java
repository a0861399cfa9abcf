package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * LSTM, GRU and RNN layers as two kernels each: the products of the inputs with their weights for
 * all steps at once ({@link RecurrentInputs}), then one step after the other ({@link
 * RecurrentSteps}).
 */
public final class RecurrentLowering implements Lowering {
  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()
        || !(cluster.anchor().get().op() instanceof Recurrent op)
        || cluster.nodes().size() > 1) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    Cell cell =
        switch (op) {
          case Recurrent.Rnn rnn -> rnn.cell();
          case Recurrent.Gru gru -> gru.cell();
          case Recurrent.Lstm lstm -> lstm.cell();
        };
    Optional<String> refusal = refusal(node, op, cell);
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    RecurrentLayer layer = RecurrentLayer.of(node, op, cell);
    List<KernelCall> calls = new ArrayList<>();
    Optional<View> products = RecurrentInputs.lower(layer, context, calls);
    if (products.isEmpty()) {
      return new Result.Refused("weights whose directions lie apart in memory");
    }
    new RecurrentSteps(layer, context, products.get(), calls).lower();
    return new Result.Calls(calls);
  }

  private static Optional<String> refusal(Node node, Recurrent op, Cell cell) {
    DType dtype = node.input(0).dtype();
    if (dtype != DType.FLOAT32 && dtype != DType.FLOAT64) {
      return Optional.of(Labels.of(op) + " of " + dtype);
    }
    int each = cell.activations().size() / cell.direction().count();
    for (int i = 0; i < cell.activations().size(); i++) {
      Activation activation = cell.activations().get(i);
      if (function(activation).isEmpty()) {
        return Optional.of("activation '" + activation.name() + "'");
      }
      if (!function(activation).equals(function(cell.activations().get(i % each)))) {
        return Optional.of("activations that depend on the direction");
      }
    }
    return Optional.empty();
  }

  static Optional<UnaryFunction> function(Activation activation) {
    return switch (activation.name().toLowerCase(Locale.ROOT)) {
      case "sigmoid" -> Optional.of(UnaryFunction.SIGMOID);
      case "tanh" -> Optional.of(UnaryFunction.TANH);
      case "relu" -> Optional.of(UnaryFunction.RELU);
      default -> Optional.empty();
    };
  }
}
