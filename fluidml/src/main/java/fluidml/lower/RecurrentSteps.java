package fluidml.lower;

import fluidml.graph.Value;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Recurrent;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.schedule.StateProduct;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/**
 * The steps of a recurrent layer as one kernel. A direction of a sequence is a unit of the parallel
 * range; neighbouring sequences of a direction go through time together, with their states in
 * scratch. In every step the states are multiplied with the weights, which come packed as panels,
 * one gate after another; then all gates are combined in vectors.
 */
final class RecurrentSteps {
  private static final Expr ZERO = Exprs.index(0);

  private final RecurrentLayer layer;
  private final Lowering.Context context;
  private final List<KernelCall> calls;
  private final CallBuilder call;

  /** {@code [time, batch, direction, gate, hidden]}. */
  private final BufferView products;

  /** {@code [direction, 2 · gates · hidden]}. */
  private final Optional<BufferView> bias;

  /** {@code [direction, batch, hidden]}, as all states. */
  private final Optional<BufferView> firstHidden;

  private final Optional<BufferView> firstCell;

  /** {@code [batch]}. */
  private final Optional<BufferView> lengths;

  /** {@code [direction, 3 · hidden]}. */
  private final Optional<BufferView> peepholes;

  private final Optional<BufferView> lastHidden;
  private final Optional<BufferView> lastCell;

  /** {@code [time, direction, batch, hidden]}. */
  private final Optional<BufferView> y;

  private final Expr time;
  private final Expr batch;
  private final Expr hidden;
  private final StateProduct product;
  private final int lanes;
  private final Type scalar;
  private final Buffer state;
  private final Buffer cells;

  RecurrentSteps(
      RecurrentLayer layer, Lowering.Context context, View products, List<KernelCall> calls) {
    this.layer = layer;
    this.context = context;
    this.calls = calls;
    this.call = new CallBuilder(Labels.of(layer.op()));
    DType dtype = layer.dtype();
    this.products = call.read(products);
    this.bias = layer.operand(3).map(v -> call.read(context.view(v)));
    this.firstHidden = layer.operand(5).map(v -> call.read(layer.state(context.view(v))));
    this.firstCell = layer.operand(6).map(v -> call.read(layer.state(context.view(v))));
    this.lengths = layer.operand(4).map(v -> call.read(context.view(v)));
    this.peepholes = layer.operand(7).map(v -> call.read(context.view(v)));
    this.y = layer.result(0).map(v -> call.write(layer.sequence(context.view(v))));
    this.lastHidden = layer.result(1).map(v -> call.write(layer.state(context.view(v))));
    this.lastCell = layer.result(2).map(v -> call.write(layer.state(context.view(v))));
    this.time = call.size(layer.time());
    this.batch = call.size(layer.batch());
    this.hidden = call.parameter(Dim.of(layer.hidden()));
    this.scalar = new Type(Exprs.registerType(dtype), 1);
    boolean dense =
        Stream.of(bias, peepholes, firstHidden, firstCell, lastHidden, lastCell, y)
            .flatMap(Optional::stream)
            .allMatch(v -> v.isDense(v.view().shape().rank() - 1));
    // Exponentials of doubles are scalars.
    this.lanes = dense && dtype == DType.FLOAT32 ? context.target().lanes(List.of(dtype)) : 1;
    StateProduct.Shape shape = StateProduct.Shape.of(context.target(), dtype, layer.hidden());
    Expr bytes = hidden.times((double) dtype.bytes() * shape.rows());
    this.state = call.kernel().scratch("state", dtype, resetsFirst() ? bytes.times(2) : bytes);
    this.cells = call.kernel().scratch("cells", dtype, bytes);
    Buffer panels = panels(shape.columns());
    this.product = StateProduct.write(call.kernel(), shape, state, panels, layer.gates(), hidden);
  }

  /** Whether a GRU multiplies the candidate's weights with the state that is left by the reset. */
  private boolean resetsFirst() {
    return layer.op() instanceof Recurrent.Gru(_, boolean linearBeforeReset) && !linearBeforeReset;
  }

  /** The weights as panels {@code [direction, gate][panel][state][unit]}. */
  private Buffer panels(int columns) {
    Value weights = layer.node().input(2);
    long groups = (long) layer.directions() * layer.gates();
    long hidden = layer.hidden();
    FilterPanels panels = new FilterPanels(groups, hidden, hidden, 1, false, 1, columns, columns);
    return PackedPanels.of(
        layer.node(),
        weights,
        panels,
        "PackWeights",
        (e, packing, _) -> {
          Expr direction = Exprs.floorDiv(e.group(), Exprs.index(layer.gates()));
          Expr gate = e.group().minus(direction.times((double) layer.gates()));
          Expr row = gate.times(packing.parameter(Dim.of(hidden))).plus(e.filter());
          return List.of(direction, row, e.channel());
        },
        context,
        call,
        calls);
  }

  /** Adds the call. */
  void lower() {
    call.kernel().procedure("begin", List.of("d", "b", "rows"), (b, p) -> begin(b, p));
    call.kernel().procedure("step", List.of("d", "b", "rows", "t"), (b, p) -> step(b, p));
    if (resetsFirst()) {
      call.kernel().procedure("reset", List.of("d", "b", "rows", "t"), (b, p) -> reset(b, p));
    }
    if (lengths.isPresent() && y.isPresent()) {
      call.kernel().procedure("clear", List.of("d", "b", "rows", "t"), (b, p) -> clear(b, p));
    }
    call.kernel().procedure("end", List.of("d", "b", "rows"), (b, p) -> end(b, p));
    Dim work =
        layer.time().times(layer.batch()).times(layer.columns()).times(Dim.of(2 * layer.hidden()));
    Expr units = batch.times(Exprs.index(layer.directions()));
    String label = Labels.of(layer.op());
    calls.add(call.build(label, List.of(layer.node()), work, units, this::main));
  }

  private void main(BodyBuilder b, Expr begin, Expr end) {
    b.loop(
        "d",
        Exprs.floorDiv(begin, batch),
        b.let("last", Exprs.floorDiv(end.minus(1), batch).plus(1)),
        d -> {
          Expr before = b.let("before", d.times(batch));
          Expr to = b.let("to", end.minus(before).min(batch));
          // Sequences of different lengths go one by one.
          int most = lengths.isPresent() ? 1 : product.shape().rows();
          b.loop(
              "b",
              b.let("from", begin.minus(before).max(ZERO)),
              to,
              most,
              row -> sequences(b, d, row, b.let("rows", to.minus(row).min(Exprs.index(most)))));
        });
  }

  /** Some sequences of a direction through all steps. */
  private void sequences(BodyBuilder b, Expr d, Expr row, Expr rows) {
    b.call("begin", d, row, rows);
    Expr steps =
        lengths
            .map(v -> Exprs.convert(ScalarType.I64, b.load(v.buffer(), v.index(List.of(row)))))
            .map(length -> b.let("steps", length.max(ZERO).min(time)))
            .orElse(time);
    b.loop(
        "s",
        ZERO,
        steps,
        s -> {
          Expr back = steps.minus(Exprs.index(1)).minus(s);
          Expr t =
              switch (layer.cell().direction()) {
                case FORWARD -> s;
                case REVERSE -> back;
                case BIDIRECTIONAL -> Exprs.select(d.eq(Exprs.index(1)), back, s);
              };
          Expr at = b.let("t", t);
          product.call(b, d, ZERO, rows, s, 0, resetsFirst() ? 2 : layer.gates());
          if (resetsFirst()) {
            b.call("reset", d, row, rows, at);
            product.call(b, d, aside(), rows, s, 2, layer.gates());
          }
          b.call("step", d, row, rows, at);
        });
    if (lengths.isPresent() && y.isPresent()) {
      b.loop("rest", steps, time, t -> b.call("clear", d, row, rows, t));
    }
    b.call("end", d, row, rows);
  }

  /** Where the states that are left by the reset lie. */
  private Expr aside() {
    return hidden.times((double) product.shape().rows());
  }

  /** Visits the vectors of the states; their places are direction, sequence and first unit. */
  private void vectors(BodyBuilder b, List<Expr> p, Visitor visitor) {
    b.loop(
        "r",
        ZERO,
        p.get(2),
        r -> {
          Expr line = b.let("line", r.times(hidden));
          Expr sequence = b.let("sequence", p.get(1).plus(r));
          b.vectorLoop(
              "u",
              ZERO,
              hidden,
              lanes,
              (u, mask) ->
                  visitor.visit(List.of(p.getFirst(), sequence, u), line.plus(u), r, mask));
        });
  }

  /** Takes a place, its index in scratch, its row of a product, and the lanes that exist. */
  @FunctionalInterface
  private interface Visitor {
    void visit(List<Expr> place, Expr at, Expr row, Optional<Expr> mask);
  }

  private void begin(BodyBuilder b, List<Expr> p) {
    vectors(
        b,
        p,
        (place, at, _, mask) -> {
          b.store(state, at, first(b, firstHidden, place, mask), mask);
          if (layer.op() instanceof Recurrent.Lstm) {
            b.store(cells, at, first(b, firstCell, place, mask), mask);
          }
        });
  }

  private Expr first(
      BodyBuilder b, Optional<BufferView> view, List<Expr> place, Optional<Expr> mask) {
    return view.map(v -> b.load(v.buffer(), v.index(place), lanes, mask))
        .orElse(Exprs.constant(scalar.times(lanes), 0));
  }

  private void end(BodyBuilder b, List<Expr> p) {
    if (lastHidden.isPresent() || lastCell.isPresent()) {
      vectors(
          b,
          p,
          (place, at, _, mask) -> {
            lastHidden.ifPresent(v -> copy(b, state, at, v, place, mask));
            lastCell.ifPresent(v -> copy(b, cells, at, v, place, mask));
          });
    }
  }

  private void clear(BodyBuilder b, List<Expr> p) {
    BufferView all = y.orElseThrow();
    vectors(
        b,
        p,
        (place, _, _, mask) ->
            b.store(
                all.buffer(),
                all.index(step(p.get(3), place)),
                Exprs.constant(scalar.times(lanes), 0),
                mask));
  }

  private static List<Expr> step(Expr t, List<Expr> place) {
    List<Expr> index = new ArrayList<>(List.of(t));
    index.addAll(place);
    return index;
  }

  private void copy(
      BodyBuilder b, Buffer from, Expr at, BufferView to, List<Expr> place, Optional<Expr> mask) {
    b.store(to.buffer(), to.index(place), b.load(from, at, lanes, mask), mask);
  }

  /** The states after a step from the inputs of the gates. */
  private void step(BodyBuilder b, List<Expr> p) {
    Expr t = p.get(3);
    vectors(
        b,
        p,
        (place, at, row, mask) -> {
          Step s = new Step(b, t, place, row, mask);
          Expr next =
              switch (layer.op()) {
                case Recurrent.Rnn _ -> s.activated(0, s.gate(0));
                case Recurrent.Gru _ -> gru(s, b.load(state, at, lanes, mask));
                case Recurrent.Lstm _ -> lstm(s, at);
              };
          Expr after = b.let("after", next);
          b.store(state, at, after, mask);
          y.ifPresent(v -> b.store(v.buffer(), v.index(step(t, place)), after, mask));
        });
  }

  /** The states as the reset gate leaves them. */
  private void reset(BodyBuilder b, List<Expr> p) {
    vectors(
        b,
        p,
        (place, at, row, mask) -> {
          Step s = new Step(b, p.get(3), place, row, mask);
          Expr kept = s.activated(0, s.gate(1)).times(b.load(state, at, lanes, mask));
          b.store(state, aside().plus(at), kept, mask);
        });
  }

  /**
   * Gates in ONNX's order: input, output, forget, cell; peepholes input, output, forget, from the
   * cell before the step except the output's.
   */
  private Expr lstm(Step s, Expr at) {
    Expr before = s.b.let("before", s.b.load(cells, at, lanes, s.mask));
    boolean coupled = layer.op() instanceof Recurrent.Lstm(_, boolean inputForget) && inputForget;
    Expr input = s.activated(0, s.peep(s.gate(0), 0, before));
    Expr forget =
        coupled
            ? Exprs.constant(scalar.times(lanes), 1).minus(input)
            : s.activated(0, s.peep(s.gate(2), 2, before));
    Expr fresh = s.activated(1, s.gate(3));
    Expr after = s.b.let("cell", input.fma(fresh, forget.times(before)));
    s.b.store(cells, at, after, s.mask);
    Expr output = s.activated(0, s.peep(s.gate(1), 1, after));
    return output.times(s.activated(2, after, OptionalDouble.empty()));
  }

  /** Gates in ONNX's order: update, reset, candidate. */
  private Expr gru(Step s, Expr before) {
    Expr update = s.activated(0, s.gate(0));
    Expr in = resetsFirst() ? s.gate(2) : s.activated(0, s.gate(1)).fma(s.ofState(2), s.ofInput(2));
    Expr candidate = s.activated(1, in);
    Expr one = Exprs.constant(scalar.times(lanes), 1);
    return one.minus(update).times(candidate).plus(update.times(before));
  }

  /** A vector of the states in a step. */
  private final class Step {
    private final BodyBuilder b;
    private final Expr t;
    private final List<Expr> place;
    private final Expr row;
    private final Optional<Expr> mask;

    Step(BodyBuilder b, Expr t, List<Expr> place, Expr row, Optional<Expr> mask) {
      this.b = b;
      this.t = t;
      this.place = place;
      this.row = row;
      this.mask = mask;
    }

    /** All that goes into a gate. */
    Expr gate(int gate) {
      return ofInput(gate).plus(ofState(gate));
    }

    /** A gate's share of the input, its bias added. */
    Expr ofInput(int gate) {
      List<Expr> index = List.of(t, place.get(1), place.get(0), Exprs.index(gate), place.get(2));
      return plusBias(b.load(products.buffer(), products.index(index), lanes, mask), gate);
    }

    /** A gate's share of the state, its bias added. */
    Expr ofState(int gate) {
      return plusBias(product.load(b, gate, row, place.get(2), lanes), layer.gates() + gate);
    }

    private Expr plusBias(Expr value, int block) {
      return bias.map(v -> value.plus(parameter(v, block))).orElse(value);
    }

    /** What a gate sees of a cell besides. */
    Expr peep(Expr value, int block, Expr cell) {
      return peepholes.map(v -> parameter(v, block).fma(cell, value)).orElse(value);
    }

    /** From {@code [direction, blocks · hidden]}. */
    private Expr parameter(BufferView view, int block) {
      Expr at = hidden.times(Exprs.index(block)).plus(place.get(2));
      Expr index = view.index(List.of(place.getFirst(), at));
      return b.load(view.buffer(), index, lanes, mask);
    }

    /** A gate from its input, which is bounded first where the layer says so. */
    Expr activated(int index, Expr in) {
      return activated(index, in, layer.cell().clip());
    }

    private Expr activated(int index, Expr value, OptionalDouble bound) {
      Expr in = value;
      if (bound.isPresent()) {
        Type type = scalar.times(lanes);
        Expr most = Exprs.constant(type, bound.getAsDouble());
        in = value.max(Exprs.constant(type, -bound.getAsDouble())).min(most);
      }
      UnaryFunction function =
          RecurrentLowering.function(layer.cell().activations().get(index)).orElseThrow();
      return b.let("gate", RealFunctions.unary(b, function, b.let("in", in)));
    }
  }
}
