package fluidml.tensor;

import fluidml.tensor.Monomial.Apply;
import fluidml.tensor.Monomial.Atom;
import fluidml.tensor.Monomial.Symbol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * An integer known now or once the input shapes are: a number, a named symbol, or an expression of
 * them.
 *
 * <p>Kept in normal form, a polynomial over <em>atoms</em> (symbols and the non-polynomial
 * operations), so that two dims that are equal as polynomials are {@link #equals equal}: {@code
 * (s+1)*2 == 2*s+2}. Unequal dims may still have equal values. Symbols stand for extents: they are
 * never negative, and simplification relies on it ({@code max(s,0) == s}). Divisors are taken not
 * to be 0. Immutable.
 */
public final class Dim {
  /** Operations that a polynomial cannot express. */
  public enum Operation {
    /** Quotient rounded towards minus infinity. */
    FLOOR_DIV,
    /** Remainder with the divisor's sign. */
    MOD,
    MIN,
    MAX
  }

  /** Zero. */
  public static final Dim ZERO = new Dim(new Monomial[0], new long[0]);

  /** One. */
  public static final Dim ONE = of(1);

  private final Monomial[] monomials;
  private final long[] coefficients;
  private final int hash;

  private Dim(SortedMap<Monomial, Long> terms) {
    terms.values().removeIf(c -> c == 0);
    monomials = terms.keySet().toArray(new Monomial[0]);
    coefficients = terms.values().stream().mapToLong(Long::longValue).toArray();
    hash = 31 * Arrays.hashCode(monomials) + Arrays.hashCode(coefficients);
  }

  private Dim(Monomial[] monomials, long[] coefficients) {
    this.monomials = monomials;
    this.coefficients = coefficients;
    hash = 31 * Arrays.hashCode(monomials) + Arrays.hashCode(coefficients);
  }

  /** The number {@code value}. */
  public static Dim of(long value) {
    return value == 0 ? ZERO : new Dim(new Monomial[] {Monomial.ONE}, new long[] {value});
  }

  /**
   * The symbol {@code name}: a letter or underscore, then letters, digits and {@code _ . :}.
   *
   * @throws IllegalArgumentException if the name has another form
   */
  public static Dim symbol(String name) {
    if (!name.matches("[A-Za-z_][A-Za-z0-9_.:]*")) {
      throw new IllegalArgumentException("not a symbol name: '" + name + "'");
    }
    return ofAtom(new Symbol(name));
  }

  private static Dim ofAtom(Atom atom) {
    TreeMap<Monomial, Long> terms = new TreeMap<>();
    terms.put(new Monomial(List.of(atom)), 1L);
    return new Dim(terms);
  }

  /** The number this is, if it has no symbols. */
  public OptionalLong constant() {
    return isConstant() ? OptionalLong.of(constantTerm()) : OptionalLong.empty();
  }

  /** Whether this is a number. */
  public boolean isConstant() {
    return monomials.length == 0 || (monomials.length == 1 && monomials[0].atoms().isEmpty());
  }

  /** Whether this is the number {@code value}. */
  public boolean is(long value) {
    return isConstant() && constantTerm() == value;
  }

  private long constantTerm() {
    return monomials.length > 0 && monomials[0].atoms().isEmpty() ? coefficients[0] : 0;
  }

  /** The sum. */
  public Dim plus(Dim other) {
    SortedMap<Monomial, Long> terms = terms();
    for (int i = 0; i < other.monomials.length; i++) {
      terms.merge(other.monomials[i], other.coefficients[i], Math::addExact);
    }
    return new Dim(terms);
  }

  /** The sum with a number. */
  public Dim plus(long other) {
    return other == 0 ? this : plus(of(other));
  }

  /** The difference. */
  public Dim minus(Dim other) {
    return plus(other.times(-1));
  }

  /** The product. */
  public Dim times(Dim other) {
    TreeMap<Monomial, Long> terms = new TreeMap<>();
    for (int i = 0; i < monomials.length; i++) {
      for (int j = 0; j < other.monomials.length; j++) {
        terms.merge(
            monomials[i].times(other.monomials[j]),
            Math.multiplyExact(coefficients[i], other.coefficients[j]),
            Math::addExact);
      }
    }
    return new Dim(terms);
  }

  /** The product with a number. */
  public Dim times(long other) {
    return other == 1 ? this : times(of(other));
  }

  /**
   * The quotient rounded towards minus infinity. Exact division of polynomials is carried out, and
   * of a sum the part that the divisor divides: {@code (2*s+5) / 2 == s+2}; quotients of quotients
   * become one.
   *
   * @throws ArithmeticException if the divisor is zero
   */
  public Dim floorDiv(Dim divisor) {
    if (divisor.is(1)) {
      return this;
    }
    if (isConstant() && divisor.isConstant()) {
      return of(Math.floorDiv(constantTerm(), divisor.constantTerm()));
    }
    Optional<Dim> exact = divideExactly(divisor);
    if (exact.isPresent()) {
      return exact.get();
    }
    if (divisor.is(0)) {
      throw new ArithmeticException(this + " is divided by zero");
    }
    Dim rest = remainderTerms(divisor);
    Dim whole = minus(rest).divideExactly(divisor).orElse(ZERO);
    if (rest.lowerBound() >= 0 && rest.minus(divisor).upperBound() < 0) {
      return whole;
    }
    for (int i = 0; i < rest.monomials.length && divisor.lowerBound() > 0; i++) {
      List<Atom> atoms = rest.monomials[i].atoms();
      if (rest.coefficients[i] == 1
          && atoms.size() == 1
          && atoms.getFirst() instanceof Apply inner
          && inner.operation() == Operation.FLOOR_DIV
          && inner.right().lowerBound() > 0) {
        Dim others = rest.minus(ofAtom(inner)).times(inner.right());
        return whole.plus(inner.left().plus(others).floorDiv(inner.right().times(divisor)));
      }
    }
    Dim common = rest.commonFactor(divisor);
    return whole.plus(
        apply(
            Operation.FLOOR_DIV,
            rest.divideExactly(common).orElseThrow(),
            divisor.divideExactly(common).orElseThrow()));
  }

  /** The quotient rounded towards minus infinity. */
  public Dim floorDiv(long divisor) {
    return floorDiv(of(divisor));
  }

  /** The quotient rounded towards plus infinity. */
  public Dim ceilDiv(Dim divisor) {
    if (divisor.isConstant()) {
      return plus(divisor.minus(ONE)).floorDiv(divisor);
    }
    return divideExactly(divisor).orElseGet(() -> plus(divisor).minus(ONE).floorDiv(divisor));
  }

  /** The remainder with the divisor's sign. */
  public Dim mod(Dim divisor) {
    if (divisor.is(1)) {
      return ZERO;
    }
    Dim rest = remainderTerms(divisor);
    if (rest.isConstant() && divisor.isConstant() && !divisor.is(0)) {
      return of(Math.floorMod(rest.constantTerm(), divisor.constantTerm()));
    }
    boolean within = rest.lowerBound() >= 0 && rest.minus(divisor).upperBound() < 0;
    return rest.is(0) || within ? rest : apply(Operation.MOD, rest, divisor);
  }

  /** The smaller of both. */
  public Dim min(Dim other) {
    Dim difference = minus(other);
    if (difference.upperBound() <= 0) {
      return this;
    }
    if (difference.lowerBound() >= 0) {
      return other;
    }
    return ordered(Operation.MIN, other);
  }

  /** The larger of both. */
  public Dim max(Dim other) {
    Dim difference = minus(other);
    if (difference.lowerBound() >= 0) {
      return this;
    }
    if (difference.upperBound() <= 0) {
      return other;
    }
    return ordered(Operation.MAX, other);
  }

  private Dim ordered(Operation operation, Dim other) {
    if (isOperandOf(other)) {
      return absorb(operation, this, other);
    }
    if (other.isOperandOf(this)) {
      return absorb(operation, other, this);
    }
    boolean swap = toString().compareTo(other.toString()) > 0;
    return apply(operation, swap ? other : this, swap ? this : other);
  }

  /** Whether {@code other} is a minimum or maximum of this and something else. */
  private boolean isOperandOf(Dim other) {
    return other.monomials.length == 1
        && other.coefficients[0] == 1
        && other.monomials[0].atoms().size() == 1
        && other.monomials[0].atoms().getFirst() instanceof Apply apply
        && (apply.operation() == Operation.MIN || apply.operation() == Operation.MAX)
        && (equals(apply.left()) || equals(apply.right()));
  }

  /** {@code min(a,min(a,b)) == min(a,b)}, {@code max(a,min(a,b)) == a}. */
  private static Dim absorb(Operation operation, Dim operand, Dim compound) {
    Apply apply = (Apply) compound.monomials[0].atoms().getFirst();
    return apply.operation() == operation ? compound : operand;
  }

  private static Dim apply(Operation operation, Dim left, Dim right) {
    String name =
        switch (operation) {
          case FLOOR_DIV -> "div";
          case MOD -> "mod";
          case MIN -> "min";
          case MAX -> "max";
        };
    return ofAtom(new Apply(operation, left, right, name + "(" + left + "," + right + ")"));
  }

  /**
   * This divided by {@code divisor}, if that leaves no remainder as polynomials with whole
   * coefficients: {@code (b*s + b) / (s+1) == b}.
   */
  public Optional<Dim> divideExactly(Dim divisor) {
    if (divisor.is(0)) {
      return Optional.empty();
    }
    int lead = divisor.leading();
    Dim quotient = ZERO;
    Dim rest = this;
    while (rest.monomials.length > 0) {
      int top = rest.leading();
      Optional<Monomial> monomial = rest.monomials[top].dividedBy(divisor.monomials[lead]);
      if (monomial.isEmpty() || rest.coefficients[top] % divisor.coefficients[lead] != 0) {
        return Optional.empty();
      }
      TreeMap<Monomial, Long> term = new TreeMap<>();
      term.put(monomial.get(), rest.coefficients[top] / divisor.coefficients[lead]);
      Dim part = new Dim(term);
      quotient = quotient.plus(part);
      rest = rest.minus(part.times(divisor));
    }
    return Optional.of(quotient);
  }

  /** Index of the largest monomial in the graded order, which multiplication respects. */
  private int leading() {
    int best = 0;
    for (int i = 1; i < monomials.length; i++) {
      int c = Integer.compare(monomials[i].atoms().size(), monomials[best].atoms().size());
      if (c > 0 || (c == 0 && monomials[i].compareTo(monomials[best]) > 0)) {
        best = i;
      }
    }
    return best;
  }

  /** The largest product of a positive number and atoms that divides all terms of both. */
  private Dim commonFactor(Dim other) {
    List<Atom> atoms = new ArrayList<>(other.monomials[0].atoms());
    long number = 0;
    for (Dim dim : List.of(this, other)) {
      for (int i = 0; i < dim.monomials.length; i++) {
        number = gcd(number, dim.coefficients[i]);
        List<Atom> left = new ArrayList<>(dim.monomials[i].atoms());
        atoms.removeIf(atom -> !left.remove(atom));
      }
    }
    TreeMap<Monomial, Long> term = new TreeMap<>();
    term.put(new Monomial(List.copyOf(atoms)), number);
    return new Dim(term);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? Math.abs(a) : gcd(b, a % b);
  }

  /** What is left of this when the terms that a divisor of one term divides are taken away. */
  private Dim remainderTerms(Dim divisor) {
    if (divisor.monomials.length != 1) {
      return this;
    }
    TreeMap<Monomial, Long> rest = new TreeMap<>();
    for (int i = 0; i < monomials.length; i++) {
      boolean divides = monomials[i].dividedBy(divisor.monomials[0]).isPresent();
      long c = divisor.coefficients[0];
      rest.put(monomials[i], divides ? Math.floorMod(coefficients[i], c) : coefficients[i]);
    }
    return new Dim(rest);
  }

  /** The largest number that this is provably not below, {@link Long#MIN_VALUE} for none. */
  public long lowerBound() {
    return isConstant() ? constantTerm() : bounds().low();
  }

  /** The smallest number that this is provably not above, {@link Long#MAX_VALUE} for none. */
  public long upperBound() {
    return isConstant() ? constantTerm() : bounds().high();
  }

  /** Whether both can have the same value, as far as their bounds tell. */
  public boolean mayEqual(Dim other) {
    DimBounds difference = minus(other).bounds();
    return difference.low() <= 0 && difference.high() >= 0;
  }

  private DimBounds bounds() {
    DimBounds sum = DimBounds.of(0);
    for (int i = 0; i < monomials.length; i++) {
      DimBounds product = DimBounds.of(coefficients[i]);
      for (Atom atom : monomials[i].atoms()) {
        product = product.times(bounds(atom));
      }
      sum = sum.plus(product);
    }
    return sum;
  }

  private static DimBounds bounds(Atom atom) {
    return switch (atom) {
      case Symbol _ -> DimBounds.EXTENT;
      case Apply apply -> {
        DimBounds left = apply.left().bounds();
        DimBounds right = apply.right().bounds();
        yield switch (apply.operation()) {
          case FLOOR_DIV -> left.floorDiv(right);
          case MOD -> left.mod(right);
          case MIN -> left.min(right);
          case MAX -> left.max(right);
        };
      }
    };
  }

  private SortedMap<Monomial, Long> terms() {
    TreeMap<Monomial, Long> terms = new TreeMap<>();
    for (int i = 0; i < monomials.length; i++) {
      terms.put(monomials[i], coefficients[i]);
    }
    return terms;
  }

  /** The names of the symbols in this dim. */
  public Set<String> symbols() {
    Set<String> names = new TreeSet<>();
    collect(names);
    return names;
  }

  private void collect(Set<String> names) {
    for (Monomial monomial : monomials) {
      for (Atom atom : monomial.atoms()) {
        switch (atom) {
          case Symbol symbol -> names.add(symbol.name());
          case Apply apply -> {
            apply.left().collect(names);
            apply.right().collect(names);
          }
        }
      }
    }
  }

  /**
   * The value under an assignment of its symbols.
   *
   * @throws ArithmeticException on overflow or division by zero
   */
  public long evaluate(ToLongFunction<String> symbols) {
    long sum = 0;
    for (int i = 0; i < monomials.length; i++) {
      long product = coefficients[i];
      List<Atom> atoms = monomials[i].atoms();
      for (int j = 0; j < atoms.size(); j++) {
        product = Math.multiplyExact(product, value(atoms.get(j), symbols));
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  private static long value(Atom atom, ToLongFunction<String> symbols) {
    return switch (atom) {
      case Symbol symbol -> symbols.applyAsLong(symbol.name());
      case Apply apply -> {
        long left = apply.left().evaluate(symbols);
        long right = apply.right().evaluate(symbols);
        yield switch (apply.operation()) {
          case FLOOR_DIV -> Math.floorDiv(left, right);
          case MOD -> Math.floorMod(left, right);
          case MIN -> Math.min(left, right);
          case MAX -> Math.max(left, right);
        };
      }
    };
  }

  /** This dim with symbols replaced; symbols that are not in the map stay. */
  public Dim substitute(Map<String, Dim> replacements) {
    if (isConstant() || replacements.isEmpty()) {
      return this;
    }
    Dim sum = ZERO;
    Map<Atom, Dim> memo = new HashMap<>();
    for (int i = 0; i < monomials.length; i++) {
      Dim product = of(coefficients[i]);
      for (Atom atom : monomials[i].atoms()) {
        product = product.times(memo.computeIfAbsent(atom, a -> replace(a, replacements)));
      }
      sum = sum.plus(product);
    }
    return sum;
  }

  private static Dim replace(Atom atom, Map<String, Dim> replacements) {
    return switch (atom) {
      case Symbol symbol -> replacements.getOrDefault(symbol.name(), ofAtom(symbol));
      case Apply apply -> {
        Dim left = apply.left().substitute(replacements);
        Dim right = apply.right().substitute(replacements);
        yield switch (apply.operation()) {
          case FLOOR_DIV -> left.floorDiv(right);
          case MOD -> left.mod(right);
          case MIN -> left.min(right);
          case MAX -> left.max(right);
        };
      }
    };
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Dim dim
            && hash == dim.hash
            && Arrays.equals(coefficients, dim.coefficients)
            && Arrays.equals(monomials, dim.monomials));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  /** Text that {@link DimParser#parse} reads back, e.g. {@code 2*batch*seq + div(seq,2) - 1}. */
  @Override
  public String toString() {
    if (monomials.length == 0) {
      return "0";
    }
    StringBuilder text = new StringBuilder();
    for (int i = monomials.length - 1; i >= 0; i--) {
      long c = coefficients[i];
      if (text.isEmpty()) {
        text.append(c < 0 ? "-" : "");
      } else {
        text.append(c < 0 ? "-" : "+");
      }
      String magnitude = c == Long.MIN_VALUE ? "9223372036854775808" : Long.toString(Math.abs(c));
      List<Atom> atoms = monomials[i].atoms();
      if (atoms.isEmpty()) {
        text.append(magnitude);
        continue;
      }
      if (!magnitude.equals("1")) {
        text.append(magnitude).append('*');
      }
      for (int j = 0; j < atoms.size(); j++) {
        text.append(j == 0 ? "" : "*").append(atoms.get(j).text());
      }
    }
    return text.toString();
  }
}
