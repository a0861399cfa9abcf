package fluidml.memory;

import java.util.List;

/**
 * Fills the valleys of a skyline from the bottom up, like best fit for cutting stock (Burke and
 * others, 2004): in a valley between higher walls, the section that still has most to hold gets the
 * heaviest buffer that covers it and fits between the walls, else the valley gets any that fits,
 * else it rises to its lower wall. Takes about n log n time however many buffers are live together.
 * Problems with fixed offsets are placed first fit instead, largest first.
 *
 * <p>With several rounds, buffers that came out on top gain weight for the next one (squeaky wheel
 * optimisation, Joslin and Clements, 1999), until a plan meets the lower bound.
 *
 * @param name the planner's name
 * @param weight which buffer is the heaviest
 * @param rounds plans to make, of which the best is taken; fewer for very many buffers
 */
record ValleyPlanner(String name, Weight weight, int rounds) implements MemoryPlanner {
  /** Buffers of all rounds together, beyond the first few. */
  private static final int MOST_PLACED = 800_000;

  private static final int FEW_ROUNDS = 4;

  /** Which of the buffers that fit is taken. */
  enum Weight {
    /** The one that covers most sections. */
    SECTIONS,
    /** The largest product of sections and the root of the bytes. */
    BALANCED,
    /** The one that covers most sections, of those in the highest class of bytes, fine classes. */
    FINE_CLASS,
    /** The one that covers most sections, of those in the highest class of bytes. */
    CLASS,
    /** The largest product of sections and bytes. */
    AREA;

    private static final double CLASS_STEP = 1e8;

    double of(double sections, double bytes) {
      return switch (this) {
        case SECTIONS -> sections;
        case BALANCED -> sections * Math.sqrt(bytes);
        case FINE_CLASS -> Math.floor(4 * Math.log(bytes)) * CLASS_STEP + sections;
        case CLASS -> Math.floor(2 * Math.log(bytes)) * CLASS_STEP + sections;
        case AREA -> sections * bytes;
      };
    }
  }

  /** Returns a planner for each weight, the one that meets the bound most often first. */
  static List<MemoryPlanner> all() {
    return List.of(
        new ValleyPlanner("valley-sections", Weight.SECTIONS, 1),
        new ValleyPlanner("valley-class", Weight.CLASS, 1),
        new ValleyPlanner("valley-balanced", Weight.BALANCED, 1),
        new ValleyPlanner("valley-fine-class", Weight.FINE_CLASS, 1),
        new ValleyPlanner("valley-area", Weight.AREA, 1));
  }

  /** Returns planners that take several rounds. */
  static List<MemoryPlanner> squeaky() {
    return List.of(
        new ValleyPlanner("squeaky-sections", Weight.SECTIONS, 20),
        new ValleyPlanner("squeaky-area", Weight.AREA, 20),
        new ValleyPlanner("squeaky-balanced", Weight.BALANCED, 20));
  }

  @Override
  public MemoryPlan planBlocks(MemoryProblem problem) {
    if (problem.spans().anyFixed()) {
      return new GreedyPlanner(name, BufferOrder.SIZE, Placement.Fit.FIRST).planBlocks(problem);
    }
    Valleys valleys = new Valleys(problem, weight::of);
    MemoryPlan best = valleys.plan(name);
    long goal = problem.goal();
    int most = Math.max(FEW_ROUNDS, MOST_PLACED / Math.max(1, problem.count()));
    for (int i = 1; i < Math.min(rounds, most) && best.arenaBytes() > goal; i++) {
      valleys.boost((goal + valleys.arena()) / 2);
      MemoryPlan next = valleys.plan(name);
      best = next.arenaBytes() < best.arenaBytes() ? next : best;
    }
    return best;
  }
}
