package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import java.util.Optional;

/** Takes finished elements of a product: applies what is fused behind them and writes them. */
@FunctionalInterface
public interface ProductStore {
  /**
   * Writes statements that consume one vector (or one element). They stand in a procedure of their
   * own, where only sizes and the arguments are visible.
   *
   * @param value elements that are neighbours in a row of the product, in registers of the
   *     accumulator's type
   * @param batch which of the products
   * @param column of the first element
   * @param mask the lanes that exist; empty for all
   */
  void store(BodyBuilder body, Expr value, Expr batch, Expr row, Expr column, Optional<Expr> mask);
}
