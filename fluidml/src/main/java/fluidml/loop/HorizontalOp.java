package fluidml.loop;

/**
 * Reductions of a vector to a scalar of its type. Sums and products fold halves: lane i with lane i
 * + lanes/2, and so on, so the result is the same bits on every run.
 */
public enum HorizontalOp {
  ADD,
  MUL,
  MIN,
  MAX,
  /** Bitwise of integers; whether all lanes of a mask are set. */
  AND,
  /** Bitwise of integers; whether any lane of a mask is set. */
  OR;

  /** Lower-case name, as printed. */
  public String text() {
    return Ops.text(this);
  }
}
