package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.graph.op.Recurrent.Direction;
import fluidml.graph.op.Recurrent.Gru;
import fluidml.graph.op.Recurrent.Lstm;
import fluidml.graph.op.Recurrent.Rnn;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Recurrent layers. */
final class Recurrents {
  private static final Map<String, Direction> DIRECTIONS =
      Map.of(
          "forward", Direction.FORWARD,
          "reverse", Direction.REVERSE,
          "bidirectional", Direction.BIDIRECTIONAL);

  /** Known activations with the defaults of their constants, in lower case. */
  private static final Map<String, Activation> ACTIVATIONS =
      Map.ofEntries(
          activation("relu", 0, 0),
          activation("tanh", 0, 0),
          activation("sigmoid", 0, 0),
          activation("affine", 1, 0),
          activation("leakyrelu", 0.01f, 0),
          activation("thresholdedrelu", 1, 0),
          activation("scaledtanh", 1, 1),
          activation("hardsigmoid", 0.2f, 0.5),
          activation("elu", 1, 0),
          activation("softsign", 0, 0),
          activation("softplus", 0, 0));

  private static final List<String> WITH_ALPHA =
      List.of("affine", "leakyrelu", "thresholdedrelu", "scaledtanh", "hardsigmoid", "elu");

  private static final List<String> WITH_BETA = List.of("affine", "scaledtanh", "hardsigmoid");

  private Recurrents() {}

  private static Map.Entry<String, Activation> activation(String name, double alpha, double beta) {
    return Map.entry(name, new Activation(name, alpha, beta));
  }

  static void register(Operators to) {
    to.add("RNN", 7, 3, 6, c -> c.out(new Rnn(cell(c, List.of("tanh"))), c.operands()));
    to.add("GRU", 7, 3, 6, Recurrents::gru);
    to.add("LSTM", 7, 3, 8, Recurrents::lstm);
  }

  private static List<Value> gru(Call c) {
    boolean linear = c.attributes().flag("linear_before_reset", false);
    return c.out(new Gru(cell(c, List.of("sigmoid", "tanh")), linear), c.operands());
  }

  private static List<Value> lstm(Call c) {
    boolean inputForget = c.attributes().flag("input_forget", false);
    return c.out(new Lstm(cell(c, List.of("sigmoid", "tanh", "tanh")), inputForget), c.operands());
  }

  private static Cell cell(Call c, List<String> defaults) {
    Attributes a = c.attributes();
    Direction direction = a.choice("direction", "forward", DIRECTIONS);
    long hiddenSize = a.integer("hidden_size").orElseGet(() -> hiddenSize(c));
    return new Cell(
        hiddenSize,
        direction,
        activations(c, defaults, direction.count()),
        a.real("clip"),
        a.flag("layout", false));
  }

  /** The recurrence weights are [directions, gates · hidden, hidden]. */
  private static long hiddenSize(Call c) {
    return c.shape(c.in(2))
        .dim(2)
        .constant()
        .orElseThrow(() -> c.unsupported("the hidden size is not constant; give 'hidden_size'"));
  }

  /** Constants are listed for those activations only that have them, in order. */
  private static List<Activation> activations(Call c, List<String> defaults, int directions) {
    Attributes a = c.attributes();
    List<String> names = new ArrayList<>();
    a.texts("activations")
        .orElse(Collections.nCopies(directions, defaults).stream().flatMap(List::stream).toList())
        .forEach(n -> names.add(n.toLowerCase(Locale.ROOT)));
    if (names.size() != defaults.size() * directions) {
      throw c.invalid("attribute 'activations' needs " + defaults.size() * directions + " entries");
    }
    List<Double> alphas = new ArrayList<>(a.reals("activation_alpha").orElse(List.of()));
    List<Double> betas = new ArrayList<>(a.reals("activation_beta").orElse(List.of()));
    List<Activation> result = new ArrayList<>();
    for (String name : names) {
      Activation known = ACTIVATIONS.get(name);
      if (known == null) {
        throw c.unsupported(
            "activation '" + name + "' is not known; use one of " + ACTIVATIONS.keySet());
      }
      double alpha =
          WITH_ALPHA.contains(name) && !alphas.isEmpty() ? alphas.removeFirst() : known.alpha();
      double beta =
          WITH_BETA.contains(name) && !betas.isEmpty() ? betas.removeFirst() : known.beta();
      result.add(new Activation(name, alpha, beta));
    }
    return result;
  }
}
