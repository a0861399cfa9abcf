package fluidml.memory;

/**
 * Which of several buffers that can lie on a floor is tried first: longest, most loaded section,
 * largest area, largest size and so on in turns, with some noise after the first round. The noise
 * depends on nothing but the turn.
 */
final class ChildOrder {
  /** Number of rules. */
  static final int RULES = 6;

  private static final double NOISE = 2;

  private final SearchState state;
  private final double[] weight;
  private long seed = 0x9E3779B97F4A7C15L;

  ChildOrder(SearchState state) {
    this.state = state;
    weight = new double[state.count];
  }

  /** Sorts by a rule from now on. */
  void choose(int rule, int round) {
    for (int i = 0; i < weight.length; i++) {
      double most = 0;
      double sum = 0;
      for (int k = state.from[i]; k < state.to[i]; k++) {
        most = Math.max(most, (double) state.fullLoad(k));
        sum += state.fullLoad(k);
      }
      double length = Math.log(state.to[i] - state.from[i]);
      double size = Math.log((double) state.size[i]);
      double value =
          switch (rule) {
            case 0 -> 10 * length + 0.01 * size;
            case 1 -> 1000 * most / peak() + length + size;
            case 2 -> 1000 * most / peak() + 10 * length + 0.01 * size;
            case 3 -> 10 * (length + size);
            case 4 -> 10 * size + 0.01 * length;
            default -> 10 * Math.log(sum);
          };
      weight[i] = round == 0 ? value : value + NOISE * noise();
    }
  }

  private double peak() {
    return Math.max(1, state.peakLoad());
  }

  /** Returns about normally distributed numbers with deviation 1. */
  private double noise() {
    double sum = 0;
    for (int i = 0; i < 12; i++) {
      seed ^= seed << 13;
      seed ^= seed >>> 7;
      seed ^= seed << 17;
      sum += (seed >>> 11) * 0x1p-53;
    }
    return sum - 6;
  }

  boolean before(int a, int b) {
    return weight[a] > weight[b];
  }
}
