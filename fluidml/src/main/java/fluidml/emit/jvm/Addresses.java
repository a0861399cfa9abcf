package fluidml.emit.jvm;

import fluidml.loop.BinaryOp;
import fluidml.loop.Expr;
import fluidml.loop.Walk;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An element index as a sum: terms by where their value changes, outermost loop first, then a
 * constant. C2 hoists the invariant front of such a sum and puts the constant into the instruction.
 *
 * @param terms factors of expressions that are not sums
 */
record Addresses(List<Term> terms, long constant) {

  /** {@code factor * value}. */
  record Term(Expr value, long factor) {}

  static Addresses of(Expr index, MethodEmitter method) {
    Map<Expr, Long> factors = new LinkedHashMap<>();
    long constant = collect(index, 1, factors, method);
    List<Term> terms = new ArrayList<>();
    factors.forEach(
        (value, factor) -> {
          if (factor != 0) {
            terms.add(new Term(value, factor));
          }
        });
    terms.sort(Comparator.comparingInt(term -> depth(term.value, method)));
    return new Addresses(List.copyOf(terms), constant);
  }

  private static long collect(
      Expr expr, long scale, Map<Expr, Long> factors, MethodEmitter method) {
    Expr resolved = method.resolved(expr);
    if (resolved instanceof Expr.Const c) {
      return c.bits() * scale;
    }
    if (resolved instanceof Expr.Binary b) {
      if (b.op() == BinaryOp.ADD || b.op() == BinaryOp.SUB) {
        long sign = b.op() == BinaryOp.ADD ? scale : -scale;
        long left = collect(b.left(), scale, factors, method);
        return left + collect(b.right(), sign, factors, method);
      }
      if (b.op() == BinaryOp.MUL && method.resolved(b.right()) instanceof Expr.Const c) {
        return collect(b.left(), scale * c.bits(), factors, method);
      }
      if (b.op() == BinaryOp.MUL && method.resolved(b.left()) instanceof Expr.Const c) {
        return collect(b.right(), scale * c.bits(), factors, method);
      }
    }
    factors.merge(resolved, scale, Long::sum);
    return 0;
  }

  private static int depth(Expr expr, MethodEmitter method) {
    int[] deepest = {0};
    Walk.visit(
        expr,
        e -> {
          int own = 0;
          if (e instanceof Expr.Var v) {
            own = method.depth(v.name());
          } else if (e instanceof Expr.Read r) {
            own = method.depth(r.register().name());
          } else if (e instanceof Expr.Load) {
            own = Integer.MAX_VALUE;
          }
          deepest[0] = Math.max(deepest[0], own);
        });
    return deepest[0];
  }
}
