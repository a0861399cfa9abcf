package fluidml.cli;

import fluidml.error.InvalidInputException;
import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Indexing;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Makes inputs for a model: ids within the table they index, masks of ones, positions that count,
 * everything else uniform. The same numbers every time.
 */
final class InputGenerator {
  private static final int DEFAULT_LENGTH = 16;
  private static final int DEFAULT_RANGE = 100;
  private static final long ID_STEP = 7919;
  private static final long ID_START = 13;

  /**
   * A generated input.
   *
   * @param how what its elements are, for people
   */
  record Generated(Tensor tensor, String how) {}

  private final Graph graph;
  private final Map<String, Long> dims;
  private final Map<String, Long> chosen = new TreeMap<>();
  private final long seed;

  /**
   * Creates a generator.
   *
   * @param graph the imported graph
   * @param dims extents that are given, by symbol
   * @param seed of the uniform numbers
   */
  InputGenerator(Graph graph, Map<String, Long> dims, long seed) {
    this.graph = graph;
    this.dims = dims;
    this.seed = seed;
  }

  /** Extents that were chosen because nothing gave them. */
  Map<String, Long> chosen() {
    return chosen;
  }

  /**
   * Makes an input.
   *
   * @throws InvalidInputException if it is no tensor of known rank
   */
  Generated generate(Value input) {
    if (!(input.type() instanceof Type.TensorType type)) {
      throw new InvalidInputException(
          input.name(), "a value of type " + input.type() + " cannot be generated; use --input");
    }
    Shape shape =
        type.shape()
            .orElseThrow(
                () ->
                    new InvalidInputException(
                        input.name(), "its rank is not known; give it with --input"));
    long[] extents = shape.evaluate(this::extent);
    if (type.dtype() == DType.STRING) {
      List<String> words =
          java.util.stream.LongStream.range(0, Shape.of(extents).elements().lowerBound())
              .mapToObj(i -> "text " + i)
              .toList();
      return new Generated(Tensor.ofStrings(words, extents), "numbered words");
    }
    return fill(input, Tensor.allocate(type.dtype(), extents));
  }

  private Generated fill(Value input, Tensor tensor) {
    String name = input.name().toLowerCase(Locale.ROOT);
    if (name.contains("mask") || tensor.dtype() == DType.BOOL) {
      return constant(tensor, 1, tensor.dtype() == DType.BOOL ? "true" : "ones");
    }
    return switch (tensor.dtype().kind()) {
      case FLOAT -> uniform(input, tensor, 1);
      case COMPLEX -> uniform(input, tensor, 2);
      case SIGNED, UNSIGNED -> integers(input, name, tensor);
      case BOOL, STRING -> throw new IllegalStateException(input.name());
    };
  }

  private Generated integers(Value input, String name, Tensor tensor) {
    if (name.contains("token_type") || name.contains("segment")) {
      return constant(tensor, 0, "zeros");
    }
    long last = tensor.rank() == 0 ? 1 : Math.max(1, tensor.dim(-1));
    if (name.contains("position")) {
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.setLong(i, i % last);
      }
      return new Generated(tensor, "0, 1, 2, …");
    }
    OptionalLong table = table(input);
    int bits = tensor.dtype().bits() - (tensor.dtype().kind() == DType.Kind.SIGNED ? 1 : 0);
    long range = Math.min(table.orElse(DEFAULT_RANGE), bits >= 63 ? Long.MAX_VALUE : 1L << bits);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setLong(i, (ID_STEP * i + ID_START) % Math.max(1, range));
    }
    return new Generated(
        tensor, table.isPresent() ? "ids below " + range : "integers below " + Math.max(1, range));
  }

  private static Generated constant(Tensor tensor, double value, String how) {
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, value);
    }
    return new Generated(tensor, how);
  }

  private Generated uniform(Value input, Tensor tensor, int parts) {
    SplittableRandom random = new SplittableRandom(seed ^ input.name().hashCode());
    for (long i = 0; i < tensor.elements(); i++) {
      if (parts == 2) {
        tensor.setComplex(i, random.nextDouble(-1, 1), random.nextDouble(-1, 1));
      } else {
        tensor.setDouble(i, random.nextDouble(-1, 1));
      }
    }
    return new Generated(tensor, "uniform in [-1, 1)");
  }

  /** The extent of the table that the input's elements index, if there is one. */
  private OptionalLong table(Value input) {
    Deque<Value> open = new ArrayDeque<>(List.of(input));
    Set<Value> seen = new HashSet<>(open);
    OptionalLong smallest = OptionalLong.empty();
    while (!open.isEmpty() && seen.size() < 1000) {
      Value value = open.poll();
      for (Node node : graph.uses(value)) {
        if (node.op() instanceof Indexing.Gather(int axis) && node.inputs().get(1).equals(value)) {
          Value data = node.inputs().getFirst();
          OptionalLong extent =
              data.knownShape().map(s -> s.dim(axis).constant()).orElse(OptionalLong.empty());
          if (extent.isPresent()) {
            long least = Math.min(extent.getAsLong(), smallest.orElse(Long.MAX_VALUE));
            smallest = OptionalLong.of(least);
          }
        } else if (keepsElements(node.op().mnemonic()) && seen.add(node.outputs().getFirst())) {
          open.add(node.outputs().getFirst());
        }
      }
    }
    return smallest;
  }

  private static boolean keepsElements(String mnemonic) {
    return switch (mnemonic) {
      case "Cast", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Identity", "Transpose" -> true;
      default -> false;
    };
  }

  /** The value of a symbol: given, or derived from its name, or usual for its name. */
  private long extent(String symbol) {
    Long given = dims.get(symbol);
    return given != null ? given : chosen.computeIfAbsent(symbol, _ -> usual(symbol));
  }

  private long usual(String symbol) {
    // Exporters write the sum of two extents as "a + b", or made a name of it, as "a___b".
    String[] terms = symbol.split("\\s*\\+\\s*|___|_\\+_", -1);
    if (terms.length == 2 && !terms[0].isEmpty() && !terms[1].isEmpty()) {
      return Dim.of(term(terms[0])).plus(term(terms[1])).lowerBound();
    }
    String name = symbol.toLowerCase(Locale.ROOT);
    for (String part : List.of("seq", "len", "past", "time", "tokens", "height", "width")) {
      if (name.contains(part)) {
        return DEFAULT_LENGTH;
      }
    }
    return 1;
  }

  private long term(String text) {
    if (text.matches("[0-9]{1,9}")) {
      return Long.parseLong(text);
    }
    Long known = dims.get(text);
    Long before = known == null ? chosen.get(text) : known;
    return before == null ? usual(text) : before;
  }
}
