package fluidml.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A product of atoms, sorted; the empty product is 1. */
record Monomial(List<Atom> atoms) implements Comparable<Monomial> {
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

  Optional<Monomial> dividedBy(Monomial divisor) {
    List<Atom> rest = new ArrayList<>(atoms);
    for (Atom atom : divisor.atoms) {
      if (!rest.remove(atom)) {
        return Optional.empty();
      }
    }
    return Optional.of(new Monomial(List.copyOf(rest)));
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

  /** What a product is made of, ordered by its text. */
  sealed interface Atom extends Comparable<Atom> {
    String text();

    @Override
    default int compareTo(Atom other) {
      return text().compareTo(other.text());
    }
  }

  /** A named number. */
  record Symbol(String name) implements Atom {
    @Override
    public String text() {
      return name;
    }
  }

  /** An operation that a polynomial cannot express; {@code text} tells it from others. */
  record Apply(Dim.Operation operation, Dim left, Dim right, String text) implements Atom {
    @Override
    public boolean equals(Object other) {
      return other instanceof Apply apply && apply.text.equals(text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }
  }
}
