package fluidml.loop;

/** Comparisons; with a NaN only {@link #NE} holds. */
public enum CompareOp {
  EQ("=="),
  NE("!="),
  LT("<"),
  LE("<="),
  GT(">"),
  GE(">=");

  private final String symbol;

  CompareOp(String symbol) {
    this.symbol = symbol;
  }

  /** The operator as printed. */
  public String symbol() {
    return symbol;
  }
}
