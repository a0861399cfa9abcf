package fluidml.conformance;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A model with what it must compute.
 *
 * @param name the folder's name, e.g. {@code test_abs}, or a lone file's without its suffix
 * @param model the ONNX file
 * @param dataSets where inputs and expected outputs lie
 */
record TestCase(String name, Path model, List<DataSet> dataSets) {
  TestCase {
    dataSets = List.copyOf(dataSets);
  }

  /** One run of a model. */
  sealed interface DataSet {
    /** Files {@code input_J.pb} and {@code output_J.pb} in a folder. */
    record Stored(Path folder) implements DataSet {}

    /**
     * Inputs that count up from 0 towards 1, as ONNX's backend runner makes them.
     *
     * @param outputs the prefix of files with expected outputs, which number and suffix follow;
     *     empty if the interpreter's outputs are what is expected
     */
    record Generated(Optional<String> outputs) implements DataSet {}
  }
}
