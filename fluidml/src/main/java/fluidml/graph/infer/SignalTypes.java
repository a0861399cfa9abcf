package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Signal;
import fluidml.graph.op.Signal.Determinant;
import fluidml.graph.op.Signal.Dft;
import fluidml.graph.op.Signal.MelWeightMatrix;
import fluidml.graph.op.Signal.Stft;
import fluidml.graph.op.Signal.WindowFunction;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.List;
import java.util.Optional;

/** Result types of signal processing. */
final class SignalTypes {
  private SignalTypes() {}

  static List<Type> infer(Site site, Signal op) {
    return switch (op) {
      case Dft dft -> {
        site.arity(1, 3);
        yield site.one(
            site.requireFloat(0), site.rank(0, 2, Integer.MAX_VALUE).map(s -> dft(site, s, dft)));
      }
      case Stft stft -> stft(site, stft);
      case MelWeightMatrix mel -> {
        site.arity(5, 5);
        Dim bins = scalar(site, 0).orElseGet(site::fresh);
        Dim spectrum = scalar(site, 1).map(n -> n.floorDiv(2).plus(1)).orElseGet(site::fresh);
        yield site.one(mel.dtype(), Shape.of(spectrum, bins));
      }
      case WindowFunction window -> {
        site.arity(1, 1);
        yield site.one(window.dtype(), Shape.of(scalar(site, 0).orElseGet(site::fresh)));
      }
      case Determinant _ -> {
        site.arity(1, 1);
        site.requireFloat(0);
        yield site.one(
            site.dtype(0),
            site.rank(0, 2, Integer.MAX_VALUE)
                .map(
                    s -> {
                      site.agree(s.dim(-2), s.dim(-1), "rows and columns");
                      return new Shape(s.dims().subList(0, s.rank() - 2));
                    }));
      }
    };
  }

  private static Optional<Dim> scalar(Site site, int index) {
    if (!site.has(index)) {
      return Optional.empty();
    }
    site.requireIndex(index);
    return site.scalar(index);
  }

  private static Shape dft(Site site, Shape x, Dft op) {
    Optional<Dim> given = site.has(2) ? scalar(site, 2) : Optional.of(Dim.of(-2));
    if (given.isEmpty() || !given.get().isConstant()) {
      return site.freshShape(x.rank());
    }
    int axis = site.axis(given.get().constant().getAsLong(), x.rank());
    boolean toReal = op.inverse() && op.oneSided();
    Dim own = toReal ? x.dim(axis).plus(-1).times(2) : x.dim(axis);
    Dim length = site.has(1) ? scalar(site, 1).orElseGet(site::fresh) : own;
    Dim bins = op.oneSided() && !op.inverse() ? length.floorDiv(2).plus(1) : length;
    return x.withDim(axis, bins).withDim(-1, Dim.of(toReal ? 1 : 2));
  }

  private static List<Type> stft(Site site, Stft op) {
    site.arity(2, 4);
    site.requireFloat(0);
    Optional<Shape> x = site.rank(0, 2, 3);
    Optional<Dim> window = site.has(2) ? site.rank(2, 1).map(s -> s.dim(0)) : Optional.empty();
    Dim length = (site.has(3) ? scalar(site, 3) : window).orElseGet(site::fresh);
    Dim batch = x.map(s -> s.dim(0)).orElseGet(site::fresh);
    Optional<Dim> step = scalar(site, 1);
    boolean forward = step.map(n -> n.constant().orElse(1) > 0).orElse(true);
    site.require(forward, 1, "must be a positive frame step");
    Dim frames =
        x.isPresent() && step.isPresent()
            ? x.get().dim(1).minus(length).floorDiv(step.get()).plus(1)
            : site.fresh();
    Dim bins = op.oneSided() ? length.floorDiv(2).plus(1) : length;
    return site.one(site.dtype(0), Shape.of(batch, frames, bins, Dim.of(2)));
  }
}
