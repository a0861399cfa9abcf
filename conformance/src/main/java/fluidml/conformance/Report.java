package fluidml.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fluidml.file.AtomicFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What is printed and saved about a run. */
final class Report {
  private final List<String> engines;
  private final List<CaseResult> results;

  /** A report over the results of engines, which are listed in that order. */
  Report(List<String> engines, List<CaseResult> results) {
    this.engines = List.copyOf(engines);
    this.results = List.copyOf(results);
  }

  private long count(String engine, Predicate<CaseResult> condition) {
    return results.stream().filter(r -> r.engine().equals(engine) && condition.test(r)).count();
  }

  private static Predicate<CaseResult> has(CaseResult.Status status) {
    return result -> result.status() == status;
  }

  private static Predicate<CaseResult> passesWithoutFallback() {
    return has(CaseResult.Status.PASS).and(result -> result.fallbacks().isEmpty());
  }

  /** Results that contradict the lists of known gaps. */
  List<CaseResult> unexpected() {
    return results.stream().filter(CaseResult::isUnexpected).toList();
  }

  /** Prints a row of counts for each engine. */
  void printTable(PrintWriter out) {
    String format = "%-18s %8s %8s %12s %11s %13s%n";
    out.printf(format, "engine", "pass", "fail", "unsupported", "known gaps", "no fallback");
    for (String engine : engines) {
      boolean compiled = engine.startsWith("compiled");
      out.printf(
          format,
          engine,
          count(engine, has(CaseResult.Status.PASS)),
          count(engine, has(CaseResult.Status.FAIL)),
          count(engine, has(CaseResult.Status.UNSUPPORTED)),
          count(engine, result -> result.knownGap().isPresent()),
          compiled ? count(engine, passesWithoutFallback()) : "-");
    }
    out.flush();
  }

  /** Prints a line for each case of a status. */
  void printList(PrintWriter out, CaseResult.Status status) {
    for (CaseResult result : results) {
      if (result.status() == status) {
        out.println(line(result));
      }
    }
    out.flush();
  }

  /** Prints a line for each case that contradicts the lists of known gaps. */
  void printUnexpected(PrintWriter out) {
    for (CaseResult result : unexpected()) {
      out.println(
          result.status() == CaseResult.Status.PASS
              ? "%s: %s: passes, but is listed as a known gap; remove it from the list"
                  .formatted(result.engine(), result.name())
              : line(result));
    }
    out.flush();
  }

  private static String line(CaseResult result) {
    return "%s: %s: %s: %s%s"
        .formatted(
            result.engine(),
            result.name(),
            result.status(),
            result.message().lines().collect(Collectors.joining(" ")),
            result.knownGap().map(gap -> " (known gap: " + gap.reason() + ")").orElse(""));
  }

  /** A reason without the names of values, so that equal ones count together. */
  private static String general(String reason) {
    return reason.replaceAll(" '[^']*'", "");
  }

  /** Prints how many nodes of which operator run on the interpreter, and why. */
  void printFallbacks(PrintWriter out) {
    for (String engine : engines) {
      Map<Engine.Fallback, Long> counts =
          results.stream()
              .filter(result -> result.engine().equals(engine))
              .flatMap(result -> result.fallbacks().stream())
              .map(fallback -> new Engine.Fallback(fallback.op(), general(fallback.reason())))
              .collect(
                  Collectors.groupingBy(
                      fallback -> fallback,
                      () ->
                          new TreeMap<>(
                              Comparator.comparing(Engine.Fallback::op)
                                  .thenComparing(Engine.Fallback::reason)),
                      Collectors.counting()));
      counts.forEach(
          (fallback, count) ->
              out.printf("%s: %5d %s: %s%n", engine, count, fallback.op(), fallback.reason()));
    }
    out.flush();
  }

  /**
   * Writes all results.
   *
   * @throws IOException if the file cannot be written
   */
  void writeJson(Path path) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    ArrayNode summary = root.putArray("engines");
    for (String engine : engines) {
      summary
          .addObject()
          .put("engine", engine)
          .put("pass", count(engine, has(CaseResult.Status.PASS)))
          .put("fail", count(engine, has(CaseResult.Status.FAIL)))
          .put("unsupported", count(engine, has(CaseResult.Status.UNSUPPORTED)))
          .put("knownGaps", count(engine, result -> result.knownGap().isPresent()))
          .put("unexpected", count(engine, CaseResult::isUnexpected))
          .put("passWithoutFallback", count(engine, passesWithoutFallback()));
    }
    ArrayNode cases = root.putArray("cases");
    for (CaseResult result : results) {
      ObjectNode object =
          cases
              .addObject()
              .put("engine", result.engine())
              .put("case", result.name())
              .put("status", result.status().toString())
              .put("millis", result.millis());
      if (!result.message().isEmpty()) {
        object.put("message", result.message());
      }
      result.knownGap().ifPresent(gap -> object.put("knownGap", gap.reason()));
      if (!result.fallbacks().isEmpty()) {
        ArrayNode fallbacks = object.putArray("fallbacks");
        for (Engine.Fallback fallback : result.fallbacks()) {
          fallbacks.addObject().put("op", fallback.op()).put("reason", fallback.reason());
        }
      }
    }
    AtomicFile.write(
        path, file -> mapper.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), root));
  }
}
