package fluidml.loop;

import fluidml.error.InvalidInputException;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads the text that {@link Printer} writes; the result equals what was printed. */
public final class Parser {
  private final Lexer in;
  private final Map<String, Buffer> buffers = new HashMap<>();
  private final ExprParser exprs;

  private Parser(String text) {
    this.in = new Lexer(text);
    this.exprs = new ExprParser(in, buffers);
  }

  /**
   * Reads one kernel and verifies it.
   *
   * @throws InvalidInputException if the text is not a kernel, naming the line
   * @throws fluidml.error.VerificationException if the kernel breaks a rule of {@link Verifier}
   */
  public static Kernel parse(String text) {
    Parser parser = new Parser(text);
    Kernel kernel;
    try {
      kernel = parser.kernel();
    } catch (IllegalArgumentException e) {
      throw parser.in.problem(String.valueOf(e.getMessage()));
    }
    Verifier.verify(kernel);
    return kernel;
  }

  /**
   * Reads an expression of sizes, as {@link Printer#print(Expr)} writes it.
   *
   * @throws InvalidInputException if the text is not an expression
   */
  public static Expr parseExtent(String text) {
    Parser parser = new Parser(text);
    try {
      Expr expr = parser.exprs.parse();
      parser.in.expect("end of text");
      return expr;
    } catch (IllegalArgumentException e) {
      throw parser.in.problem(String.valueOf(e.getMessage()));
    }
  }

  private Kernel kernel() {
    in.expect("kernel");
    String quoted = in.next();
    if (quoted.charAt(0) != '"') {
      throw in.problem("expected the kernel's name in quotes");
    }
    String name = quoted.substring(1, quoted.length() - 1).replaceAll("\\\\(.)", "$1");
    List<Buffer> order = new ArrayList<>();
    in.expect("(");
    while (!in.accept(")")) {
      Buffer buffer = buffer();
      order.add(buffer);
      buffers.put(buffer.name(), buffer);
      in.accept(",");
    }
    in.expect("sizes");
    List<String> sizes = names();
    in.expect("parallel");
    Expr extent = exprs.parse();
    in.expect("entry");
    String entry = in.name();
    in.expect("{");
    List<Procedure> procedures = new ArrayList<>();
    while (!in.accept("}")) {
      in.expect("proc");
      String procedure = in.name();
      List<String> parameters = names();
      exprs.clearRegisters();
      procedures.add(new Procedure(procedure, parameters, block()));
    }
    in.expect("end of text");
    return new Kernel(name, order, sizes, procedures, entry, extent);
  }

  private List<String> names() {
    in.expect("(");
    List<String> names = new ArrayList<>();
    while (!in.accept(")")) {
      names.add(in.name());
      in.accept(",");
    }
    return names;
  }

  private Buffer buffer() {
    String name = in.name();
    in.expect(":");
    String dtype = in.name();
    DType type = DType.ofText(dtype).orElseThrow(() -> in.problem("unknown element type " + dtype));
    Buffer.Access access = Buffer.Access.valueOf(in.name().toUpperCase(Locale.ROOT));
    Optional<Expr> bytes = Optional.empty();
    if (in.accept("[")) {
      bytes = Optional.of(exprs.parse());
      in.expect("]");
    }
    return new Buffer(name, type, access, bytes);
  }

  private Stmt.Block block() {
    in.expect("{");
    List<Stmt> statements = new ArrayList<>();
    while (!in.at("}")) {
      statements.add(statement());
    }
    in.expect("}");
    return new Stmt.Block(statements);
  }

  private Stmt statement() {
    String first = in.peek(0);
    if (first.charAt(0) == '%') {
      Register register = exprs.register(in.prefixed('%'));
      in.expect("=");
      return new Stmt.Assign(register, exprs.parse());
    }
    if (in.peek(1).equals("[")) {
      return store();
    }
    return switch (first) {
      case "{" -> block();
      case "for" -> loop();
      case "let", "var" -> declare();
      case "if" -> {
        in.next();
        Expr condition = exprs.parse();
        Stmt.Block whenTrue = block();
        Stmt.Block whenFalse = in.accept("else") ? block() : new Stmt.Block(List.of());
        yield new Stmt.If(condition, whenTrue, whenFalse);
      }
      case "bytes" -> byteTile();
      case "call" -> {
        in.next();
        String procedure = in.name();
        yield new Stmt.Call(procedure, exprs.arguments());
      }
      default -> throw in.problem("expected a statement, found '" + first + "'");
    };
  }

  private Stmt byteTile() {
    in.next();
    String sums = in.name();
    in.expect(",");
    String left = in.name();
    in.expect(",");
    String panel = in.name();
    in.expect("x");
    int vectors = in.integer();
    List<Expr> n = exprs.arguments();
    if (n.size() != 8) {
      throw in.problem("expected eight numbers of a tile of bytes, found " + n.size());
    }
    return new Stmt.ByteTile(
        left, n.get(0), n.get(1), n.get(2), panel, n.get(3), sums, n.get(4), n.get(5), vectors,
        n.get(6), n.get(7));
  }

  private Stmt store() {
    String buffer = in.name();
    in.expect("[");
    Expr index = exprs.parse();
    Optional<Expr> mask = in.accept(";") ? Optional.of(exprs.parse()) : Optional.empty();
    in.expect("]");
    in.expect("=");
    return new Stmt.Store(buffer, index, exprs.parse(), mask);
  }

  private Stmt loop() {
    in.next();
    String variable = in.name();
    in.expect("=");
    Expr begin = exprs.parse();
    in.expect("to");
    Expr end = exprs.parse();
    in.expect("step");
    int step = in.integer();
    Stmt.LoopKind kind = in.accept("unrolled") ? Stmt.LoopKind.UNROLLED : Stmt.LoopKind.SERIAL;
    return new Stmt.For(variable, begin, end, step, kind, block());
  }

  private Stmt declare() {
    boolean mutable = in.next().equals("var");
    String name = in.prefixed('%');
    in.expect(":");
    Register register = new Register(name, exprs.type(in.name()), mutable);
    in.expect("=");
    Expr value = exprs.parse();
    exprs.declare(register);
    return new Stmt.Declare(register, value);
  }
}
