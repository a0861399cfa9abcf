package fluidml.graph.infer;

import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Numpy's broadcasting over symbolic extents.
 *
 * <p>Equal extents stay, 1 gives way (but to an extent that is at most 1: that one is taken to be
 * 1), and a number other than 1 wins over a symbol. Of two symbolic extents that differ, one that
 * cannot be 1 wins, then one that is provably not smaller, else the left: that is right whenever
 * they are equal at run time or the other is 1; whoever binds the symbols checks it with the real
 * extents.
 */
public final class Broadcast {
  private Broadcast() {}

  /** The extent to which both broadcast; empty if they cannot. */
  public static Optional<Dim> dims(Dim a, Dim b) {
    if (a.equals(b)) {
      return Optional.of(a);
    }
    if (a.is(1) || b.is(1)) {
      Dim other = a.is(1) ? b : a;
      return Optional.of(other.isConstant() || other.upperBound() > 1 ? other : Dim.ONE);
    }
    boolean aMayBeOne = a.mayEqual(Dim.ONE);
    boolean bMayBeOne = b.mayEqual(Dim.ONE);
    if (!aMayBeOne && !bMayBeOne) {
      if (!a.mayEqual(b)) {
        return Optional.empty();
      }
      return Optional.of(b.isConstant() ? b : a);
    }
    if (aMayBeOne && bMayBeOne) {
      return Optional.of(a.max(b).equals(b) ? b : a);
    }
    return Optional.of(bMayBeOne ? a : b);
  }

  /** The shape to which both broadcast; empty if they cannot. */
  public static Optional<Shape> shapes(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    List<Dim> dims = new ArrayList<>(rank);
    for (int i = 1; i <= rank; i++) {
      Dim left = i <= a.rank() ? a.dim(-i) : Dim.ONE;
      Dim right = i <= b.rank() ? b.dim(-i) : Dim.ONE;
      Optional<Dim> dim = dims(left, right);
      if (dim.isEmpty()) {
        return Optional.empty();
      }
      dims.add(dim.get());
    }
    Collections.reverse(dims);
    return Optional.of(new Shape(dims));
  }
}
