package fluidml.emit.jvm;

import fluidml.loop.BinaryOp;
import fluidml.loop.Expr;
import fluidml.loop.Walk;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An element index as a sum: terms by where their value changes, outermost loop first, then a
 * constant. C2 hoists the invariant front of such a sum and puts the constant into the instruction.
 *
 * <p>Counters of loops that start at 0, and registers with the place of an element, come last,
 * apart from the other terms: C2 knows their range. Once the sum before them is known to be an
 * address, it can drop every range check.
 *
 * @param terms of unknown range
 * @param counters of known range
 */
record Addresses(List<Term> terms, List<Term> counters, long constant) {
  /** Greater than any address. */
  static final long ADDRESS_MASK = (1L << 56) - 1;

  /** {@code factor * value}. */
  record Term(Expr value, long factor) {}

  static Addresses of(Expr index, MethodEmitter method) {
    Collector collector = new Collector(method);
    long constant = collector.collect(index, 1);
    collector.counters.entrySet().removeIf(e -> e.getValue() == 0);
    for (Map.Entry<Expr, Long> e : collector.counters.entrySet()) {
      if (e.getValue() < 0) {
        collector.terms.merge(e.getKey(), e.getValue(), Long::sum);
      }
    }
    collector.counters.entrySet().removeIf(e -> e.getValue() < 0);
    return new Addresses(
        sorted(collector.terms, method), sorted(collector.counters, method), constant);
  }

  private static List<Term> sorted(Map<Expr, Long> factors, MethodEmitter method) {
    return factors.entrySet().stream()
        .filter(e -> e.getValue() != 0)
        .map(e -> new Term(e.getKey(), e.getValue()))
        .sorted(Comparator.comparingInt(term -> depth(term.value, method)))
        .toList();
  }

  /** Multiplies out sums and constant factors. */
  private record Collector(MethodEmitter method, Map<Expr, Long> terms, Map<Expr, Long> counters) {
    Collector(MethodEmitter method) {
      this(method, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    long collect(Expr expr, long scale) {
      Expr resolved = method.resolved(expr);
      if (resolved instanceof Expr.Const c) {
        return c.bits() * scale;
      }
      if (resolved instanceof Expr.Var v && method.isCounter(v)) {
        counters.merge(v, scale, Long::sum);
        return collect(method.begin(v), scale);
      }
      if (resolved instanceof Expr.Read r && method.isPlace(r)) {
        counters.merge(r, scale, Long::sum);
        return 0;
      }
      if (resolved instanceof Expr.Binary b) {
        if (b.op() == BinaryOp.ADD || b.op() == BinaryOp.SUB) {
          long sign = b.op() == BinaryOp.ADD ? scale : -scale;
          long left = collect(b.left(), scale);
          return left + collect(b.right(), sign);
        }
        if (b.op() == BinaryOp.MUL && method.resolved(b.right()) instanceof Expr.Const c) {
          return collect(b.left(), scale * c.bits());
        }
        if (b.op() == BinaryOp.MUL && method.resolved(b.left()) instanceof Expr.Const c) {
          return collect(b.right(), scale * c.bits());
        }
      }
      terms.merge(resolved, scale, Long::sum);
      return 0;
    }
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
