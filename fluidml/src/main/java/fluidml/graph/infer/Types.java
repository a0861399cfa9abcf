package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.Type.NoType;
import fluidml.graph.Type.OptionalType;
import fluidml.graph.Type.SequenceType;
import fluidml.graph.Type.TensorType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Operations on types that inference and importers share. */
public final class Types {
  /**
   * An extent that differs between the elements of a sequence. It stands in types of sequence
   * elements only; a value taken out of the sequence has a symbol of its own in its place.
   */
  public static final Dim ANY = Dim.symbol("_");

  private Types() {}

  /**
   * The most precise type that describes values of both types; empty if their kinds or element
   * types differ. A value and an optional of its type are described by the optional.
   *
   * @param unknown gives the extents in which both differ
   */
  public static Optional<Type> join(Type a, Type b, Supplier<Dim> unknown) {
    if (a.equals(b)) {
      return Optional.of(a);
    }
    if (b instanceof OptionalType && !(a instanceof OptionalType)) {
      return join(b, a, unknown);
    }
    return switch (a) {
      case TensorType left ->
          b instanceof TensorType right && left.dtype() == right.dtype()
              ? Optional.of(
                  new TensorType(left.dtype(), join(left.shape(), right.shape(), unknown)))
              : Optional.empty();
      case SequenceType left ->
          b instanceof SequenceType right
              ? join(left.element(), right.element(), () -> ANY).map(SequenceType::new)
              : Optional.empty();
      case OptionalType left ->
          join(left.element(), b instanceof OptionalType right ? right.element() : b, unknown)
              .map(OptionalType::new);
      case NoType _ -> Optional.empty();
    };
  }

  private static Optional<Shape> join(Optional<Shape> a, Optional<Shape> b, Supplier<Dim> unknown) {
    if (a.isEmpty() || b.isEmpty() || a.get().rank() != b.get().rank()) {
      return Optional.empty();
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < a.get().rank(); i++) {
      dims.add(a.get().dim(i).equals(b.get().dim(i)) ? a.get().dim(i) : unknown.get());
    }
    return Optional.of(new Shape(dims));
  }

  /** A type with every shape in it changed. */
  public static Type mapShapes(Type type, UnaryOperator<Shape> change) {
    return switch (type) {
      case TensorType tensor -> new TensorType(tensor.dtype(), tensor.shape().map(change));
      case SequenceType sequence -> new SequenceType(mapShapes(sequence.element(), change));
      case OptionalType optional -> new OptionalType(mapShapes(optional.element(), change));
      case NoType none -> none;
    };
  }

  /** A type with symbols replaced. */
  public static Type substitute(Type type, Map<String, Dim> replacements) {
    return mapShapes(type, shape -> shape.substitute(replacements));
  }

  /**
   * The type of a value taken out of a sequence: every {@link #ANY} becomes an extent of its own.
   */
  public static Type instantiate(Type element, Supplier<Dim> unknown) {
    return element instanceof TensorType
        ? mapShapes(
            element,
            shape ->
                new Shape(
                    shape.dims().stream().map(d -> d.equals(ANY) ? unknown.get() : d).toList()))
        : element;
  }

  /** The names of the symbols in a type. */
  public static Set<String> symbols(Type type) {
    Set<String> names = new TreeSet<>();
    mapShapes(
        type,
        shape -> {
          shape.dims().forEach(d -> names.addAll(d.symbols()));
          return shape;
        });
    return names;
  }

  /**
   * Whether a value can be of both types: the same kinds, element types and ranks (as far as
   * known), and extents that may be equal.
   */
  public static boolean compatible(Type a, Type b) {
    return switch (a) {
      case TensorType left ->
          b instanceof TensorType right
              && left.dtype() == right.dtype()
              && compatible(left.shape(), right.shape());
      case SequenceType left ->
          b instanceof SequenceType right && compatible(left.element(), right.element());
      case OptionalType left ->
          b instanceof OptionalType right && compatible(left.element(), right.element());
      case NoType _ -> b instanceof NoType;
    };
  }

  private static boolean compatible(Optional<Shape> a, Optional<Shape> b) {
    if (a.isEmpty() || b.isEmpty()) {
      return true;
    }
    boolean same = a.get().rank() == b.get().rank();
    for (int i = 0; same && i < a.get().rank(); i++) {
      same = a.get().dim(i).mayEqual(b.get().dim(i));
    }
    return same;
  }
}
