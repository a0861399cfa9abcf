package fluidml.lower;

import fluidml.loop.Expr;
import java.util.List;
import java.util.Optional;

/**
 * A place in an index space, or a vector of places that are neighbours along one axis.
 *
 * @param indices I64 scalars, one for each axis: the (first) place
 * @param vectorAxis the axis along which the lanes lie; −1 if {@code lanes} is 1
 * @param lanes number of places
 * @param mask which lanes exist; empty if all do
 */
public record Point(List<Expr> indices, int vectorAxis, int lanes, Optional<Expr> mask) {
  public Point {
    indices = List.copyOf(indices);
  }

  /** One place. */
  public static Point scalar(List<Expr> indices) {
    return new Point(indices, -1, 1, Optional.empty());
  }

  /** Neighbours along an axis; with one lane a single place. */
  public static Point vector(List<Expr> indices, int axis, int lanes, Optional<Expr> mask) {
    return new Point(indices, lanes == 1 ? -1 : axis, lanes, mask);
  }
}
