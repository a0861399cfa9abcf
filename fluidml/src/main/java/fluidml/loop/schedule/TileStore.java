package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import java.util.List;
import java.util.Optional;

/** Takes finished elements of a result: applies what is fused behind them and writes them. */
@FunctionalInterface
public interface TileStore {
  /**
   * Writes statements that consume one vector (or one element).
   *
   * @param value elements that are consecutive along axis 1, as many as it has lanes
   * @param coordinates the logical index {@code [n, channel, spatial…]} of the first element
   * @param mask the lanes that exist; empty for all
   */
  void store(BodyBuilder body, Expr value, List<Expr> coordinates, Optional<Expr> mask);
}
