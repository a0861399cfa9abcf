package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Contraction.Attention;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.ConvInteger;
import fluidml.graph.op.Contraction.ConvTranspose;
import fluidml.graph.op.Contraction.DeformConv;
import fluidml.graph.op.Contraction.Einsum;
import fluidml.graph.op.Contraction.Gemm;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Contraction.MatMulInteger;
import fluidml.graph.op.Contraction.QLinearConv;
import fluidml.graph.op.Contraction.QLinearMatMul;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of the contractions. */
final class ContractionTypes {
  private ContractionTypes() {}

  static List<Type> infer(Site site, Contraction op) {
    return switch (op) {
      case MatMul _ -> {
        site.arity(2, 2);
        site.requireNumber(0);
        yield site.one(site.sameType(0, 1), matMul(site, 0, 1));
      }
      case Gemm gemm -> gemm(site, gemm);
      case Einsum einsum -> {
        site.requireNumber(0);
        for (int i = 1; i < site.operands(); i++) {
          site.sameType(0, i);
        }
        yield site.one(site.dtype(0), EinsumTypes.infer(site, einsum.equation()));
      }
      case Conv conv -> {
        site.arity(2, 3);
        site.requireFloat(0);
        DType dtype = site.sameType(0, 1, 2);
        yield site.one(dtype, conv(site, 0, 1, 2, conv.window(), conv.groups()));
      }
      case ConvTranspose conv -> convTranspose(site, conv);
      case DeformConv conv -> {
        site.arity(3, 5);
        site.requireFloat(0);
        DType dtype = site.sameType(0, 1, 2, 3, 4);
        yield site.one(dtype, conv(site, 0, 1, 3, conv.window(), conv.groups()));
      }
      case MatMulInteger _ -> {
        site.arity(2, 4);
        site.requireInteger(0);
        site.requireInteger(1);
        site.sameType(0, 2);
        site.sameType(1, 3);
        yield site.one(DType.INT32, matMul(site, 0, 1));
      }
      case ConvInteger conv -> {
        site.arity(2, 4);
        site.requireInteger(0);
        site.requireInteger(1);
        site.sameType(0, 2);
        site.sameType(1, 3);
        yield site.one(DType.INT32, conv(site, 0, 1, -1, conv.window(), conv.groups()));
      }
      case QLinearMatMul _ -> {
        site.arity(8, 8);
        site.sameType(0, 2);
        site.sameType(3, 5);
        yield site.one(site.dtype(7), matMul(site, 0, 3));
      }
      case QLinearConv conv -> {
        site.arity(8, 9);
        site.sameType(0, 2);
        site.sameType(3, 5);
        yield site.one(site.dtype(7), conv(site, 0, 3, 8, conv.window(), conv.groups()));
      }
      case Attention attention -> attention(site, attention);
    };
  }

  private static Optional<Shape> matMul(Site site, int left, int right) {
    Optional<Shape> first = site.rank(left, 1, Integer.MAX_VALUE);
    Optional<Shape> second = site.rank(right, 1, Integer.MAX_VALUE);
    if (first.isEmpty() || second.isEmpty()) {
      return Optional.empty();
    }
    Shape a = first.get();
    Shape b = second.get();
    site.agree(a.dim(-1), b.rank() == 1 ? b.dim(0) : b.dim(-2), "the axes summed over");
    Shape batch =
        site.broadcast(
            new Shape(a.dims().subList(0, Math.max(0, a.rank() - 2))),
            new Shape(b.dims().subList(0, Math.max(0, b.rank() - 2))));
    List<Dim> dims = new ArrayList<>(batch.dims());
    if (a.rank() > 1) {
      dims.add(a.dim(-2));
    }
    if (b.rank() > 1) {
      dims.add(b.dim(-1));
    }
    return Optional.of(new Shape(dims));
  }

  private static List<Type> gemm(Site site, Gemm gemm) {
    site.arity(2, 3);
    site.requireNumber(0);
    DType dtype = site.sameType(0, 1, 2);
    Optional<Shape> a = site.rank(0, 2);
    Optional<Shape> b = site.rank(1, 2);
    if (a.isPresent() && b.isPresent()) {
      Dim inner = a.get().dim(gemm.transposeA() ? 0 : 1);
      site.agree(inner, b.get().dim(gemm.transposeB() ? 1 : 0), "the axes summed over");
    }
    Dim rows = a.isPresent() ? a.get().dim(gemm.transposeA() ? 1 : 0) : site.fresh();
    Dim columns = b.isPresent() ? b.get().dim(gemm.transposeB() ? 0 : 1) : site.fresh();
    Shape shape = Shape.of(rows, columns);
    site.broadcastsTo(2, shape);
    return site.one(dtype, shape);
  }

  private static Optional<Shape> conv(
      Site site, int x, int weights, int bias, Window window, long groups) {
    Optional<Shape> data = site.rank(x, window.rank() + 2);
    Optional<Shape> filters = site.rank(weights, window.rank() + 2);
    if (filters.isPresent()) {
      for (int i = 0; i < window.rank(); i++) {
        site.agree(
            Dim.of(window.kernel().get(i)), filters.get().dim(i + 2), "the kernel's extents");
      }
      if (bias >= 0 && site.has(bias)) {
        site.rank(bias, 1)
            .ifPresent(b -> site.agree(filters.get().dim(0), b.dim(0), "filters and bias"));
      }
      if (data.isPresent()) {
        site.agree(data.get().dim(1), filters.get().dim(1).times(groups), "the channels");
      }
    }
    Dim maps = filters.isPresent() ? filters.get().dim(0) : site.fresh();
    return data.map(s -> Windows.shape(s.dim(0), maps, Windows.extents(site, s, window, false)));
  }

  private static List<Type> convTranspose(Site site, ConvTranspose conv) {
    site.arity(2, 3);
    site.requireFloat(0);
    DType dtype = site.sameType(0, 1, 2);
    int rank = conv.window().rank() + 2;
    Optional<Shape> data = site.rank(0, rank);
    Optional<Shape> filters = site.rank(1, rank);
    if (data.isPresent() && filters.isPresent()) {
      site.agree(data.get().dim(1), filters.get().dim(0), "the channels");
    }
    Dim maps = filters.isPresent() ? filters.get().dim(1).times(conv.groups()) : site.fresh();
    return site.one(
        dtype,
        data.map(
            s ->
                Windows.shape(
                    s.dim(0),
                    maps,
                    Windows.transposed(
                        site, s, conv.window(), conv.outputPadding(), conv.outputShape()))));
  }

  private static List<Type> attention(Site site, Attention op) {
    site.arity(3, 7);
    DType dtype = site.requireFloat(0);
    Optional<Shape> query = site.rank(0, 3, 4);
    Optional<Shape> key = site.rank(1, 3, 4);
    Optional<Shape> value = site.rank(2, 3, 4);
    if (query.isEmpty() || key.isEmpty() || value.isEmpty()) {
      return site.firstOf(
          Type.unranked(dtype),
          Type.unranked(site.dtype(1)),
          Type.unranked(site.dtype(2)),
          Type.unranked(dtype));
    }
    Shape q = heads(site, 0, query.get(), op.queryHeads());
    Shape k = heads(site, 1, key.get(), op.keyValueHeads());
    Shape v = heads(site, 2, value.get(), op.keyValueHeads());
    Dim batch = site.agree(q.dim(0), site.agree(k.dim(0), v.dim(0), "the batches"), "the batches");
    site.agree(q.dim(3), k.dim(3), "the depths of query and key");
    Dim columns = site.agree(k.dim(2), v.dim(2), "the columns of key and value");
    Dim all = columns;
    if (site.has(4)) {
      Optional<Shape> past = site.rank(4, 4);
      all = past.isPresent() ? columns.plus(past.get().dim(2)) : site.fresh();
    }
    Dim rows = q.dim(2);
    Shape result =
        query.get().rank() == 4
            ? Shape.of(batch, q.dim(1), rows, v.dim(3))
            : Shape.of(batch, rows, q.dim(1).times(v.dim(3)));
    return site.firstOf(
        Type.tensor(dtype, result),
        Type.tensor(site.dtype(1), Shape.of(batch, k.dim(1), all, k.dim(3))),
        Type.tensor(site.dtype(2), Shape.of(batch, v.dim(1), all, v.dim(3))),
        Type.tensor(dtype, Shape.of(batch, q.dim(1), rows, all)));
  }

  /** [batch, heads, positions, depth] of an operand that may have its heads in the last axis. */
  private static Shape heads(Site site, int index, Shape shape, long heads) {
    if (shape.rank() == 4) {
      return shape;
    }
    site.require(heads > 0, index, "has three axes, so the number of heads must be given");
    return Shape.of(shape.dim(0), Dim.of(heads), shape.dim(1), shape.dim(2).floorDiv(heads));
  }
}
