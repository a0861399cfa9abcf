package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.loop.Target;
import fluidml.lower.Decisions;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Lowering;
import fluidml.reference.Datum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which table of measured costs and choices is used.
 *
 * @param used whether one is used at all
 * @param path where it lies; empty for the usual place, see {@link CostFile#usualPath}
 */
public record Tuning(boolean used, Optional<Path> path) {
  /** The table at the usual place, if there is one. */
  public static final Tuning USUAL = new Tuning(true, Optional.empty());

  /** None: the analytic choice. */
  public static final Tuning NONE = new Tuning(false, Optional.empty());

  /** The table at a place, for example one shipped with the model. */
  public static Tuning at(Path path) {
    return new Tuning(true, Optional.of(path));
  }

  /** The table's file on this machine. */
  public CostFile file(Target target) {
    Machine machine = Machine.here(target);
    return new CostFile(path.orElseGet(() -> CostFile.usualPath(machine)), machine);
  }

  /** What was chosen for a graph, if it was tuned on this machine. */
  public Optional<CostTable.Choice> choice(
      Graph graph, Target target, List<Lowering> lowerings, boolean fuse, int threads) {
    if (!used) {
      return Optional.empty();
    }
    CostFile file = file(target);
    return Files.exists(file.path())
        ? file.read().choice(Tuner.key(graph, target, lowerings, fuse, threads))
        : Optional.empty();
  }

  /**
   * What the measured costs say about a run.
   *
   * @param program of the graph that the other arguments belong to
   * @param inputs one datum for each input
   * @return empty if there is no table
   */
  public Optional<Prediction> prediction(
      LoweredProgram program, Datum[] inputs, List<Lowering> lowerings, boolean fuse, int threads) {
    if (!used || !Files.exists(file(program.target()).path())) {
      return Optional.empty();
    }
    String key = Tuner.key(program.graph(), program.target(), lowerings, fuse, threads);
    CostTable table = file(program.target()).read();
    return Optional.of(Prediction.of(program, inputs, threads, key, table));
  }

  /** Like {@link #choice}, as decisions for lowering; nothing is decided without a choice. */
  public Decisions decisions(
      Graph graph, Target target, List<Lowering> lowerings, boolean fuse, int threads) {
    return choice(graph, target, lowerings, fuse, threads)
        .map(CostTable.Choice::decisions)
        .orElse(Decisions.NONE);
  }
}
