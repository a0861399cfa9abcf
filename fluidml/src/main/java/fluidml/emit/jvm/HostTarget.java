package fluidml.emit.jvm;

import fluidml.loop.Target;
import jdk.incubator.vector.FloatVector;

/** What the running JVM offers. */
public final class HostTarget {
  /** The flag that makes vectors available. */
  public static final String VECTOR_FLAG = "--add-modules jdk.incubator.vector";

  private HostTarget() {}

  /** Whether the Vector API module is there; without it kernels are scalar and slow. */
  public static boolean hasVectorModule() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /** Unchecked code at the preferred vector width, or scalar code without the module. */
  public static Target detect() {
    return new Target(hasVectorModule() ? Widest.bits() : 0, false);
  }

  /** Loaded only when the module is there. */
  private static final class Widest {
    static int bits() {
      int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
      return preferred < 128 ? 0 : Math.min(512, Integer.highestOneBit(preferred));
    }
  }
}
