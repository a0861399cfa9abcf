package fluidml.emit.jvm;

import fluidml.loop.Target;

/** What emitted code calls for vectors and memory. */
public enum CallForm {
  /** The Vector API and {@code MemorySegment}: always there. */
  API,
  /**
   * The methods below them that the JIT replaces by instructions, which need {@link
   * HostTarget#hasIntrinsics}. An operation is one call, instead of a dozen that must be inlined:
   * C2 compiles kernels in a third of the time.
   */
  INTRINSICS;

  /** The best form that this JVM allows. */
  public static CallForm ofHost() {
    return HostTarget.hasIntrinsics() ? INTRINSICS : API;
  }

  /** The form of code that is emitted for a target in this JVM. */
  public static CallForm of(Target target) {
    return target.checked() ? API : ofHost();
  }
}
