package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.ScalarType;
import fluidml.loop.Stmt;
import fluidml.loop.schedule.ByteTileSchedule;
import fluidml.loop.schedule.Contraction;
import fluidml.loop.schedule.Contraction.BatchOffset;
import fluidml.loop.schedule.ContractionSchedule;
import fluidml.loop.schedule.LoopOrder;
import fluidml.loop.schedule.Nest;
import fluidml.loop.schedule.OrderedContraction;
import fluidml.loop.schedule.ProductStore;
import fluidml.loop.schedule.TileShape;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Matrix products with everything elementwise behind them, as {@link ContractionSchedule}s.
 *
 * <p>Leading axes along which the right operand does not change are rows of one product, where
 * memory allows; the others are batches. A constant right operand is packed when the model is
 * compiled.
 */
public final class MatMulLowering implements Lowering {
  /** Terms of a block that holds the sums of every usual product whole. */
  private static final int LONGEST_BLOCK = 1 << 20;

  @Override
  public Result lower(Cluster cluster, Context context) {
    if (cluster.anchor().isEmpty()) {
      return new Result.Refused("");
    }
    Node node = cluster.anchor().get();
    boolean bytes = ByteOperands.isProduct(node, context);
    if (!bytes && !(node.op() instanceof MatMul)) {
      return new Result.Refused("");
    }
    Optional<String> refusal = FusedNodes.refusal(cluster.epilogue());
    if (refusal.isPresent()) {
      return new Result.Refused(refusal.get());
    }
    View a = context.view(node.input(0));
    View b = context.view(node.input(1));
    if (bytes) {
      List<KernelCall> calls = new ArrayList<>();
      View dense = ByteOperands.withDenseRows(node, a, context, calls);
      return new Builder(cluster, context, dense, b).buildBytes(calls);
    }
    boolean supported =
        switch (a.dtype()) {
          case FLOAT32, FLOAT64, INT32, INT64 -> a.dtype() == b.dtype();
          default -> false;
        };
    if (!supported) {
      return new Result.Refused("matrix product of " + a.dtype() + " and " + b.dtype());
    }
    if (a.shape().rank() < 2 || b.shape().rank() < 2) {
      return new Result.Refused("matrix product with a one-dimensional operand");
    }
    return new Builder(cluster, context, a, b).build();
  }

  /** Lowers one cluster. */
  private static final class Builder {
    private final Cluster cluster;
    private final Context context;
    private final View a;
    private final View b;
    private final Node node;
    private final Shape space;
    private final LoopSpace loops;
    private final CallBuilder call;
    private final int column;
    private final int row;
    private final List<Integer> batchLoops = new ArrayList<>();

    Builder(Cluster cluster, Context context, View a, View b) {
      this.cluster = cluster;
      this.context = context;
      this.a = a;
      this.b = b;
      this.node = cluster.anchor().orElseThrow();
      this.space = node.output().shape();
      int rank = space.rank();
      List<View> views = new ArrayList<>(List.of(left(), right()));
      for (Value input : cluster.inputs()) {
        if (!input.equals(node.input(0)) && !input.equals(node.input(1))) {
          views.add(context.view(input).broadcast(space));
        }
      }
      cluster.outputs().forEach(v -> views.add(context.view(v)));
      this.loops = LoopSpace.keeping(space, List.of(rank - 2, rank - 1), views);
      this.column = loops.loopOf(rank - 1);
      this.row = loops.loopOf(rank - 2);
      for (int i = 0; i < loops.rank(); i++) {
        if (i != column && i != row) {
          batchLoops.add(i);
        }
      }
      this.call = new CallBuilder(cluster.label());
    }

    /** The left operand over the index space: it does not change along columns. */
    private View left() {
      return over(a, a.strides().get(a.strides().size() - 2), Dim.ZERO);
    }

    /** The right operand over the index space: it does not change along rows. */
    private View right() {
      return over(b, Dim.ZERO, b.strides().getLast());
    }

    private View over(View view, Dim rowStride, Dim columnStride) {
      int rank = space.rank();
      int missing = rank - view.shape().rank();
      List<Dim> strides = new ArrayList<>();
      for (int i = 0; i < rank - 2; i++) {
        boolean constant = i < missing || view.shape().dim(i - missing).is(1);
        strides.add(constant ? Dim.ZERO : view.strides().get(i - missing));
      }
      strides.add(rowStride);
      strides.add(columnStride);
      return new View(view.root(), view.dtype(), space, view.offset(), strides);
    }

    private FusedNodes fused() {
      return new FusedNodes(
          call,
          context,
          space,
          loops::apply,
          cluster.epilogue(),
          List.of(node.output()),
          cluster.outputs());
    }

    private Dim batches() {
      Dim batches = Dim.ONE;
      for (int loop : batchLoops) {
        batches = batches.times(loops.shape().dim(loop));
      }
      return batches;
    }

    private ProductStore store(FusedNodes fused, int lanes) {
      return (body, value, batch, rowIndex, columnIndex, mask) -> {
        Expr[] indices = new Expr[loops.rank()];
        List<Expr> batchIndices = split(body, batch);
        for (int i = 0; i < batchLoops.size(); i++) {
          indices[batchLoops.get(i)] = batchIndices.get(i);
        }
        indices[row] = rowIndex;
        indices[column] = columnIndex;
        Point point = Point.vector(List.of(indices), column, lanes, mask);
        fused.write(body, point, Map.of(node.output(), value));
      };
    }

    private Dim work(Dim depth) {
      return space.elements().times(depth.times(2).plus(FusedNodes.work(cluster.epilogue())));
    }

    /** A product of bytes; the left operand's terms are neighbours. */
    Result buildBytes(List<KernelCall> before) {
      long depth = b.shape().dim(0).constant().orElseThrow();
      long columns = b.shape().dim(1).constant().orElseThrow();
      int vectors = ByteOperands.vectors(columns);
      BufferView leftView = call.read(loops.apply(left()));
      Buffer panels =
          call.packed(b.dtype(), ByteOperands.panels(b, depth, columns, vectors), node.input(1));
      FusedNodes fused = fused();
      int lanes = FusedNodes.lanes(cluster.epilogue(), context, Stmt.ByteTile.LANES);
      if (!fused.isVectorisable(column)) {
        return new Result.Refused("an epilogue that cannot run in vectors of columns");
      }
      ByteTileSchedule.Problem problem =
          new ByteTileSchedule.Problem(
              call.size(batches()),
              call.size(loops.shape().dim(row)),
              call.size(loops.shape().dim(column)),
              leftView.buffer(),
              offset(leftView.base(), leftView.strides()),
              leftView.strides().get(row),
              Exprs.index(1),
              Exprs.index(0),
              call.parameter(Dim.of(depth / Stmt.ByteTile.STEP)),
              panels,
              vectors,
              lanes);
      Nest nest = ByteTileSchedule.write(call.kernel(), problem, store(fused, lanes));
      before.add(
          call.build(
              cluster.label(), cluster.nodes(), work(Dim.of(depth)), nest.extent(), nest.entry()));
      return new Result.Calls(before);
    }

    Result build() {
      Dim depth = a.shape().dim(-1);
      BufferView leftView = call.read(loops.apply(left()));
      View rightLoops = loops.apply(right());
      TileShape shape = tiles();
      Contraction.Right rightOperand = right(rightLoops, depth, shape);
      FusedNodes fused = fused();
      if (!fused.isVectorisable(column)
          || FusedNodes.lanes(cluster.epilogue(), context, shape.lanes()) < shape.lanes()) {
        return new Result.Refused("an epilogue that cannot run in vectors of columns");
      }
      List<Dim> extents = loops.shape().dims();
      Contraction contraction =
          new Contraction(
              call.size(batches()),
              call.size(extents.get(row)),
              call.size(extents.get(column)),
              call.size(depth),
              new Contraction.Left(
                  leftView.buffer(),
                  offset(leftView.base(), leftView.strides()),
                  leftView.strides().get(row),
                  call.size(a.strides().getLast())),
              rightOperand);
      Kernel kernel = kernel(contraction, shape, store(fused, shape.lanes()));
      return Result.of(call.finish(cluster.label(), cluster.nodes(), work(depth), kernel));
    }

    private Kernel kernel(Contraction contraction, TileShape shape, ProductStore store) {
      Decisions.Tiling chosen = context.decisions().tiles().get(node.name());
      boolean reordered =
          chosen != null
              && (chosen.block() > 0 || chosen.order() != LoopOrder.NMK)
              && OrderedContraction.allows(contraction);
      if (!reordered) {
        return ContractionSchedule.build(call.kernel(), contraction, shape, store);
      }
      int block = chosen.block() > 0 ? chosen.block() : LONGEST_BLOCK;
      return OrderedContraction.build(
          call.kernel(), contraction, shape, block, chosen.order(), store);
    }

    /** The tiles chosen for this node, else those that fit the machine and the columns. */
    private TileShape tiles() {
      TileShape usual = TileShape.of(context.target(), accumulator());
      Decisions.Tiling chosen = context.decisions().tiles().get(node.name());
      return chosen == null || !usual.allows(chosen.rows(), chosen.vectors())
          ? TileShape.of(context.target(), accumulator(), space.dim(-1).constant())
          : new TileShape(chosen.rows(), chosen.vectors(), usual.lanes());
    }

    private ScalarType accumulator() {
      return Exprs.registerType(a.dtype());
    }

    private Contraction.Right right(View rightLoops, Dim depth, TileShape shape) {
      Dim depthStride = b.strides().get(b.strides().size() - 2);
      Dim columnStride = b.strides().getLast();
      boolean shared = batchLoops.stream().allMatch(i -> rightLoops.strides().get(i).is(0));
      Optional<MatrixPanels> panels =
          shared && context.constant(b.root()).isPresent()
              ? panels(depth, depthStride, columnStride, shape)
              : Optional.empty();
      if (panels.isPresent()) {
        return new Contraction.Packed(
            call.packed(b.dtype(), panels.get(), b.root()), BatchOffset.strided(Exprs.index(0)));
      }
      BufferView view = call.read(rightLoops);
      return new Contraction.Strided(
          view.buffer(),
          offset(view.base(), view.strides()),
          call.size(depthStride),
          call.size(columnStride));
    }

    private Optional<MatrixPanels> panels(
        Dim depth, Dim depthStride, Dim columnStride, TileShape shape) {
      long[] numbers = new long[5];
      List<Dim> dims = List.of(b.offset(), depth, b.shape().dim(-1), depthStride, columnStride);
      for (int i = 0; i < numbers.length; i++) {
        OptionalLong number = dims.get(i).constant();
        if (number.isEmpty()) {
          return Optional.empty();
        }
        numbers[i] = number.getAsLong();
      }
      return Optional.of(
          new MatrixPanels(
              numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], shape.columns()));
    }

    /** Where an operand of a batch begins, given its strides along all loops. */
    private BatchOffset offset(Expr base, List<Expr> strides) {
      return (body, batch) -> {
        List<Expr> indices = split(body, batch);
        Expr offset = base;
        for (int i = 0; i < indices.size(); i++) {
          offset = offset.plus(indices.get(i).times(strides.get(batchLoops.get(i))));
        }
        return offset;
      };
    }

    /** The indices of the batch loops, from the number of the batch. */
    private List<Expr> split(BodyBuilder body, Expr batch) {
      List<Expr> indices = new ArrayList<>();
      Expr rest = batch;
      for (int i = batchLoops.size() - 1; i > 0; i--) {
        Expr extent = call.size(loops.shape().dim(batchLoops.get(i)));
        Expr quotient = body.let("outer", rest.div(extent));
        indices.addFirst(rest.minus(quotient.times(extent)));
        rest = quotient;
      }
      if (!batchLoops.isEmpty()) {
        indices.addFirst(rest);
      }
      return indices;
    }
  }
}
