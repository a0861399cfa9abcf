package fluidml.bench;

import ai.onnxruntime.OrtException;
import fluidml.bench.models.Architecture;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.OnnxWriter;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes models of common architectures, with inputs and the outputs of ONNX Runtime. */
@Command(
    name = "models",
    description = {
      "Writes models of common architectures as ONNX files: the graphs that exporters write,"
          + " weights from a formula.",
      "Each folder holds model.onnx, its weights beside it, and in test_data_set_0 inputs and what"
          + " ONNX Runtime makes of them; bin/fluidml verify and bin/bench compare take it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ModelsCommand implements Callable<Integer> {
  /** Initializers of fewer bytes stay in the model file. */
  private static final long INLINE = 1024;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Architectures, see --list (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The folder in which a folder is made for each model.")
  private Path out;

  @Option(names = "--list", description = "Prints the names of the architectures and ends.")
  private boolean list;

  @Override
  public Integer call() throws IOException, OrtException {
    if (list) {
      for (Architecture architecture : Architecture.values()) {
        System.out.printf("%-15s %s%n", architecture.label(), architecture.summary());
      }
      return 0;
    }
    if (out == null) {
      throw new ParameterException(spec.commandLine(), "--out DIR says where to write the models");
    }
    List<Architecture> chosen = new ArrayList<>();
    for (String name : names) {
      chosen.add(architecture(name));
    }
    for (Architecture each : names.isEmpty() ? List.of(Architecture.values()) : chosen) {
      write(each.build(), out.resolve(each.label()));
    }
    return 0;
  }

  private Architecture architecture(String name) {
    return Arrays.stream(Architecture.values())
        .filter(a -> a.label().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ParameterException(
                    spec.commandLine(), "no architecture '" + name + "'; --list prints them"));
  }

  /** Writes a model into a folder of its own, with its inputs and ONNX Runtime's outputs. */
  static void write(Architecture.Instance instance, Path folder) throws IOException, OrtException {
    Path data = Files.createDirectories(folder.resolve("test_data_set_0"));
    Path file = folder.resolve("model.onnx");
    OnnxWriter.writeExternal(instance.model(), file, "weights.bin", INLINE);
    Map<String, Tensor> inputs = Inputs.offHeap(instance.inputs());
    write(data, "input_", inputs);
    write(data, "output_", OnnxRuntime.outputs(file, inputs));
    System.out.printf(
        "%s: %d nodes, %.1f MB of weights%n",
        folder,
        instance.model().graph().nodes().size(),
        Files.size(folder.resolve("weights.bin")) / 1e6);
  }

  private static void write(Path folder, String prefix, Map<String, Tensor> tensors)
      throws IOException {
    int number = 0;
    for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
      OnnxTensors.write(
          folder.resolve(prefix + number++ + ".pb"), tensor.getKey(), tensor.getValue());
    }
  }
}
