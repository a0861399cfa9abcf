package fluidml.memory.order;

/**
 * An order with its memory.
 *
 * @param order numbers of the steps
 * @param peakBytes memory of the order
 * @param givenBytes memory of the given order
 * @param optimal whether no order needs less
 */
public record OrderSolution(int[] order, long peakBytes, long givenBytes, boolean optimal) {
  public OrderSolution {
    order = order.clone();
  }

  @Override
  public int[] order() {
    return order.clone();
  }

  /** Whether the order is better than the given one. */
  public boolean isBetter() {
    return peakBytes < givenBytes;
  }
}
