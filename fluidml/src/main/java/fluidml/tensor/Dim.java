package fluidml.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 * <p>Kept in normal form, a polynomial over <em>atoms</em> (symbols and the non-polynomial operations),
 * so that two dims that are equal as polynomials are {@link #equals equal}: {@code (s+1)*2 == 2*s+2}.
 * Unequal dims may still have equal values. Immutable.
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

  sealed interface Atom extends Comparable<Atom> {
    String text();

    @Override
    default int compareTo(Atom other) {
      return text().compareTo(other.text());
    }
  }

  record Symbol(String name) implements Atom {
    @Override
    public String text() {
      return name;
    }
  }

  record Apply(Operation operation, Dim left, Dim right, String text) implements Atom {
    @Override
    public boolean equals(Object other) {
      return other instanceof Apply apply && apply.text.equals(text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }
  }

  /** A product of atoms, sorted; the empty product is 1. */
  private record Monomial(List<Atom> atoms) implements Comparable<Monomial> {
    static final Monomial ONE = new Monomial(List.of());

    Monomial times(Monomial other) {
      if (atoms.isEmpty()) {
        return other;
      }
      if (other.atoms.isEmpty()) {
        return this;
      }
      List<Atom> all = new ArrayList<>(atoms);
      all.addAll(other.atoms);
      all.sort(Comparator.naturalOrder());
      return new Monomial(List.copyOf(all));
    }

    @Override
    public int compareTo(Monomial other) {
      int n = Math.min(atoms.size(), other.atoms.size());
      for (int i = 0; i < n; i++) {
        int c = atoms.get(i).compareTo(other.atoms.get(i));
        if (c != 0) {
          return c;
        }
      }
      return Integer.compare(atoms.size(), other.atoms.size());
    }
  }

  /** Zero. */
  public static final Dim ZERO = new Dim(new TreeMap<>());

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

  /** The number {@code value}. */
  public static Dim of(long value) {
    TreeMap<Monomial, Long> terms = new TreeMap<>();
    terms.put(Monomial.ONE, value);
    return new Dim(terms);
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
    return monomials.length == 0 || (monomials.length == 1 && monomials[0].atoms.isEmpty());
  }

  /** Whether this is the number {@code value}. */
  public boolean is(long value) {
    return isConstant() && constantTerm() == value;
  }

  private long constantTerm() {
    return monomials.length > 0 && monomials[0].atoms.isEmpty() ? coefficients[0] : 0;
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

  /** The quotient rounded towards minus infinity; exact division of polynomials is carried out. */
  public Dim floorDiv(Dim divisor) {
    if (divisor.is(1)) {
      return this;
    }
    if (isConstant() && divisor.isConstant() && !divisor.is(0)) {
      return of(Math.floorDiv(constantTerm(), divisor.constantTerm()));
    }
    Dim exact = divideExactly(divisor);
    return exact != null ? exact : apply(Operation.FLOOR_DIV, this, divisor);
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
    Dim exact = divideExactly(divisor);
    return exact != null ? exact : plus(divisor).minus(ONE).floorDiv(divisor);
  }

  /** The remainder with the divisor's sign. */
  public Dim mod(Dim divisor) {
    if (divisor.is(1) || divideExactly(divisor) != null) {
      return ZERO;
    }
    if (isConstant() && divisor.isConstant() && !divisor.is(0)) {
      return of(Math.floorMod(constantTerm(), divisor.constantTerm()));
    }
    return apply(Operation.MOD, this, divisor);
  }

  /** The smaller of both. */
  public Dim min(Dim other) {
    OptionalLong difference = minus(other).constant();
    if (difference.isPresent()) {
      return difference.getAsLong() <= 0 ? this : other;
    }
    return ordered(Operation.MIN, other);
  }

  /** The larger of both. */
  public Dim max(Dim other) {
    OptionalLong difference = minus(other).constant();
    if (difference.isPresent()) {
      return difference.getAsLong() >= 0 ? this : other;
    }
    return ordered(Operation.MAX, other);
  }

  private Dim ordered(Operation operation, Dim other) {
    boolean swap = toString().compareTo(other.toString()) > 0;
    return apply(operation, swap ? other : this, swap ? this : other);
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

  /** This divided by {@code divisor} if that leaves no remainder as polynomials, else null. */
  private Dim divideExactly(Dim divisor) {
    if (divisor.monomials.length != 1) {
      return equals(divisor) && monomials.length > 0 ? ONE : null;
    }
    TreeMap<Monomial, Long> terms = new TreeMap<>();
    for (int i = 0; i < monomials.length; i++) {
      List<Atom> rest = new ArrayList<>(monomials[i].atoms);
      for (Atom atom : divisor.monomials[0].atoms) {
        if (!rest.remove(atom)) {
          return null;
        }
      }
      if (coefficients[i] % divisor.coefficients[0] != 0) {
        return null;
      }
      terms.put(new Monomial(List.copyOf(rest)), coefficients[i] / divisor.coefficients[0]);
    }
    return new Dim(terms);
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
      for (Atom atom : monomial.atoms) {
        switch (atom) {
          case Symbol symbol -> names.add(symbol.name);
          case Apply apply -> {
            apply.left.collect(names);
            apply.right.collect(names);
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
      List<Atom> atoms = monomials[i].atoms;
      for (int j = 0; j < atoms.size(); j++) {
        product = Math.multiplyExact(product, value(atoms.get(j), symbols));
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  private static long value(Atom atom, ToLongFunction<String> symbols) {
    return switch (atom) {
      case Symbol symbol -> symbols.applyAsLong(symbol.name);
      case Apply apply -> {
        long left = apply.left.evaluate(symbols);
        long right = apply.right.evaluate(symbols);
        yield switch (apply.operation) {
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
      for (Atom atom : monomials[i].atoms) {
        product = product.times(memo.computeIfAbsent(atom, a -> replace(a, replacements)));
      }
      sum = sum.plus(product);
    }
    return sum;
  }

  private static Dim replace(Atom atom, Map<String, Dim> replacements) {
    return switch (atom) {
      case Symbol symbol -> replacements.getOrDefault(symbol.name, ofAtom(symbol));
      case Apply apply -> {
        Dim left = apply.left.substitute(replacements);
        Dim right = apply.right.substitute(replacements);
        yield switch (apply.operation) {
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
      List<Atom> atoms = monomials[i].atoms;
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
