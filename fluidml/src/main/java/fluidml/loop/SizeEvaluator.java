package fluidml.loop;

import java.util.Map;

/**
 * Evaluates I64 and BOOL scalar expressions over the sizes of a kernel, without generating code.
 */
final class SizeEvaluator {
  private final Map<String, Long> sizes;

  SizeEvaluator(Map<String, Long> sizes) {
    this.sizes = sizes;
  }

  /**
   * The value of an I64 scalar expression (BOOL as 0 or 1).
   *
   * @throws IllegalArgumentException if the expression reads anything but sizes
   */
  long evaluate(Expr expr) {
    return switch (expr) {
      case Expr.Const c -> c.bits();
      case Expr.Size s -> {
        Long value = sizes.get(s.name());
        Exprs.check(value != null, "unknown size '" + s.name() + "'");
        yield value;
      }
      case Expr.Unary u -> Scalars.unary(u.op(), evaluate(u.operand()));
      case Expr.Binary b -> Scalars.binary(b.op(), evaluate(b.left()), evaluate(b.right()));
      case Expr.Compare c ->
          Scalars.compare(c.op(), evaluate(c.left()), evaluate(c.right())) ? 1 : 0;
      case Expr.Select s ->
          evaluate(s.condition()) != 0 ? evaluate(s.whenTrue()) : evaluate(s.whenFalse());
      case Expr.Var _,
          Expr.Read _,
          Expr.Load _,
          Expr.Fma _,
          Expr.Convert _,
          Expr.Bitcast _,
          Expr.Broadcast _,
          Expr.Horizontal _,
          Expr.Rotate _,
          Expr.Reverse _,
          Expr.Zip _,
          Expr.Unzip _,
          Expr.LaneIndex _,
          Expr.LaneMask _,
          Expr.Intrinsic _ ->
          throw new IllegalArgumentException(
              "an extent may only combine sizes and constants: " + Printer.print(expr));
    };
  }
}
