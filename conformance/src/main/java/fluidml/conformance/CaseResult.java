package fluidml.conformance;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How one case went on one engine.
 *
 * @param engine the engine's name
 * @param name the case's name
 * @param status the outcome
 * @param message why it did not pass; empty if it did
 * @param knownGap its entry in the list of known gaps, if it is listed
 * @param fallbacks nodes that ran on the interpreter instead of generated code
 * @param millis time of loading and running
 */
record CaseResult(
    String engine,
    String name,
    Status status,
    String message,
    Optional<KnownGap> knownGap,
    List<Engine.Fallback> fallbacks,
    long millis) {
  CaseResult {
    fallbacks = List.copyOf(fallbacks);
  }

  /** An outcome. */
  enum Status {
    /** Every output is as expected. */
    PASS,
    /** A wrong output, an exception, or no result in time. */
    FAIL,
    /** The engine says that it does not support the model. */
    UNSUPPORTED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Whether this contradicts the list of known gaps. */
  boolean isUnexpected() {
    return status == Status.PASS
        ? knownGap.isPresent() && !knownGap.get().varies()
        : knownGap.isEmpty();
  }
}
