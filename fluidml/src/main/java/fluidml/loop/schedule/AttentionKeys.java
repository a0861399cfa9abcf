package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Type;
import fluidml.loop.schedule.AttentionSchedule.Variant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How attention reads keys: packed for blocks of rows, or where they lie for few rows. Which of
 * depth and columns has neighbours in memory decides the direction of vectors.
 */
final class AttentionKeys {
  /** Rows whose scores are computed from keys as they lie. */
  private static final int FEW_ROWS = 2;

  private final KernelBuilder k;
  private final Variant variant;
  private final int vectors;
  private final int lanes;
  private final int panel;
  private final Buffer q;
  private final Buffer keys;
  private final Buffer packed;
  private final Buffer scores;

  /**
   * The keys of a kernel.
   *
   * @param vectors of a panel of packed keys
   */
  AttentionKeys(
      KernelBuilder k,
      Variant variant,
      int vectors,
      Buffer q,
      Buffer keys,
      Buffer packed,
      Buffer scores) {
    this.k = k;
    this.variant = variant;
    this.vectors = vectors;
    this.lanes = variant.lanes();
    this.panel = lanes * vectors;
    this.q = q;
    this.keys = keys;
    this.packed = packed;
    this.scores = scores;
  }

  /** Whether there is a {@code scoreRow}: keys have neighbours in memory. */
  boolean haveRows() {
    return variant.unitDepth() || variant.unitColumn();
  }

  /** The most rows whose scores {@code scoreRow} computes without packed keys. */
  Expr fewRows() {
    return index(haveRows() ? FEW_ROWS : 0);
  }

  /**
   * Writes {@code packPanel(k0, count, p0)}, which packs up to {@code panel} keys as {@code
   * [depth][column in panel]}, zero beyond {@code count}; and {@code scoreRow(q0, k0, s0)}, all
   * scores of one row.
   */
  void write() {
    List<String> pack = List.of("k0", "count", "p0");
    List<String> row = List.of("q0", "k0", "s0");
    if (variant.unitColumn()) {
      k.procedure("packPanel", pack, this::copyPanel);
      k.procedure("scoreRow", row, this::sumRow);
    } else {
      k.procedure("packPanel", pack, this::transposePanel);
      if (variant.unitDepth()) {
        k.procedure("scoreRow", row, this::dotRow);
      }
    }
  }

  private static Expr index(long value) {
    return Exprs.index(value);
  }

  private Expr size(String name) {
    return k.size(name);
  }

  private void copyPanel(BodyBuilder b, List<Expr> a) {
    Expr whole = b.let("whole", a.get(1).ge(index(panel)));
    b.when(whole, () -> copyPanel(b, a, false), () -> copyPanel(b, a, true));
  }

  private void copyPanel(BodyBuilder b, List<Expr> a, boolean partly) {
    List<Optional<Expr>> some = new ArrayList<>();
    for (int j = 0; j < vectors; j++) {
      Expr left = a.get(1).minus(index((long) j * lanes));
      some.add(partly ? Optional.of(b.let("some", Exprs.laneMask(left, lanes))) : Optional.empty());
    }
    b.loop(
        "d",
        index(0),
        size("depth"),
        d -> {
          Expr from = b.let("from", a.get(0).plus(d.times(size("kDepth"))));
          Expr to = b.let("to", a.get(2).plus(d.times(index(panel))));
          for (int j = 0; j < vectors; j++) {
            Expr shift = index((long) j * lanes);
            Expr key = b.load(keys, from.plus(shift), lanes, some.get(j));
            Expr zero = Exprs.constant(Type.F32.times(lanes), 0);
            Expr filled = some.get(j).map(m -> Exprs.select(m, key, zero)).orElse(key);
            b.store(packed, to.plus(shift), filled);
          }
        });
  }

  private void transposePanel(BodyBuilder b, List<Expr> a) {
    b.loop(
        "t",
        index(0),
        a.get(1),
        t -> {
          Expr from = b.let("from", a.get(0).plus(t.times(size("kColumn"))));
          Expr to = b.let("to", a.get(2).plus(t));
          b.loop(
              "d",
              index(0),
              size("depth"),
              d ->
                  b.store(
                      packed,
                      to.plus(d.times(index(panel))),
                      b.load(keys, from.plus(variant.unitDepth() ? d : d.times(size("kDepth"))))));
        });
    b.loop(
        "rest",
        a.get(1),
        index(panel),
        t -> {
          Expr to = b.let("to", a.get(2).plus(t));
          b.loop(
              "d",
              index(0),
              size("depth"),
              d -> b.store(packed, to.plus(d.times(index(panel))), Exprs.f32(0)));
        });
  }

  /** Scores as dot products along the depth. */
  private void dotRow(BodyBuilder b, List<Expr> a) {
    b.loop(
        "t",
        index(0),
        size("columns"),
        t -> {
          Expr from = b.let("from", a.get(1).plus(t.times(size("kColumn"))));
          Expr.Read sum = b.variable("sum", Exprs.constant(Type.F32.times(lanes), 0));
          b.vectorLoop(
              "d",
              index(0),
              size("depth"),
              lanes,
              (d, some) ->
                  b.assign(
                      sum,
                      b.load(q, a.get(0).plus(d), lanes, some)
                          .fma(b.load(keys, from.plus(d), lanes, some), sum)));
          b.store(scores, a.get(2).plus(t), Exprs.horizontal(HorizontalOp.ADD, sum));
        });
  }

  /** Scores of neighbouring columns side by side. */
  private void sumRow(BodyBuilder b, List<Expr> a) {
    Expr whole = b.let("whole", Exprs.and(size("columns"), index(-(long) panel)));
    b.loop("t", index(0), whole, panel, t -> sums(b, a, t, vectors, Optional.empty()));
    b.vectorLoop("t", whole, size("columns"), lanes, (t, some) -> sums(b, a, t, 1, some));
  }

  private void sums(BodyBuilder b, List<Expr> a, Expr t, int count, Optional<Expr> some) {
    List<Expr.Read> all = new ArrayList<>();
    for (int j = 0; j < count; j++) {
      all.add(b.variable("sum", Exprs.constant(Type.F32.times(lanes), 0)));
    }
    Expr from = b.let("from", a.get(1).plus(t));
    b.loop(
        "d",
        index(0),
        size("depth"),
        d -> {
          Expr element = b.load(q, a.get(0).plus(d.times(size("qDepth"))));
          Expr spread = b.let("spread", Exprs.spread(element, lanes));
          Expr line = b.let("line", from.plus(d.times(size("kDepth"))));
          for (int j = 0; j < count; j++) {
            Expr key = b.load(keys, line.plus(index((long) j * lanes)), lanes, some);
            b.assign(all.get(j), spread.fma(key, all.get(j)));
          }
        });
    for (int j = 0; j < count; j++) {
      b.store(scores, a.get(2).plus(t).plus(index((long) j * lanes)), all.get(j), some);
    }
  }
}
