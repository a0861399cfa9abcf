package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import fluidml.loop.math.Elementary;
import fluidml.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/**
 * Attention without a score matrix in memory: {@code y = softmax(scale·q·kᵀ + mask)·v} for blocks
 * of rows of one head at a time. A block's scores live in scratch, in cache; memory grows with the
 * number of columns, not with its square.
 *
 * <p>A unit of the parallel range is one row block of one head of one batch entry. The keys of a
 * head are packed transposed into scratch once for the consecutive units of a part; with few rows
 * (a decoder step) the scores are computed from the keys as they lie.
 *
 * <p>Sizes of the kernel, in order: see {@link #SIZES}. Strides are in elements; {@code scaleBits}
 * are the bits of the scale as a double. Head {@code h} of q reads head {@code h / group} of k and
 * v. With {@code causal}, row i sees the columns up to {@code i + causalOffset}.
 */
public final class AttentionSchedule {
  /** What the mask does. */
  public enum MaskKind {
    NONE,
    /** Float32, added to the scores. */
    ADDITIVE,
    /** Bool, where false the score is minus infinity. */
    SELECTIVE
  }

  /**
   * What is baked into a kernel.
   *
   * @param lanes float lanes of a vector
   * @param mask what the mask does
   * @param maskUnit whether neighbouring columns of the mask are neighbours in memory; else one
   *     mask element counts for the whole row
   * @param causal whether later columns are hidden
   * @param unitDepth whether neighbours in depth are neighbours in memory, for q and k
   * @param unitColumn whether neighbouring columns are neighbours in memory, for k
   * @param valueLanes lanes of a vector of values
   * @param valueVectors vectors of a tile of results
   */
  public record Variant(
      int lanes,
      MaskKind mask,
      boolean maskUnit,
      boolean causal,
      boolean unitDepth,
      boolean unitColumn,
      int valueLanes,
      int valueVectors) {
    /** Vectors of a tile of scores, and of a tile of results that is as wide. */
    public static int mostVectors(int lanes) {
      return lanes >= 16 ? 4 : 2;
    }
  }

  /** Names of the kernel's sizes. */
  public static final List<String> SIZES =
      List.of(
          "batch",
          "heads",
          "group",
          "rows",
          "columns",
          "depth",
          "valueDepth",
          "causalOffset",
          "scaleBits",
          "qBatch",
          "qHead",
          "qRow",
          "qDepth",
          "kBatch",
          "kHead",
          "kColumn",
          "kDepth",
          "vBatch",
          "vHead",
          "vColumn",
          "yBatch",
          "yHead",
          "yRow",
          "mBatch",
          "mHead",
          "mRow");

  private static final int ROW_BLOCK = 32;

  private final Variant variant;
  private final int lanes;
  private final int tileRows;

  private final int valueRows;

  private final int tileVectors;
  private final int panel;
  private final KernelBuilder k;
  private final Buffer q;
  private final Buffer keys;
  private final Buffer v;
  private final Optional<Buffer> mask;
  private final Buffer y;
  private final Buffer packedKeys;
  private final Buffer scores;
  private final Buffer factors;
  private final AttentionKeys attentionKeys;

  private AttentionSchedule(Variant variant) {
    this.variant = variant;
    lanes = variant.lanes();
    tileRows = tileRows(lanes);
    tileVectors = Variant.mostVectors(lanes);
    valueRows = valueRows(variant);
    panel = lanes * tileVectors;
    k = new KernelBuilder("attention");
    q = k.read("q", DType.FLOAT32);
    keys = k.read("k", DType.FLOAT32);
    v = k.read("v", DType.FLOAT32);
    mask =
        switch (variant.mask()) {
          case NONE -> Optional.empty();
          case ADDITIVE -> Optional.of(k.read("mask", DType.FLOAT32));
          case SELECTIVE -> Optional.of(k.read("mask", DType.BOOL));
        };
    y = k.write("y", DType.FLOAT32);
    SIZES.forEach(k::size);
    packedKeys =
        k.scratch(
            "packedKeys", DType.FLOAT32, paddedColumns().times(size("depth")).times(index(4)));
    scores = k.scratch("scores", DType.FLOAT32, paddedColumns().times(index(4L * ROW_BLOCK)));
    factors = k.scratch("factors", DType.FLOAT32, index(4L * ROW_BLOCK));
    attentionKeys = new AttentionKeys(k, variant, tileVectors, q, keys, packedKeys, scores);
  }

  /**
   * Rows of a tile of scores. With 32 registers there is room for six, but four divide a block of
   * rows, so that the JIT compiles tiles of one height, not of two, and are as fast.
   */
  private static int tileRows(int lanes) {
    return switch (lanes) {
      case 1 -> 3;
      case 4, 8 -> 6;
      default -> 4;
    };
  }

  /**
   * Rows of a tile of results. With 16 vector registers less than there is room for: values are not
   * packed, C2 knows their addresses after those of the weights, and loads weights early. One
   * vector of results leaves room for more rows, which hide how long a multiply-add takes.
   */
  private static int valueRows(Variant variant) {
    return switch (variant.lanes()) {
      case 1 -> 3;
      case 4, 8 -> variant.valueVectors() == 1 ? 6 : 5;
      default -> variant.valueVectors() <= 2 ? 8 : 4;
    };
  }

  /** The kernel: buffers q, k, v, mask (unless NONE), y. */
  public static Kernel of(Variant variant) {
    return new AttentionSchedule(variant).build();
  }

  private static Expr index(long value) {
    return Exprs.index(value);
  }

  private Expr size(String name) {
    return k.size(name);
  }

  private Expr paddedColumns() {
    return Exprs.ceilDiv(size("columns"), panel).times(index(panel));
  }

  private Expr rowBlocks() {
    return Exprs.ceilDiv(size("rows"), ROW_BLOCK);
  }

  private Kernel build() {
    attentionKeys.write();
    for (int rows = 1; rows <= tileRows; rows++) {
      scoreTile(rows);
    }
    for (int rows = 1; rows <= valueRows; rows++) {
      valueTile(rows, variant.valueVectors(), false);
      valueTile(rows, 1, true);
    }
    softmaxRow();
    k.procedure("scoreTiles", List.of("q0", "s0", "rows", "panel0"), this::scoreTiles);
    k.procedure("valueTiles", List.of("v0", "y0", "rows", "n"), this::valueTiles);
    packKeys();
    block();
    return k.entry(
        size("batch").times(size("heads")).times(rowBlocks()),
        (b, begin, end) -> {
          Expr blocks = b.let("blocks", rowBlocks());
          Expr few = b.let("few", size("rows").le(attentionKeys.fewRows()));
          Expr.Read packed = b.variable("packed", index(-1));
          b.loop(
              "unit",
              begin,
              end,
              unit -> {
                Expr head = b.let("head", unit.div(blocks));
                b.when(
                    Exprs.and(Exprs.not(few), head.ne(packed)),
                    () -> {
                      b.call("packKeys", head);
                      b.assign(packed, head);
                    });
                b.call("block", head, unit.minus(head.times(blocks)).times(index(ROW_BLOCK)));
              });
        });
  }

  private Expr queryDepth(Expr d) {
    return variant.unitDepth() ? d : d.times(size("qDepth"));
  }

  private void packKeys() {
    k.procedure(
        "packKeys",
        List.of("head"),
        (b, a) -> {
          Expr k0 = b.let("k0", headOffset(b, a.get(0), "k"));
          b.loop(
              "t",
              index(0),
              size("columns"),
              panel,
              t ->
                  b.call(
                      "packPanel",
                      k0.plus(t.times(size("kColumn"))),
                      size("columns").minus(t).min(index(panel)),
                      t.times(size("depth"))));
        });
  }

  /** Offset of a head (counted over batch and heads) in q, k, v, y or the mask. */
  private Expr headOffset(BodyBuilder b, Expr head, String tensor) {
    Expr batch = b.let("batch", head.div(size("heads")));
    Expr h = head.minus(batch.times(size("heads")));
    boolean grouped = tensor.equals("k") || tensor.equals("v");
    Expr own = b.let("own", grouped ? h.div(size("group")) : h);
    return batch.times(size(tensor + "Batch")).plus(own.times(size(tensor + "Head")));
  }

  /** Scores of {@code rows} rows against one panel of keys. */
  private void scoreTile(int rows) {
    k.procedure(
        "scoreTile" + rows,
        List.of("q0", "s0", "p0"),
        (b, a) -> {
          Expr.Read[][] sum = zeros(b, rows, tileVectors, lanes);
          Expr[] row = new Expr[rows];
          for (int r = 0; r < rows; r++) {
            row[r] = b.let("row", a.get(0).plus(size("qRow").times(index(r))));
          }
          b.loop(
              "d",
              index(0),
              size("depth"),
              d -> {
                Expr[] column = new Expr[tileVectors];
                for (int j = 0; j < tileVectors; j++) {
                  Expr at = a.get(2).plus(d.times(index(panel))).plus(index((long) j * lanes));
                  column[j] = b.let("key", b.load(packedKeys, at, lanes));
                }
                multiply(b, sum, r -> b.load(q, row[r].plus(queryDepth(d))), column);
              });
          Expr width = b.let("width", paddedColumns());
          for (int r = 0; r < rows; r++) {
            for (int j = 0; j < tileVectors; j++) {
              Expr at = a.get(1).plus(width.times(index(r))).plus(index((long) j * lanes));
              b.store(scores, at, sum[r][j]);
            }
          }
        });
  }

  /** {@code rows} result rows for some columns of v: scores·v, times the rows' factors. */
  private void valueTile(int rows, int vectors, boolean masked) {
    k.procedure(
        (masked ? "valueTail" : "valueTile") + rows,
        masked ? List.of("r0", "n", "v0", "y0", "rest") : List.of("r0", "n", "v0", "y0"),
        (b, a) -> {
          int valueLanes = variant.valueLanes();
          Optional<Expr> some =
              masked
                  ? Optional.of(b.let("some", Exprs.laneMask(a.get(4), valueLanes)))
                  : Optional.empty();
          Expr.Read[][] sum = zeros(b, rows, vectors, valueLanes);
          Expr width = b.let("width", paddedColumns());
          Expr[] row = new Expr[rows];
          for (int r = 0; r < rows; r++) {
            row[r] = b.let("row", a.get(0).plus(index(r)).times(width));
          }
          b.loop(
              "t",
              index(0),
              a.get(1),
              t -> {
                Expr from = b.let("from", a.get(2).plus(t.times(size("vColumn"))));
                Expr[] column = new Expr[vectors];
                for (int j = 0; j < vectors; j++) {
                  column[j] =
                      b.let(
                          "value",
                          b.load(v, from.plus(index((long) j * valueLanes)), valueLanes, some));
                }
                multiply(b, sum, r -> b.load(scores, row[r].plus(t)), column);
              });
          for (int r = 0; r < rows; r++) {
            Expr factor = b.let("factor", b.load(factors, a.get(0).plus(index(r))));
            for (int j = 0; j < vectors; j++) {
              Expr at =
                  a.get(3).plus(size("yRow").times(index(r))).plus(index((long) j * valueLanes));
              b.store(y, at, sum[r][j].times(factor), some);
            }
          }
        });
  }

  private static Expr.Read[][] zeros(BodyBuilder b, int rows, int vectors, int lanes) {
    Expr.Read[][] sum = new Expr.Read[rows][vectors];
    for (Expr.Read[] row : sum) {
      for (int j = 0; j < vectors; j++) {
        row[j] = b.variable("sum", Exprs.constant(Type.F32.times(lanes), 0));
      }
    }
    return sum;
  }

  private static void multiply(
      BodyBuilder b, Expr.Read[][] sum, IntFunction<Expr> element, Expr[] column) {
    int lanes = column[0].type().lanes();
    ElementLoads.each(
        lanes * Type.F32.bits(),
        sum.length,
        r -> b.let("spread", Exprs.spread(element.apply(r), lanes)),
        (x, r) -> {
          for (int j = 0; j < column.length; j++) {
            b.assign(sum[r][j], x.fma(column[j], sum[r][j]));
          }
        });
  }

  /** Calls {@code name + height} for tiles of nearly equal height. */
  private static void overRows(BodyBuilder b, int most, Expr rows, BiConsumer<Integer, Expr> tile) {
    Expr.Read row = b.variable("row", index(0));
    b.loop(
        "round",
        index(0),
        Exprs.ceilDiv(rows, most),
        round -> {
          Expr left = b.let("left", rows.minus(row));
          Expr tilesLeft = b.let("tilesLeft", Exprs.ceilDiv(rows, most).minus(round));
          Expr height = b.let("height", left.plus(tilesLeft).minus(index(1)).div(tilesLeft));
          Expr at = b.let("at", row);
          for (int h = 1; h <= most; h++) {
            int exact = h;
            b.when(height.eq(index(h)), () -> tile.accept(exact, at));
          }
          b.assign(row, at.plus(height));
        });
  }

  private void scoreTiles(BodyBuilder b, List<Expr> a) {
    Expr width = b.let("width", paddedColumns());
    overRows(
        b,
        tileRows,
        a.get(2),
        (h, row) ->
            b.call(
                "scoreTile" + h,
                a.get(0).plus(row.times(size("qRow"))),
                a.get(1).plus(row.times(width)),
                a.get(3)));
  }

  private void valueTiles(BodyBuilder b, List<Expr> a) {
    int width = variant.valueLanes() * variant.valueVectors();
    Expr whole = b.let("whole", size("valueDepth").div(index(width)).times(index(width)));
    b.loop(
        "c",
        index(0),
        whole,
        width,
        c ->
            overRows(
                b,
                valueRows,
                a.get(2),
                (h, row) ->
                    b.call(
                        "valueTile" + h,
                        row,
                        a.get(3),
                        a.get(0).plus(c),
                        a.get(1).plus(row.times(size("yRow"))).plus(c))));
    b.loop(
        "tail",
        whole,
        size("valueDepth"),
        variant.valueLanes(),
        c ->
            overRows(
                b,
                valueRows,
                a.get(2),
                (h, row) ->
                    b.call(
                        "valueTail" + h,
                        row,
                        a.get(3),
                        a.get(0).plus(c),
                        a.get(1).plus(row.times(size("yRow"))).plus(c),
                        size("valueDepth").minus(c))));
  }

  /**
   * Turns a row of raw scores into exponentials, and notes the factor that makes them sum to one; a
   * row that is masked completely gets the factor zero.
   */
  private void softmaxRow() {
    k.procedure(
        "softmaxRow",
        List.of("s0", "n", "m0", "row"),
        (b, a) -> {
          Expr wide = Exprs.bitcast(ScalarType.F64, size("scaleBits"));
          Expr scale = b.let("scale", Exprs.spread(Exprs.convert(ScalarType.F32, wide), lanes));
          Type vector = Type.F32.times(lanes);
          Expr lowest = Exprs.constant(vector, -Float.MAX_VALUE);
          Expr.Read largest = b.variable("largest", lowest);
          b.vectorLoop(
              "t",
              index(0),
              a.get(1),
              lanes,
              (t, some) -> {
                Expr raw = b.load(scores, a.get(0).plus(t), lanes, some);
                Expr score = b.let("score", masked(b, raw, scale, a.get(2), t, some));
                b.store(scores, a.get(0).plus(t), score, some);
                Expr candidate = some.map(m -> Exprs.select(m, score, lowest)).orElse(score);
                b.assign(largest, Exprs.quickMax(candidate, largest));
              });
          Expr top = b.let("top", Exprs.spread(Exprs.quickLargest(largest), lanes));
          Expr.Read total = b.variable("total", Exprs.constant(vector, 0));
          b.vectorLoop(
              "u",
              index(0),
              a.get(1),
              lanes,
              (t, some) -> {
                Expr score = b.load(scores, a.get(0).plus(t), lanes, some);
                Expr e =
                    b.let("e", Elementary.EXP_OF_NEGATIVE.apply(b, b.let("x", score.minus(top))));
                b.store(scores, a.get(0).plus(t), e, some);
                Expr counted =
                    some.map(m -> Exprs.select(m, e, Exprs.constant(vector, 0))).orElse(e);
                b.assign(total, total.plus(counted));
              });
          Expr sum = b.let("sum", Exprs.horizontal(HorizontalOp.ADD, total));
          Expr nothing = sum.eq(Exprs.f32(0));
          if (variant.mask() == MaskKind.SELECTIVE) {
            Expr largestScore = Exprs.quickLargest(largest);
            nothing = Exprs.or(nothing, largestScore.eq(Exprs.f32(-Float.MAX_VALUE)));
          }
          Expr factor = Exprs.select(nothing, Exprs.f32(0), Exprs.f32(1).div(sum));
          b.store(factors, a.get(3), factor);
        });
  }

  private Expr masked(BodyBuilder b, Expr raw, Expr scale, Expr m0, Expr t, Optional<Expr> some) {
    if (mask.isEmpty()) {
      return raw.times(scale);
    }
    Expr element =
        variant.maskUnit()
            ? b.load(mask.get(), m0.plus(t), lanes, some)
            : Exprs.spread(b.load(mask.get(), m0), lanes);
    return variant.mask() == MaskKind.ADDITIVE
        ? raw.fma(scale, element)
        : Exprs.select(
            element, raw.times(scale), Exprs.constant(Type.F32.times(lanes), -Float.MAX_VALUE));
  }

  /** One row block of one head. */
  private void block() {
    k.procedure(
        "block",
        List.of("head", "row0"),
        (b, a) -> {
          Expr rows = b.let("rows", size("rows").minus(a.get(1)).min(index(ROW_BLOCK)));
          Expr width = b.let("width", paddedColumns());
          Expr q0 = b.let("q0", headOffset(b, a.get(0), "q").plus(a.get(1).times(size("qRow"))));
          Expr visible = b.let("visible", visible(a.get(1).plus(rows).minus(index(1))));
          Runnable packed =
              () ->
                  b.loop(
                      "t",
                      index(0),
                      visible,
                      panel,
                      t -> b.call("scoreTiles", q0, t, rows, t.times(size("depth"))));
          if (attentionKeys.haveRows()) {
            Expr k0 = b.let("k0", headOffset(b, a.get(0), "k"));
            b.when(
                size("rows").le(attentionKeys.fewRows()),
                () ->
                    b.loop(
                        "r",
                        index(0),
                        rows,
                        r ->
                            b.call("scoreRow", q0.plus(r.times(size("qRow"))), k0, r.times(width))),
                packed);
          } else {
            packed.run();
          }
          Expr m0 =
              mask.isPresent()
                  ? b.let("m0", headOffset(b, a.get(0), "m").plus(a.get(1).times(size("mRow"))))
                  : index(0);
          b.loop(
              "r",
              index(0),
              rows,
              r -> {
                Expr n = b.let("n", visible(a.get(1).plus(r)));
                b.call("softmaxRow", r.times(width), n, m0.plus(r.times(size("mRow"))), r);
                if (variant.causal()) {
                  b.loop(
                      "hidden",
                      n,
                      visible,
                      t -> b.store(scores, r.times(width).plus(t), Exprs.f32(0)));
                }
              });
          Expr v0 = b.let("v0", headOffset(b, a.get(0), "v"));
          Expr y0 = b.let("y0", headOffset(b, a.get(0), "y").plus(a.get(1).times(size("yRow"))));
          b.call("valueTiles", v0, y0, rows, visible);
        });
  }

  /** How many columns a row sees. */
  private Expr visible(Expr row) {
    return variant.causal()
        ? row.plus(size("causalOffset")).plus(index(1)).min(size("columns")).max(index(0))
        : size("columns");
  }
}
