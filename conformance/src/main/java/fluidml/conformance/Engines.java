package fluidml.conformance;

import fluidml.Options;
import java.util.OptionalInt;

/** The engines of the option {@code --engine}. */
enum Engines {
  /** The interpreter. */
  REFERENCE("reference"),
  /** Generated kernels. */
  COMPILED("compiled"),
  /** Generated kernels with a check of every memory access. */
  COMPILED_CHECKED("compiled-checked"),
  /** Generated kernels, saved as a compiled model and loaded again. */
  COMPILED_SAVED("compiled-saved"),
  /** ONNX Runtime, the oracle from outside. */
  ONNXRUNTIME("onnxruntime");

  private final String label;

  Engines(String label) {
    this.label = label;
  }

  /**
   * Makes the engine.
   *
   * @param threads threads that share a run
   * @param vectorBits width of vectors in generated code; empty for the machine's
   */
  Engine create(int threads, OptionalInt vectorBits) {
    Options options = Options.defaults().withThreads(threads);
    Options compiled =
        vectorBits.isPresent() ? options.withVectorBits(vectorBits.getAsInt()) : options;
    return switch (this) {
      case REFERENCE ->
          new FluidmlEngine(
              label,
              label,
              options.withEngine(Options.Engine.REFERENCE).withOptimize(false),
              false);
      case COMPILED -> new FluidmlEngine(label, label, compiled, false);
      case COMPILED_CHECKED ->
          new FluidmlEngine(label, COMPILED.label, compiled.withChecked(true), false);
      case COMPILED_SAVED -> new FluidmlEngine(label, COMPILED.label, compiled, true);
      case ONNXRUNTIME -> new OnnxRuntimeEngine(threads);
    };
  }

  @Override
  public String toString() {
    return label;
  }
}
