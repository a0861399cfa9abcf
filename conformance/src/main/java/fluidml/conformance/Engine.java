package fluidml.conformance;

import fluidml.reference.Datum;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Something that runs ONNX models. */
interface Engine {
  /** The name in tables and of the option. */
  String name();

  /** The name of the list of known gaps; engines that share code share a list. */
  default String gaps() {
    return name();
  }

  /**
   * Loads a model.
   *
   * @throws RefusedException if the engine does not support it
   * @throws Exception if it fails to load
   */
  Loaded load(Path model) throws Exception;

  /** A loaded model. */
  interface Loaded extends AutoCloseable {
    /**
     * Runs the model.
     *
     * @param inputs every input, absent ones included
     * @return every output
     * @throws RefusedException if the engine does not support it
     * @throws Exception if it fails
     */
    Map<String, Datum> run(Map<String, Datum> inputs) throws Exception;

    /** Nodes that do not run the engine's own way. */
    default List<Fallback> fallbacks() {
      return List.of();
    }

    /** Frees the model. */
    @Override
    void close();
  }

  /**
   * A node that the compiled engine leaves to the interpreter.
   *
   * @param op the operator
   * @param reason why
   */
  record Fallback(String op, String reason) {}

  /** Says that an engine does not support a model; anything else thrown is a failure. */
  final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
