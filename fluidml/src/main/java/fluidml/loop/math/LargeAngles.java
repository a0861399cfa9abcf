package fluidml.loop.math;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.HorizontalOp;
import fluidml.loop.MathFunction;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.util.Optional;

/**
 * Quarter turns of F32 angles that are too large to be reduced in F32, by the runtime's library.
 */
final class LargeAngles {
  /** Greater magnitudes are large. */
  private static final double LIMIT = 0x1p17;

  private LargeAngles() {}

  /**
   * Assigns variables in those lanes where an angle is large; only if there are any it takes time,
   * for one lane after the other. The rest of infinities is NaN.
   *
   * @param angle F32, in a register
   * @param quadrant I32: the number of quarter turns, in its last two bits
   * @param rest F32: the angle less its quarter turns
   * @param low F32: what the rest lost when it was rounded
   */
  static void reduce(
      BodyBuilder b, Expr angle, Expr.Read quadrant, Expr.Read rest, Optional<Expr.Read> low) {
    int lanes = angle.type().lanes();
    Variables all = new Variables(b, quadrant, rest, low);
    if (lanes == 1) {
      b.when(isLarge(angle), () -> all.assign(Exprs.bool(true), angle));
      return;
    }
    Type integers = angle.type().as(ScalarType.I32);
    b.when(
        Exprs.horizontal(HorizontalOp.OR, isLarge(angle)),
        () ->
            b.loop(
                "lane",
                Exprs.index(0),
                Exprs.index(lanes),
                lane -> {
                  Expr here = Exprs.laneIndex(integers).eq(Exprs.convert(ScalarType.I32, lane));
                  Expr alone =
                      Exprs.select(here, Polynomials.bits(angle), Exprs.integer(integers, 0));
                  Expr bits = Exprs.horizontal(HorizontalOp.OR, alone);
                  Expr element = b.let("angle", Exprs.bitcast(ScalarType.F32, bits));
                  b.when(isLarge(element), () -> all.assign(here, element));
                }));
  }

  private static Expr isLarge(Expr angle) {
    return angle.abs().gt(Exprs.constant(angle.type(), LIMIT));
  }

  private record Variables(
      BodyBuilder b, Expr.Read quadrant, Expr.Read rest, Optional<Expr.Read> low) {

    /** Assigns what belongs to an angle where {@code here} is true. */
    void assign(Expr here, Expr angle) {
      Expr wide = b.let("wide", Exprs.convert(ScalarType.F64, angle));
      Expr turns = Exprs.intrinsic(MathFunction.QUARTER_TURNS, wide);
      set(quadrant, here, Exprs.convert(ScalarType.I32, turns));
      Expr exact = b.let("exact", Exprs.intrinsic(MathFunction.QUARTER_REST, wide));
      Expr rounded = b.let("rounded", Exprs.convert(ScalarType.F32, exact));
      set(rest, here, rounded);
      Expr lost = exact.minus(Exprs.convert(ScalarType.F64, rounded));
      low.ifPresent(variable -> set(variable, here, Exprs.convert(ScalarType.F32, lost)));
    }

    private void set(Expr.Read variable, Expr here, Expr value) {
      b.assign(variable, Exprs.select(here, value, variable));
    }
  }
}
