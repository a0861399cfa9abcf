package fluidml.cli;

import fluidml.Options;
import fluidml.memory.Planners;
import fluidml.vm.MemoryStrategy;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * One set of switches of an ablation.
 *
 * @param layout {@code row-major}, {@code default}, {@code sequence} or {@code global}
 * @param loops whether tiles, loop orders and algorithms are chosen by measurement
 * @param memory {@code no-reuse}, {@code tables}, {@code greedy-by-size} or {@code best}
 * @param fusion whether operators share kernels
 */
record Ablation(String layout, boolean loops, String memory, boolean fusion) {
  /** Where values lie. */
  static final List<String> LAYOUTS = List.of("row-major", "default", "sequence", "global");

  /** How the arena is planned. */
  static final List<String> MEMORY = List.of("no-reuse", "tables", "greedy-by-size", "best");

  /** What all others are compared with: the rules of the lowering, everything else at its best. */
  static final Ablation BASE = new Ablation("default", false, "best", true);

  /** The product of all switches. */
  static List<Ablation> all() {
    List<Ablation> all = new ArrayList<>();
    for (boolean fusion : new boolean[] {true, false}) {
      for (String memory : MEMORY.reversed()) {
        for (String layout : LAYOUTS) {
          for (boolean loops : new boolean[] {false, true}) {
            all.add(new Ablation(layout, loops, memory, fusion));
          }
        }
      }
    }
    return all;
  }

  /**
   * What most want to know: all layouts with and without other loops, then the other switches one
   * by one, then nothing at all.
   */
  static List<Ablation> some() {
    Set<Ablation> some = new LinkedHashSet<>();
    for (String layout : LAYOUTS) {
      some.add(new Ablation(layout, false, "best", true));
      some.add(new Ablation(layout, true, "best", true));
    }
    for (String memory : MEMORY.reversed()) {
      some.add(new Ablation("global", true, memory, true));
    }
    some.add(new Ablation("default", false, "best", false));
    some.add(new Ablation("global", true, "best", false));
    some.add(new Ablation("row-major", false, "no-reuse", false));
    return List.copyOf(some);
  }

  /** For people. */
  String label() {
    return "%s layout, %s loops, %s memory, %s"
        .formatted(layout, loops ? "reordered" : "fixed", memory, fusion ? "fusion" : "no fusion");
  }

  private boolean bestMemory() {
    return memory.equals("best");
  }

  private String planner() {
    return bestMemory() ? "thorough" : memory;
  }

  /** Options that run so, except for the table of choices. */
  Options options(Options other) {
    return other
        .withPlanner(Planners.named(planner()))
        .withMemoryStrategy(bestMemory() ? MemoryStrategy.ALL : MemoryStrategy.NONE)
        .withFuse(fusion);
  }

  /** The same for a command. */
  List<String> options() {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--planner", planner()));
    options.addAll(List.of("--memory-strategy", bestMemory() ? "all" : "none"));
    if (!fusion) {
      options.add("--no-fuse");
    }
    return options;
  }
}
