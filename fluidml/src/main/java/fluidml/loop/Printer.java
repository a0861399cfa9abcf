package fluidml.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Prints kernels as readable loop nests that {@link Parser} reads back.
 *
 * <pre>{@code
 * kernel "scale"(x: f32 read, y: f32 write) sizes(n) parallel $n entry main {
 *   proc main(begin, end) {
 *     for i = begin to end step 16 {
 *       let %t: f32x16 = x[i; x16] * 2.0:f32x16
 *       y[i] = %t
 *     }
 *   }
 * }
 * }</pre>
 */
public final class Printer {
  private static final int COMPARE = 1;
  private static final int SUM = 2;
  private static final int PRODUCT = 3;

  private final StringBuilder out = new StringBuilder();
  private final UnaryOperator<String> bufferName;
  private final UnaryOperator<String> sizeName;

  private Printer(UnaryOperator<String> bufferName, UnaryOperator<String> sizeName) {
    this.bufferName = bufferName;
    this.sizeName = sizeName;
  }

  private Printer() {
    this(UnaryOperator.identity(), UnaryOperator.identity());
  }

  /**
   * A procedure without what its kernel calls things: procedures with equal text are the same
   * function of the buffers' addresses, the sizes and their parameters.
   *
   * @param text the procedure with buffers and sizes numbered as they first occur
   * @param buffers names of the buffers, in that order
   * @param sizes names of the sizes, in that order
   */
  public record Canonical(String text, List<String> buffers, List<String> sizes) {
    /** Copies the lists. */
    public Canonical {
      buffers = List.copyOf(buffers);
      sizes = List.copyOf(sizes);
    }
  }

  /** A procedure of a kernel, freed of names. */
  public static Canonical canonical(Kernel kernel, Procedure procedure) {
    List<String> buffers = new ArrayList<>();
    List<String> sizes = new ArrayList<>();
    Printer printer =
        new Printer(name -> "b" + numbered(buffers, name), name -> "s" + numbered(sizes, name));
    printer.out.append(String.join(", ", procedure.parameters())).append('\n');
    printer.block(procedure.body(), "");
    for (String name : buffers) {
      for (Buffer buffer : kernel.buffers()) {
        if (buffer.name().equals(name)) {
          printer.out.append(buffer.dtype()).append(' ');
        }
      }
    }
    return new Canonical(printer.out.toString(), buffers, sizes);
  }

  private static int numbered(List<String> names, String name) {
    if (!names.contains(name)) {
      names.add(name);
    }
    return names.indexOf(name);
  }

  /** The kernel as text. */
  public static String print(Kernel kernel) {
    Printer printer = new Printer();
    printer.kernel(kernel);
    return printer.out.toString();
  }

  /** An expression as text. */
  public static String print(Expr expr) {
    Printer printer = new Printer();
    printer.expr(expr, 0);
    return printer.out.toString();
  }

  private void kernel(Kernel kernel) {
    String name = kernel.name().replace("\\", "\\\\").replace("\"", "\\\"");
    out.append("kernel \"").append(name).append("\"(");
    String separator = "";
    for (Buffer buffer : kernel.buffers()) {
      out.append(separator).append(buffer.name()).append(": ").append(buffer.dtype());
      out.append(' ').append(buffer.access().text());
      buffer.scratchBytes().ifPresent(bytes -> bracketed(bytes));
      separator = ", ";
    }
    out.append(") sizes(").append(String.join(", ", kernel.sizes())).append(") parallel ");
    expr(kernel.parallelExtent(), 0);
    out.append(" entry ").append(kernel.entry()).append(" {\n");
    for (Procedure procedure : kernel.procedures()) {
      out.append("  proc ").append(procedure.name()).append('(');
      out.append(String.join(", ", procedure.parameters())).append(") {\n");
      block(procedure.body(), "    ");
      out.append("  }\n");
    }
    out.append("}\n");
  }

  private void bracketed(Expr bytes) {
    out.append('[');
    expr(bytes, 0);
    out.append(']');
  }

  private void block(Stmt.Block block, String indent) {
    for (Stmt statement : block.statements()) {
      statement(statement, indent);
    }
  }

  private void statement(Stmt statement, String indent) {
    switch (statement) {
      case Stmt.Block b -> {
        out.append(indent).append("{\n");
        block(b, indent + "  ");
        out.append(indent).append("}\n");
      }
      case Stmt.For f -> {
        out.append(indent).append("for ").append(f.variable()).append(" = ");
        expr(f.begin(), 0);
        out.append(" to ");
        expr(f.end(), 0);
        out.append(" step ").append(f.step());
        out.append(f.kind() == Stmt.LoopKind.UNROLLED ? " unrolled {\n" : " {\n");
        block(f.body(), indent + "  ");
        out.append(indent).append("}\n");
      }
      case Stmt.Declare d -> {
        out.append(indent).append(d.register().mutable() ? "var %" : "let %");
        out.append(d.register().name()).append(": ").append(d.register().type()).append(" = ");
        expr(d.value(), 0);
        out.append('\n');
      }
      case Stmt.Assign a -> {
        out.append(indent).append('%').append(a.register().name()).append(" = ");
        expr(a.value(), 0);
        out.append('\n');
      }
      case Stmt.Store s -> {
        out.append(indent).append(bufferName.apply(s.buffer())).append('[');
        expr(s.index(), 0);
        mask(s.mask());
        out.append("] = ");
        expr(s.value(), 0);
        out.append('\n');
      }
      case Stmt.If i -> {
        out.append(indent).append("if ");
        expr(i.condition(), 0);
        out.append(" {\n");
        block(i.whenTrue(), indent + "  ");
        if (!i.whenFalse().statements().isEmpty()) {
          out.append(indent).append("} else {\n");
          block(i.whenFalse(), indent + "  ");
        }
        out.append(indent).append("}\n");
      }
      case Stmt.Require r -> {
        out.append(indent).append("require ");
        expr(r.condition(), 0);
        out.append(" else ");
        expr(r.value(), 0);
        out.append(" \"").append(r.problem()).append("\"\n");
      }
      case Stmt.ByteTile t -> byteTile(t, indent);
      case Stmt.Call c -> {
        out.append(indent).append("call ").append(c.procedure());
        arguments(c.arguments());
        out.append('\n');
      }
    }
  }

  private void byteTile(Stmt.ByteTile tile, String indent) {
    out.append(indent).append("bytes ").append(bufferName.apply(tile.sums())).append(", ");
    out.append(bufferName.apply(tile.left())).append(", ");
    out.append(bufferName.apply(tile.panel())).append(" x ").append(tile.vectors()).append(' ');
    arguments(tile.numbers());
    out.append('\n');
  }

  private void mask(Optional<Expr> mask) {
    if (mask.isPresent()) {
      out.append("; ");
      expr(mask.get(), 0);
    }
  }

  private void arguments(List<Expr> arguments) {
    out.append('(');
    String separator = "";
    for (Expr argument : arguments) {
      out.append(separator);
      expr(argument, 0);
      separator = ", ";
    }
    out.append(')');
  }

  private void call(String function, Expr... arguments) {
    out.append(function);
    arguments(List.of(arguments));
  }

  private void expr(Expr expr, int outer) {
    switch (expr) {
      case Expr.Const c -> constant(c);
      case Expr.Size s -> out.append('$').append(sizeName.apply(s.name()));
      case Expr.Var v -> out.append(v.name());
      case Expr.Read r -> out.append('%').append(r.register().name());
      case Expr.Load l -> {
        out.append(bufferName.apply(l.buffer())).append('[');
        expr(l.index(), 0);
        if (l.lanes() > 1) {
          out.append("; x").append(l.lanes());
        }
        mask(l.mask());
        out.append(']');
      }
      case Expr.Unary u -> call(u.op().text(), u.operand());
      case Expr.Binary b -> binary(b, outer);
      case Expr.Fma f -> call("fma", f.a(), f.b(), f.c());
      case Expr.Compare c -> infix(c.op().symbol(), c.left(), c.right(), COMPARE, outer);
      case Expr.Select s -> call("select", s.condition(), s.whenTrue(), s.whenFalse());
      case Expr.Convert c -> call("to_" + c.to(), c.operand());
      case Expr.Bitcast b -> call("bits_" + b.to(), b.operand());
      case Expr.Broadcast b -> call("splat_x" + b.lanes(), b.operand());
      case Expr.Horizontal h -> call("lanes_" + h.op().text(), h.operand());
      case Expr.Zip z -> call(z.upper() ? "zip_upper" : "zip_lower", z.left(), z.right());
      case Expr.Unzip u -> call(u.odd() ? "unzip_odd" : "unzip_even", u.left(), u.right());
      case Expr.Reverse r -> call("reverse", r.operand());
      case Expr.Rotate r -> call("rotate_" + r.distance(), r.operand());
      case Expr.LaneIndex i -> call("iota_" + i.type());
      case Expr.LaneMask m -> call("first_x" + m.lanes(), m.count());
      case Expr.Intrinsic i -> {
        out.append("math_").append(i.function().text());
        arguments(i.operands());
      }
    }
  }

  private void binary(Expr.Binary b, int outer) {
    switch (b.op()) {
      case ADD -> infix("+", b.left(), b.right(), SUM, outer);
      case SUB -> infix("-", b.left(), b.right(), SUM, outer);
      case MUL -> infix("*", b.left(), b.right(), PRODUCT, outer);
      case DIV -> infix("/", b.left(), b.right(), PRODUCT, outer);
      case MOD, FLOOR_DIV, FLOOR_MOD, MIN, MAX, AND, OR, XOR, SHL, SHR, USHR ->
          call(b.op().text(), b.left(), b.right());
    }
  }

  private void infix(String symbol, Expr left, Expr right, int level, int outer) {
    boolean parentheses = level <= outer;
    if (parentheses) {
      out.append('(');
    }
    expr(left, level - 1);
    out.append(' ').append(symbol).append(' ');
    expr(right, level);
    if (parentheses) {
      out.append(')');
    }
  }

  private void constant(Expr.Const c) {
    Type type = c.type();
    switch (type.scalar()) {
      case F32 -> {
        float value = Float.intBitsToFloat((int) c.bits());
        out.append(
            Exprs.f32Bits(value) == c.bits() && !Float.isNaN(value)
                ? Float.toString(value)
                : "0x" + Long.toHexString(c.bits()));
      }
      case F64 -> {
        double value = Double.longBitsToDouble(c.bits());
        out.append(
            Double.isNaN(value) ? "0x" + Long.toHexString(c.bits()) : Double.toString(value));
      }
      case I32, I64 -> out.append(c.bits());
      case BOOL -> out.append(c.bits() != 0 ? "true" : "false");
    }
    if (!type.equals(Type.I64) && !type.equals(Type.BOOL)) {
      out.append(':').append(type);
    }
  }
}
