package fluidml.conformance;

import fluidml.onnx.OnnxFile;
import fluidml.reference.Datum;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs cases on one engine; whatever goes wrong becomes a result. */
final class CaseRunner {
  private final Engine engine;
  private final Duration timeout;
  private final Map<String, KnownGap> knownGaps;
  private final Map<String, Tolerance> tolerances = ProjectFiles.tolerances();

  CaseRunner(Engine engine, Duration timeout) {
    this.engine = engine;
    this.timeout = timeout;
    this.knownGaps = ProjectFiles.knownGaps(engine.gaps());
  }

  /** The engine's name. */
  String engine() {
    return engine.name();
  }

  /**
   * Runs a case on a thread of its own. If it does not end in time, it is interrupted and left
   * behind.
   */
  CaseResult run(TestCase test) {
    long start = System.nanoTime();
    CompletableFuture<Outcome> future = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("case " + test.name())
            .unstarted(() -> future.complete(outcome(test)));
    Outcome outcome;
    try {
      thread.start();
      outcome = future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      outcome = Outcome.failed("no result within " + timeout.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    return new CaseResult(
        engine.name(),
        test.name(),
        outcome.status,
        outcome.message,
        Optional.ofNullable(knownGaps.get(test.name())),
        outcome.fallbacks,
        (System.nanoTime() - start) / 1_000_000);
  }

  private record Outcome(
      CaseResult.Status status, String message, List<Engine.Fallback> fallbacks) {
    static Outcome failed(String message) {
      return new Outcome(CaseResult.Status.FAIL, message, List.of());
    }
  }

  /** Errors count as failures too: a stack overflow in one case is no reason to stop. */
  @SuppressWarnings("CatchingUnchecked")
  private Outcome outcome(TestCase test) {
    try (OnnxFile file = OnnxFile.open(test.model());
        Engine.Loaded loaded = engine.load(test.model())) {
      for (TestCase.DataSet dataSet : test.dataSets()) {
        Optional<String> difference = difference(test, loaded, CaseData.of(file, dataSet));
        if (difference.isPresent()) {
          return new Outcome(CaseResult.Status.FAIL, difference.get(), loaded.fallbacks());
        }
      }
      return new Outcome(CaseResult.Status.PASS, "", loaded.fallbacks());
    } catch (Engine.RefusedException e) {
      return new Outcome(CaseResult.Status.UNSUPPORTED, String.valueOf(e.getMessage()), List.of());
    } catch (Exception | Error e) {
      StackTraceElement[] trace = e.getStackTrace();
      return Outcome.failed(e + (trace.length == 0 ? "" : " at " + trace[0]));
    }
  }

  private Optional<String> difference(TestCase test, Engine.Loaded loaded, CaseData data)
      throws Exception {
    Comparison comparison =
        new Comparison(tolerances.getOrDefault(test.name(), Tolerance.BACKEND_TESTS));
    Map<String, Datum> actual = loaded.run(data.inputs());
    for (Map.Entry<String, Datum> expected : data.expected().entrySet()) {
      if (expected.getValue().isPresent()) {
        Datum result = actual.getOrDefault(expected.getKey(), Datum.absent());
        Optional<String> difference = comparison.difference(result, expected.getValue());
        if (difference.isPresent()) {
          return Optional.of("output '" + expected.getKey() + "': " + difference.get());
        }
      }
    }
    return Optional.empty();
  }
}
