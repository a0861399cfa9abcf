package fluidml.tune;

import fluidml.loop.Kernel;
import fluidml.lower.KernelCall;
import fluidml.lower.Step;
import fluidml.tensor.Dim;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.ToLongFunction;

/** Names a step by everything its time depends on: the code, its sizes, the threads. */
final class CallKey {
  private final Map<Kernel, String> fingerprints = new HashMap<>();

  /** Programs of one graph share kernels, and comparing two takes long. */
  private final IdentityHashMap<Kernel, String> seen = new IdentityHashMap<>();

  private final ToLongFunction<Dim> extents;
  private final int threads;

  /**
   * Keys under certain input extents.
   *
   * @param extents the number behind a dim
   */
  CallKey(ToLongFunction<Dim> extents, int threads) {
    this.extents = extents;
    this.threads = threads;
  }

  String of(Step step) {
    if (!(step instanceof Step.Call(KernelCall call))) {
      return "step-"
          + step.label().replace(' ', '_')
          + "-"
          + step.nodes().getFirst().name().hashCode();
    }
    StringBuilder key =
        new StringBuilder(
            seen.computeIfAbsent(
                call.kernel(),
                k -> fingerprints.computeIfAbsent(k, d -> d.fingerprint().substring(0, 16))));
    key.append("/t").append(threads).append('/');
    long hash = 17;
    for (Dim size : call.sizes()) {
      hash = hash * 1_000_003 + extents.applyAsLong(size);
    }
    return key.append(Long.toHexString(hash)).toString();
  }
}
