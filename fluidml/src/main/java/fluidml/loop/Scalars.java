package fluidml.loop;

/** What every operation means on one lane: shared by the folder and the size evaluator. */
final class Scalars {
  private Scalars() {}

  static double unary(UnaryOp op, double x) {
    return switch (op) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SQRT -> Math.sqrt(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND_EVEN -> Math.rint(x);
      case TRUNC -> x < 0 ? Math.ceil(x) : Math.floor(x);
      case NOT -> throw new IllegalArgumentException("not of a float");
    };
  }

  static long unary(UnaryOp op, long x) {
    return switch (op) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case NOT -> ~x;
      case SQRT, FLOOR, CEIL, ROUND_EVEN, TRUNC ->
          throw new IllegalArgumentException(op + " of an integer");
    };
  }

  static float binary(BinaryOp op, float x, float y) {
    return switch (op) {
      case ADD -> x + y;
      case SUB -> x - y;
      case MUL -> x * y;
      case DIV -> x / y;
      case MOD -> x % y;
      case MIN -> Math.min(x, y);
      case MAX -> Math.max(x, y);
      case FLOOR_DIV, FLOOR_MOD, AND, OR, XOR, SHL, SHR, USHR ->
          throw new IllegalArgumentException(op + " of floats");
    };
  }

  static double binary(BinaryOp op, double x, double y) {
    return switch (op) {
      case ADD -> x + y;
      case SUB -> x - y;
      case MUL -> x * y;
      case DIV -> x / y;
      case MOD -> x % y;
      case MIN -> Math.min(x, y);
      case MAX -> Math.max(x, y);
      case FLOOR_DIV, FLOOR_MOD, AND, OR, XOR, SHL, SHR, USHR ->
          throw new IllegalArgumentException(op + " of floats");
    };
  }

  static int binary(BinaryOp op, int x, int y) {
    return switch (op) {
      case SHL -> x << y;
      case SHR -> x >> y;
      case USHR -> x >>> y;
      case ADD, SUB, MUL, DIV, MOD, FLOOR_DIV, FLOOR_MOD, MIN, MAX, AND, OR, XOR ->
          (int) binary(op, (long) x, (long) y);
    };
  }

  static long binary(BinaryOp op, long x, long y) {
    return switch (op) {
      case ADD -> x + y;
      case SUB -> x - y;
      case MUL -> x * y;
      case DIV -> x / y;
      case MOD -> x % y;
      case FLOOR_DIV -> Math.floorDiv(x, y);
      case FLOOR_MOD -> Math.floorMod(x, y);
      case MIN -> Math.min(x, y);
      case MAX -> Math.max(x, y);
      case AND -> x & y;
      case OR -> x | y;
      case XOR -> x ^ y;
      case SHL -> x << y;
      case SHR -> x >> y;
      case USHR -> x >>> y;
    };
  }

  static boolean compare(CompareOp op, double x, double y) {
    return switch (op) {
      case EQ -> x == y;
      case NE -> x != y;
      case LT -> x < y;
      case LE -> x <= y;
      case GT -> x > y;
      case GE -> x >= y;
    };
  }

  static boolean compare(CompareOp op, long x, long y) {
    return switch (op) {
      case EQ -> x == y;
      case NE -> x != y;
      case LT -> x < y;
      case LE -> x <= y;
      case GT -> x > y;
      case GE -> x >= y;
    };
  }
}
