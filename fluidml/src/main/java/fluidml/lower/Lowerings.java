package fluidml.lower;

import java.util.List;

/** The lowerings in the order in which they are asked. */
public final class Lowerings {
  private Lowerings() {}

  /** Every lowering; each says no to what it does not compute. */
  public static List<Lowering> all() {
    return List.of(
        new AttentionLowering(),
        new WindowLowering(),
        new ConvolutionLowering(),
        new MatMulLowering(),
        new MapLowering(),
        new MovementLowering(),
        new IndexingLowering(),
        new GenerationLowering(),
        new RowLowering(),
        new ReduceLowering(),
        new RunningLowering(),
        new NormalizationLowering());
  }
}
