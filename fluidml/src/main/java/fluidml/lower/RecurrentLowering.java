package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Recurrent.Activation;
import fluidml.graph.op.Recurrent.Cell;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * LSTM, GRU and RNN layers as one kernel each. A direction of a batch row is a unit of the parallel
 * range; it goes through time with its state in scratch. In every step each unit of the layer sums
 * the products of its weights with input and state, row by row as they lie in memory, then all
 * gates are combined in vectors.
 */
public final class RecurrentLowering implements Lowering {
  private static final int LSTM_GATES = 4;

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
    return refusal(node, op, cell)
        .<Result>map(Result.Refused::new)
        .orElseGet(() -> Result.of(new Layer(node, op, cell, context).build()));
  }

  private static Optional<String> refusal(Node node, Recurrent op, Cell cell) {
    DType dtype = node.input(0).dtype();
    boolean peepholes = node.inputs().size() > 7 && node.input(7).isPresent();
    if (dtype != DType.FLOAT32 && dtype != DType.FLOAT64) {
      return Optional.of(Labels.of(op) + " of " + dtype);
    }
    if (node.inputs().size() > 4 && node.input(4).isPresent()) {
      return Optional.of("sequences of different lengths");
    }
    if (peepholes || cell.clip().isPresent()) {
      return Optional.of("peepholes or bounds of the gates' inputs");
    }
    if (op instanceof Recurrent.Lstm(_, boolean inputForget) && inputForget) {
      return Optional.of("a forget gate that is coupled to the input gate");
    }
    if (op instanceof Recurrent.Gru(_, boolean linearBeforeReset) && !linearBeforeReset) {
      return Optional.of("a reset gate before the product");
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

  private static Optional<UnaryFunction> function(Activation activation) {
    return switch (activation.name().toLowerCase(Locale.ROOT)) {
      case "sigmoid" -> Optional.of(UnaryFunction.SIGMOID);
      case "tanh" -> Optional.of(UnaryFunction.TANH);
      case "relu" -> Optional.of(UnaryFunction.RELU);
      default -> Optional.empty();
    };
  }

  /** One kernel being built. */
  private static final class Layer {
    private static final Expr ZERO = Exprs.index(0);

    private final Node node;
    private final Recurrent op;
    private final Cell cell;
    private final CallBuilder call;

    /** {@code [time, batch, features]}. */
    private final BufferView x;

    /** {@code [direction, gates · hidden, features]}. */
    private final BufferView weights;

    /** {@code [direction, gates · hidden, hidden]}. */
    private final BufferView recurrence;

    /** {@code [direction, 2 · gates · hidden]}. */
    private final Optional<BufferView> bias;

    /** {@code [direction, batch, hidden]}, as all states. */
    private final Optional<BufferView> firstHidden;

    private final Optional<BufferView> firstCell;
    private final Optional<BufferView> lastHidden;
    private final Optional<BufferView> lastCell;

    /** {@code [time, direction, batch, hidden]}. */
    private final Optional<BufferView> y;

    private final Expr time;
    private final Expr batch;
    private final Expr features;
    private final Expr hidden;
    private final int gates;
    private final int sums;
    private final int lanes;
    private final Type scalar;
    private final Buffer state;
    private final Buffer cells;
    private final Buffer inputs;

    Layer(Node node, Recurrent op, Cell cell, Context context) {
      this.node = node;
      this.op = op;
      this.cell = cell;
      this.call = new CallBuilder(Labels.of(op));
      this.gates = op instanceof Recurrent.Lstm ? LSTM_GATES : op instanceof Recurrent.Gru ? 3 : 1;
      // The candidate of a GRU keeps what comes from the state apart from what comes from the
      // input.
      this.sums = op instanceof Recurrent.Gru ? gates + 1 : gates;
      View input = context.view(node.input(0));
      this.x = call.read(cell.batchFirst() ? input.transposed(List.of(1, 0, 2)) : input);
      this.weights = call.read(context.view(node.input(1)));
      this.recurrence = call.read(context.view(node.input(2)));
      this.bias = operand(3).map(v -> call.read(context.view(v)));
      this.firstHidden = operand(5).map(v -> call.read(state(context.view(v))));
      this.firstCell = operand(6).map(v -> call.read(state(context.view(v))));
      this.y = result(0).map(v -> call.write(sequence(context.view(v))));
      this.lastHidden = result(1).map(v -> call.write(state(context.view(v))));
      this.lastCell = result(2).map(v -> call.write(state(context.view(v))));
      this.time = call.size(x.view().shape().dim(0));
      this.batch = call.size(x.view().shape().dim(1));
      this.features = call.size(x.view().shape().dim(2));
      this.hidden = call.parameter(recurrence.view().shape().dim(2));
      DType dtype = node.input(0).dtype();
      this.scalar = new Type(Exprs.registerType(dtype), 1);
      List<BufferView> all = new ArrayList<>(List.of(x, weights, recurrence));
      Stream.of(firstHidden, firstCell, lastHidden, lastCell, y)
          .forEach(o -> o.ifPresent(all::add));
      boolean dense = all.stream().allMatch(v -> v.isDense(v.view().shape().rank() - 1));
      // Exponentials of doubles are scalars.
      this.lanes = dense && dtype == DType.FLOAT32 ? context.target().lanes(List.of(dtype)) : 1;
      Expr bytes = hidden.times(dtype.bytes());
      this.state = call.kernel().scratch("state", dtype, bytes);
      this.cells = call.kernel().scratch("cells", dtype, bytes);
      this.inputs = call.kernel().scratch("inputs", dtype, bytes.times(sums));
    }

    private Optional<Value> operand(int index) {
      return index < node.inputs().size() && node.input(index).isPresent()
          ? Optional.of(node.input(index))
          : Optional.empty();
    }

    private Optional<Value> result(int index) {
      return index < node.outputs().size() && node.output(index).isPresent()
          ? Optional.of(node.output(index))
          : Optional.empty();
    }

    private View state(View view) {
      return cell.batchFirst() ? view.transposed(List.of(1, 0, 2)) : view;
    }

    private View sequence(View view) {
      return cell.batchFirst() ? view.transposed(List.of(1, 2, 0, 3)) : view;
    }

    KernelCall build() {
      call.kernel().procedure("begin", List.of("d", "b"), (b, p) -> begin(b, p));
      call.kernel().procedure("sum", List.of("d", "b", "t"), (b, p) -> sum(b, p));
      call.kernel().procedure("step", List.of("d", "b", "t"), (b, p) -> step(b, p));
      call.kernel().procedure("end", List.of("d", "b"), (b, p) -> end(b, p));
      Dim work =
          x.view()
              .shape()
              .dim(0)
              .times(x.view().shape().dim(1))
              .times(weights.view().shape().dim(0))
              .times(weights.view().shape().dim(1))
              .times(x.view().shape().dim(2).plus(recurrence.view().shape().dim(2)).times(2));
      Expr units = batch.times(Exprs.index(cell.direction().count()));
      return call.build(Labels.of(op), List.of(node), work, units, this::main);
    }

    private void main(BodyBuilder b, Expr begin, Expr end) {
      b.loop(
          "unit",
          begin,
          end,
          unit -> {
            Expr d = b.let("d", Exprs.floorDiv(unit, batch));
            Expr row = b.let("b", unit.minus(d.times(batch)));
            b.call("begin", d, row);
            b.loop(
                "s",
                ZERO,
                time,
                s -> {
                  Expr back = time.minus(Exprs.index(1)).minus(s);
                  Expr t =
                      switch (cell.direction()) {
                        case FORWARD -> s;
                        case REVERSE -> back;
                        case BIDIRECTIONAL -> Exprs.select(d.eq(Exprs.index(1)), back, s);
                      };
                  Expr at = b.let("t", t);
                  b.call("sum", d, row, at);
                  b.call("step", d, row, at);
                });
            b.call("end", d, row);
          });
    }

    private void begin(BodyBuilder b, List<Expr> place) {
      b.vectorLoop(
          "u",
          ZERO,
          hidden,
          lanes,
          (u, mask) -> {
            b.store(state, u, first(b, firstHidden, place, u, mask), mask);
            if (op instanceof Recurrent.Lstm) {
              b.store(cells, u, first(b, firstCell, place, u, mask), mask);
            }
          });
    }

    private Expr first(
        BodyBuilder b, Optional<BufferView> view, List<Expr> place, Expr u, Optional<Expr> mask) {
      return view.map(v -> b.load(v.buffer(), v.index(with(place, u)), lanes, mask))
          .orElse(Exprs.constant(scalar.times(lanes), 0));
    }

    private void end(BodyBuilder b, List<Expr> place) {
      if (lastHidden.isPresent() || lastCell.isPresent()) {
        b.vectorLoop(
            "u",
            ZERO,
            hidden,
            lanes,
            (u, mask) -> {
              lastHidden.ifPresent(v -> copy(b, state, v, place, u, mask));
              lastCell.ifPresent(v -> copy(b, cells, v, place, u, mask));
            });
      }
    }

    private void copy(
        BodyBuilder b, Buffer from, BufferView to, List<Expr> place, Expr u, Optional<Expr> mask) {
      b.store(to.buffer(), to.index(with(place, u)), b.load(from, u, lanes, mask), mask);
    }

    /** The inputs of all gates before their activations. */
    private void sum(BodyBuilder b, List<Expr> p) {
      Expr d = p.get(0);
      Type vector = scalar.times(lanes);
      b.loop(
          "u",
          ZERO,
          hidden,
          u -> {
            List<Expr.Read> totals = new ArrayList<>();
            for (int i = 0; i < sums; i++) {
              totals.add(b.variable("sum" + i, Exprs.constant(vector, 0)));
            }
            b.vectorLoop(
                "i",
                ZERO,
                features,
                lanes,
                (i, mask) -> {
                  Expr value =
                      b.let(
                          "x",
                          b.load(x.buffer(), x.index(List.of(p.get(2), p.get(1), i)), lanes, mask));
                  for (int gate = 0; gate < gates; gate++) {
                    add(b, totals.get(gate), value, weights, List.of(d, row(gate, u), i), mask);
                  }
                });
            b.vectorLoop(
                "k",
                ZERO,
                hidden,
                lanes,
                (k, mask) -> {
                  Expr value = b.let("h", b.load(state, k, lanes, mask));
                  for (int gate = 0; gate < gates; gate++) {
                    Expr.Read total = totals.get(gate < gates - 1 ? gate : sums - 1);
                    add(b, total, value, recurrence, List.of(d, row(gate, u), k), mask);
                  }
                });
            for (int i = 0; i < sums; i++) {
              Expr total = Exprs.horizontal(HorizontalOp.ADD, totals.get(i));
              b.store(inputs, row(i, u), total.plus(biases(b, i, d, u)));
            }
          });
    }

    private Expr row(int gate, Expr u) {
      return hidden.times(Exprs.index(gate)).plus(u);
    }

    private void add(
        BodyBuilder b,
        Expr.Read total,
        Expr value,
        BufferView matrix,
        List<Expr> at,
        Optional<Expr> mask) {
      b.assign(total, value.fma(b.load(matrix.buffer(), matrix.index(at), lanes, mask), total));
    }

    /** What is added to a sum: both biases of a gate, or one of each where its sums are apart. */
    private Expr biases(BodyBuilder b, int sum, Expr d, Expr u) {
      if (bias.isEmpty()) {
        return Exprs.constant(scalar, 0);
      }
      BufferView view = bias.get();
      int gate = Math.min(sum, gates - 1);
      Expr ofInput = b.load(view.buffer(), view.index(List.of(d, row(gate, u))));
      Expr ofState = b.load(view.buffer(), view.index(List.of(d, row(gates + gate, u))));
      if (sums > gates && sum == gates - 1) {
        return ofInput;
      }
      return sum == gates ? ofState : ofInput.plus(ofState);
    }

    /** The state after a step from the inputs of the gates. */
    private void step(BodyBuilder b, List<Expr> p) {
      b.vectorLoop(
          "u",
          ZERO,
          hidden,
          lanes,
          (u, mask) -> {
            List<Expr> in = new ArrayList<>();
            for (int i = 0; i < sums; i++) {
              in.add(b.let("in", b.load(inputs, row(i, u), lanes, mask)));
            }
            Expr next =
                switch (op) {
                  case Recurrent.Rnn _ -> activated(b, 0, in.getFirst());
                  case Recurrent.Gru _ -> gru(b, in, b.load(state, u, lanes, mask));
                  case Recurrent.Lstm _ -> lstm(b, in, u, mask);
                };
            Expr after = b.let("after", next);
            b.store(state, u, after, mask);
            y.ifPresent(
                v ->
                    b.store(
                        v.buffer(),
                        v.index(List.of(p.get(2), p.get(0), p.get(1), u)),
                        after,
                        mask));
          });
    }

    private Expr activated(BodyBuilder b, int index, Expr in) {
      UnaryFunction function = function(cell.activations().get(index)).orElseThrow();
      return b.let("gate", RealFunctions.unary(b, function, b.let("in", in)));
    }

    /** Gates in ONNX's order: input, output, forget, cell. */
    private Expr lstm(BodyBuilder b, List<Expr> in, Expr u, Optional<Expr> mask) {
      Expr input = activated(b, 0, in.get(0));
      Expr output = activated(b, 0, in.get(1));
      Expr forget = activated(b, 0, in.get(2));
      Expr fresh = activated(b, 1, in.get(3));
      Expr kept = forget.times(b.load(cells, u, lanes, mask));
      Expr after = b.let("cell", input.fma(fresh, kept));
      b.store(cells, u, after, mask);
      return output.times(activated(b, 2, after));
    }

    /** Gates in ONNX's order: update, reset, candidate. */
    private Expr gru(BodyBuilder b, List<Expr> in, Expr before) {
      Expr update = activated(b, 0, in.get(0));
      Expr reset = activated(b, 0, in.get(1));
      Expr candidate = activated(b, 1, reset.fma(in.get(3), in.get(2)));
      Expr one = Exprs.constant(scalar.times(lanes), 1);
      return one.minus(update).times(candidate).plus(update.times(before));
    }

    private static List<Expr> with(List<Expr> place, Expr last) {
      List<Expr> all = new ArrayList<>(place);
      all.add(last);
      return all;
    }
  }
}
