package fluidml.tune;

import fluidml.lower.Decisions.Algorithm;
import fluidml.lower.Decisions.Tiling;
import java.util.Locale;
import java.util.Optional;

/**
 * One way to compute a contraction or a convolution, besides the layouts of what it touches.
 *
 * @param tiling if it is not the usual one
 * @param algorithm if it is not the usual one
 */
record Way(Optional<Tiling> tiling, Optional<Algorithm> algorithm) {
  /** What the rules of the lowering choose. */
  static final Way USUAL = new Way(Optional.empty(), Optional.empty());

  static Way of(Tiling tiling) {
    return new Way(Optional.of(tiling), Optional.empty());
  }

  static Way of(Algorithm algorithm) {
    return new Way(Optional.empty(), Optional.of(algorithm));
  }

  static Way of(Algorithm algorithm, Tiling tiling) {
    return new Way(Optional.of(tiling), Optional.of(algorithm));
  }

  /** For people and tables; no blanks. */
  String label() {
    String tile = tiling.map(t -> "tile-" + t.label()).orElse("");
    String how = algorithm.map(a -> a.name().toLowerCase(Locale.ROOT)).orElse("");
    return equals(USUAL) ? "default" : how + (how.isEmpty() || tile.isEmpty() ? "" : "-") + tile;
  }
}
