package fluidml.lower;

import java.util.ArrayList;
import java.util.List;

/** The lowerings in the order in which they are asked. */
public final class Lowerings {
  private Lowerings() {}

  /** Every lowering; each says no to what it does not compute. */
  public static List<Lowering> all() {
    List<Lowering> all = new ArrayList<>();
    all.add(new WinogradLowering());
    for (Lowering lowering : ofDefinitions()) {
      if (lowering instanceof ConvolutionLowering) {
        all.add(ConvolutionLowering.ofMergedGroups());
      }
      all.add(lowering);
    }
    return turned(all);
  }

  /** Those that compute what the definitions of the operators say, term by term. */
  public static List<Lowering> strict() {
    return turned(ofDefinitions());
  }

  private static List<Lowering> turned(List<Lowering> lowerings) {
    return lowerings.stream().map(NeighbouringChannels::of).toList();
  }

  private static List<Lowering> ofDefinitions() {
    return List.of(
        new AttentionLowering(),
        new WindowLowering(),
        new ConvolutionLowering(),
        new ByteConvolutionLowering(),
        new MatMulLowering(),
        new MapLowering(),
        new MovementLowering(),
        new IndexingLowering(),
        new ResizeLowering(),
        new GenerationLowering(),
        new RowLowering(),
        new ReduceLowering(),
        new RunningLowering(),
        new NormalizationLowering(),
        new RecurrentLowering());
  }
}
