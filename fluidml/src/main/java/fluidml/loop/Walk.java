package fluidml.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Visits expressions and statements. */
public final class Walk {
  private Walk() {}

  /** The direct operands of an expression, in order of evaluation. */
  public static List<Expr> operands(Expr expr) {
    return switch (expr) {
      case Expr.Const _, Expr.Size _, Expr.Var _, Expr.Read _, Expr.LaneIndex _ -> List.of();
      case Expr.Load l -> {
        List<Expr> operands = new ArrayList<>(List.of(l.index()));
        l.mask().ifPresent(operands::add);
        yield operands;
      }
      case Expr.Unary u -> List.of(u.operand());
      case Expr.Binary b -> List.of(b.left(), b.right());
      case Expr.Fma f -> List.of(f.a(), f.b(), f.c());
      case Expr.Compare c -> List.of(c.left(), c.right());
      case Expr.Select s -> List.of(s.condition(), s.whenTrue(), s.whenFalse());
      case Expr.Convert c -> List.of(c.operand());
      case Expr.Bitcast b -> List.of(b.operand());
      case Expr.Broadcast b -> List.of(b.operand());
      case Expr.Horizontal h -> List.of(h.operand());
      case Expr.Reverse r -> List.of(r.operand());
      case Expr.Rotate r -> List.of(r.operand());
      case Expr.Zip z -> List.of(z.left(), z.right());
      case Expr.Unzip u -> List.of(u.left(), u.right());
      case Expr.LaneMask m -> List.of(m.count());
      case Expr.Intrinsic i -> i.operands();
    };
  }

  /** The expressions directly in a statement, not those of statements inside it. */
  public static List<Expr> expressions(Stmt statement) {
    return switch (statement) {
      case Stmt.Block _ -> List.of();
      case Stmt.For f -> List.of(f.begin(), f.end());
      case Stmt.Declare d -> List.of(d.value());
      case Stmt.Assign a -> List.of(a.value());
      case Stmt.Store s -> {
        List<Expr> expressions = new ArrayList<>(List.of(s.index(), s.value()));
        s.mask().ifPresent(expressions::add);
        yield expressions;
      }
      case Stmt.If i -> List.of(i.condition());
      case Stmt.Require r -> List.of(r.condition(), r.value());
      case Stmt.ByteTile tile -> tile.numbers();
      case Stmt.Call c -> c.arguments();
    };
  }

  /** The statements directly inside a statement. */
  public static List<Stmt> inner(Stmt statement) {
    return switch (statement) {
      case Stmt.Block b -> b.statements();
      case Stmt.For f -> List.of(f.body());
      case Stmt.If i -> List.of(i.whenTrue(), i.whenFalse());
      case Stmt.Declare _,
          Stmt.Assign _,
          Stmt.Store _,
          Stmt.Require _,
          Stmt.ByteTile _,
          Stmt.Call _ ->
          List.of();
    };
  }

  /** Visits an expression and everything in it, outside in. */
  public static void visit(Expr expr, Consumer<Expr> visitor) {
    visitor.accept(expr);
    operands(expr).forEach(operand -> visit(operand, visitor));
  }

  /** Whether a statement, or one inside it, is of a kind. */
  public static boolean contains(Stmt statement, Class<? extends Stmt> kind) {
    return kind.isInstance(statement) || inner(statement).stream().anyMatch(s -> contains(s, kind));
  }

  /** Visits a statement, everything in it and all expressions, outside in. */
  public static void visit(Stmt statement, Consumer<Stmt> statements, Consumer<Expr> expressions) {
    statements.accept(statement);
    expressions(statement).forEach(e -> visit(e, expressions));
    inner(statement).forEach(s -> visit(s, statements, expressions));
  }
}
