package fluidml.emit.jvm;

import fluidml.emit.x86.ByteTiles;
import fluidml.loop.Target;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** What the running JVM offers. */
public final class HostTarget {
  /** The flag that makes vectors available. */
  public static final String VECTOR_FLAG = "--add-modules jdk.incubator.vector";

  /** The Java release whose internals code calls; another may have other ones. */
  private static final int INTRINSIC_RELEASE = 25;

  private HostTarget() {}

  /** Whether the Vector API module is there; without it kernels are scalar and slow. */
  public static boolean hasVectorModule() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  /**
   * Whether code may call what the Vector API itself calls, so that kernels are ready sooner. That
   * takes bytes as they lie in memory, and files have them as little-endian machines do. Two flags
   * allow it: {@code --add-exports=java.base/jdk.internal.vm.vector=ALL-UNNAMED} and {@code
   * --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED}.
   */
  public static boolean hasIntrinsics() {
    Module self = HostTarget.class.getModule();
    Module base = Object.class.getModule();
    return Runtime.version().feature() == INTRINSIC_RELEASE
        && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
        && hasVectorModule()
        && base.isExported("jdk.internal.vm.vector", self)
        && base.isExported("jdk.internal.misc", self);
  }

  /** Width of the machine's vectors: 128, 256 or 512, or 0 without the module. */
  public static int vectorBits() {
    return hasVectorModule() ? Widest.bits() : 0;
  }

  /** Whether machine code for products of bytes runs here, beside vectors of 512 bits. */
  public static boolean hasByteProducts() {
    return vectorBits() == 512 && ByteTiles.isFast();
  }

  /** Unchecked code at the preferred vector width, or scalar code without the module. */
  public static Target detect() {
    return new Target(vectorBits(), false);
  }

  /** Loaded only when the module is there. */
  private static final class Widest {
    static int bits() {
      int preferred = FloatVector.SPECIES_PREFERRED.vectorBitSize();
      return preferred < 128 ? 0 : Math.min(512, Integer.highestOneBit(preferred));
    }
  }
}
