package fluidml.loop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads expressions: comparisons bind weaker than sums, sums weaker than products, all to the left.
 */
final class ExprParser {
  private static final List<Map<String, BinaryOp>> LEVELS =
      List.of(
          Map.of("+", BinaryOp.ADD, "-", BinaryOp.SUB),
          Map.of("*", BinaryOp.MUL, "/", BinaryOp.DIV));

  private final Lexer in;
  private final Map<String, Buffer> buffers;
  private final Map<String, Register> registers = new HashMap<>();

  ExprParser(Lexer in, Map<String, Buffer> buffers) {
    this.in = in;
    this.buffers = buffers;
  }

  void clearRegisters() {
    registers.clear();
  }

  void declare(Register register) {
    registers.put(register.name(), register);
  }

  Register register(String name) {
    Register register = registers.get(name);
    if (register == null) {
      throw in.problem("unknown register %" + name);
    }
    return register;
  }

  /** A type such as {@code f32x16}. */
  Type type(String text) {
    for (ScalarType scalar : ScalarType.values()) {
      if (text.equals(scalar.toString())) {
        return new Type(scalar, 1);
      }
      if (text.startsWith(scalar + "x")) {
        return new Type(scalar, number(text.substring(scalar.toString().length() + 1)));
      }
    }
    throw in.problem("unknown type " + text);
  }

  private int number(String digits) {
    try {
      return Integer.parseInt(digits);
    } catch (NumberFormatException _) {
      throw in.problem("expected a whole number, found '" + digits + "'");
    }
  }

  Expr parse() {
    Expr left = operators(0);
    while (true) {
      Optional<CompareOp> op = comparison(in.peek(0));
      if (op.isEmpty()) {
        return left;
      }
      in.next();
      left = new Expr.Compare(op.get(), left, operators(0));
    }
  }

  private static Optional<CompareOp> comparison(String symbol) {
    for (CompareOp op : CompareOp.values()) {
      if (op.symbol().equals(symbol)) {
        return Optional.of(op);
      }
    }
    return Optional.empty();
  }

  private Expr operators(int level) {
    if (level == LEVELS.size()) {
      return primary();
    }
    Expr left = operators(level + 1);
    while (LEVELS.get(level).containsKey(in.peek(0))) {
      BinaryOp op = LEVELS.get(level).get(in.next());
      left = new Expr.Binary(op, left, operators(level + 1));
    }
    return left;
  }

  private Expr primary() {
    String token = in.peek(0);
    if (in.accept("(")) {
      Expr inner = parse();
      in.expect(")");
      return inner;
    }
    char first = token.charAt(0);
    boolean constant =
        first == '-'
            || Character.isDigit(first)
            || List.of("true", "false", "Infinity").contains(token);
    if (constant) {
      return constant();
    }
    if (first == '$') {
      return new Expr.Size(in.prefixed('$'));
    }
    if (first == '%') {
      return new Expr.Read(register(in.prefixed('%')));
    }
    String name = in.name();
    return switch (in.peek(0)) {
      case "[" -> load(name);
      case "(" -> function(name, arguments());
      default -> new Expr.Var(name);
    };
  }

  private Expr constant() {
    String text = in.accept("-") ? "-" + in.next() : in.next();
    boolean truth = text.equals("true") || text.equals("false");
    Type type = in.accept(":") ? type(in.name()) : truth ? Type.BOOL : Type.I64;
    try {
      if (text.startsWith("0x")) {
        return new Expr.Const(type, Long.parseUnsignedLong(text.substring(2), 16));
      }
      return switch (type.scalar()) {
        case F32 -> new Expr.Const(type, Exprs.f32Bits(Float.parseFloat(text)));
        case F64 -> new Expr.Const(type, Double.doubleToLongBits(Double.parseDouble(text)));
        case I32, I64 -> new Expr.Const(type, Long.parseLong(text));
        case BOOL -> new Expr.Const(type, text.equals("true") ? 1 : 0);
      };
    } catch (NumberFormatException _) {
      throw in.problem("not a constant of type " + type + ": " + text);
    }
  }

  List<Expr> arguments() {
    in.expect("(");
    List<Expr> arguments = new ArrayList<>();
    while (!in.accept(")")) {
      arguments.add(parse());
      in.accept(",");
    }
    return arguments;
  }

  private Expr load(String name) {
    Buffer buffer = buffers.get(name);
    if (buffer == null) {
      throw in.problem("unknown buffer " + name);
    }
    in.expect("[");
    Expr index = parse();
    int lanes = 1;
    Optional<Expr> mask = Optional.empty();
    while (in.accept(";")) {
      boolean last = in.peek(1).equals(";") || in.peek(1).equals("]");
      if (last && in.peek(0).matches("x\\d+")) {
        lanes = number(in.next().substring(1));
      } else {
        mask = Optional.of(parse());
      }
    }
    in.expect("]");
    return new Expr.Load(name, buffer.dtype(), index, lanes, mask);
  }

  private Expr function(String name, List<Expr> a) {
    int split = name.indexOf('_');
    String prefix = split < 0 ? "" : name.substring(0, split);
    String rest = name.substring(split + 1);
    return switch (prefix) {
      case "to" -> new Expr.Convert(type(rest).scalar(), operands(name, a, 1).getFirst());
      case "bits" -> new Expr.Bitcast(type(rest).scalar(), operands(name, a, 1).getFirst());
      case "splat" ->
          new Expr.Broadcast(operands(name, a, 1).getFirst(), number(rest.substring(1)));
      case "first" -> new Expr.LaneMask(operands(name, a, 1).getFirst(), number(rest.substring(1)));
      case "rotate" -> new Expr.Rotate(operands(name, a, 1).getFirst(), number(rest));
      case "zip" -> new Expr.Zip(operands(name, a, 2).getFirst(), a.get(1), rest.equals("upper"));
      case "unzip" -> new Expr.Unzip(operands(name, a, 2).getFirst(), a.get(1), rest.equals("odd"));
      case "lanes" ->
          new Expr.Horizontal(Ops.parse(HorizontalOp.class, rest), operands(name, a, 1).getFirst());
      case "iota" -> new Expr.LaneIndex(type(rest));
      case "math" -> new Expr.Intrinsic(Ops.parse(MathFunction.class, rest), a);
      default -> operation(name, a);
    };
  }

  private Expr operation(String name, List<Expr> a) {
    if (name.equals("fma")) {
      return new Expr.Fma(operands(name, a, 3).getFirst(), a.get(1), a.get(2));
    }
    if (name.equals("reverse")) {
      return new Expr.Reverse(operands(name, a, 1).getFirst());
    }
    if (name.equals("select")) {
      return new Expr.Select(operands(name, a, 3).getFirst(), a.get(1), a.get(2));
    }
    if (a.size() == 2) {
      return new Expr.Binary(Ops.parse(BinaryOp.class, name), a.get(0), a.get(1));
    }
    return new Expr.Unary(Ops.parse(UnaryOp.class, name), operands(name, a, 1).getFirst());
  }

  private List<Expr> operands(String function, List<Expr> arguments, int count) {
    if (arguments.size() != count) {
      throw in.problem(function + " has " + count + " operands, found " + arguments.size());
    }
    return arguments;
  }
}
