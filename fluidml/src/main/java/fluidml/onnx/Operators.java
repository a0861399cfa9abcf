package fluidml.onnx;

import fluidml.graph.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Importers of operators by domain, name and the version since which they apply. */
final class Operators {
  static final String ONNX = "ai.onnx";
  static final String ML = "ai.onnx.ml";
  static final String PREVIEW = "ai.onnx.preview";
  static final String TRAINING = "ai.onnx.preview.training";

  /** Newest supported version of each operator set. */
  private static final Map<String, Long> NEWEST =
      Map.of(ONNX, 28L, ML, 5L, PREVIEW, 1L, TRAINING, 1L);

  private static final Operators ALL = new Operators();

  /** Emits the ops of a node and returns its results, absent where there is none. */
  @FunctionalInterface
  interface Importer extends Function<Call, List<Value>> {}

  private record Entry(int minInputs, int maxInputs, Importer importer) {}

  private final Map<String, NavigableMap<Integer, Entry>> entries = new HashMap<>();

  private Operators() {
    Elementwises.register(this);
    Clamps.register(this);
    Reductions.register(this);
    Poolings.register(this);
    Contractions.register(this);
    Attentions.register(this);
    Normalizations.register(this);
    Movements.register(this);
    Slices.register(this);
    Indexings.register(this);
    Generations.register(this);
    Controls.register(this);
    Sequences.register(this);
    Quantizations.register(this);
    Recurrents.register(this);
    Visions.register(this);
    Signals.register(this);
    Texts.register(this);
    Learnings.register(this);
    Composites.register(this);
    Legacies.register(this);
  }

  static Operators all() {
    return ALL;
  }

  /** The newest supported version of an operator set, 0 for unknown sets. */
  static long newestVersion(String domain) {
    return NEWEST.getOrDefault(domain, 0L);
  }

  /** Adds an operator of the default domain. */
  void add(String opType, int since, int minInputs, int maxInputs, Importer importer) {
    add(ONNX, opType, since, minInputs, maxInputs, importer);
  }

  /**
   * Adds an operator.
   *
   * @param since the first version of the operator set to which this applies, until a later one
   * @param minInputs inputs that must be given
   * @param maxInputs inputs that may be given
   */
  void add(
      String domain, String opType, int since, int minInputs, int maxInputs, Importer importer) {
    entries
        .computeIfAbsent(domain + "." + opType, k -> new TreeMap<>())
        .put(since, new Entry(minInputs, maxInputs, importer));
  }

  /** The importer of a node, its inputs counted. */
  Importer find(Call call) {
    NavigableMap<Integer, Entry> versions = entries.get(call.domain() + "." + call.opType());
    if (versions == null) {
      throw call.unsupported(
          "this operator is not supported; decompose it into supported ones, or define it as a"
              + " function of the model");
    }
    Map.Entry<Integer, Entry> found =
        versions.floorEntry((int) Math.min(call.version(), Integer.MAX_VALUE));
    if (found == null) {
      throw call.unsupported(
          "this operator is supported from version "
              + versions.firstKey()
              + " on; convert the model to it");
    }
    Entry entry = found.getValue();
    int given = call.operands().size();
    if (given > entry.maxInputs) {
      throw call.invalid("has " + given + " inputs, at most " + entry.maxInputs + " are possible");
    }
    for (int i = 0; i < entry.minInputs; i++) {
      if (!call.has(i)) {
        throw call.invalid("input " + i + " is missing");
      }
    }
    return entry.importer;
  }
}
