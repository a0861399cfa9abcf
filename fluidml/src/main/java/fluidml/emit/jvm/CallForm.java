package fluidml.emit.jvm;

/** What emitted code calls for vectors and memory. */
public enum CallForm {
  /** The Vector API and {@code MemorySegment}: always there. */
  API,
  /**
   * The methods below them that the JIT replaces by instructions, which need {@link
   * HostTarget#INTRINSIC_FLAGS}. An operation is one call, instead of a dozen that must be inlined:
   * C2 compiles kernels in a third of the time.
   */
  INTRINSICS;

  /** The best form that this JVM allows. */
  public static CallForm ofHost() {
    return Host.FORM;
  }

  private static final class Host {
    static final CallForm FORM = HostTarget.hasIntrinsics() ? INTRINSICS : API;
  }
}
