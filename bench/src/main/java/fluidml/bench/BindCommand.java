package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The cost of binding a program to new input extents. */
@Command(
    name = "bind",
    description = {
      "Measures what it costs to bind a compiled model to input extents it has not seen:",
      "evaluating its extents, planning its arena, writing the frames of its kernels. No code is"
          + " generated."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BindCommand implements Callable<Integer> {
  private static final int LENGTHS = 8;

  @Parameters(paramLabel = "MODEL", description = "A model file, or a folder with model.onnx.")
  private Path path;

  @Option(names = "--dim", paramLabel = "NAME=N", description = "Extent of a symbolic dimension.")
  private List<String> dims = new ArrayList<>();

  @Option(
      names = "--vary",
      required = true,
      split = ",",
      paramLabel = "NAME",
      description = "Symbolic dimensions that grow by one from bind to bind.")
  private List<String> vary;

  @Option(
      names = "--binds",
      defaultValue = "2000",
      description = "Measured binds (default: ${DEFAULT-VALUE}).")
  private int binds;

  @Override
  public Integer call() {
    Options options = Options.defaults().withRememberedShapes(1);
    try (Model model = Model.load(Inputs.modelFile(path), options);
        Session session = model.newSession()) {
      List<Map<String, Tensor>> inputs = new ArrayList<>();
      for (int i = 0; i < LENGTHS; i++) {
        Map<String, Long> extents = Arguments.dims(dims);
        for (String name : vary) {
          extents.put(name, extents.getOrDefault(name, 1L) + i);
        }
        inputs.add(Inputs.of(path, model.inputs(), extents));
      }
      double[] micros = new double[binds];
      for (int i = -binds; i < binds; i++) {
        long begin = System.nanoTime();
        session.prepare(inputs.get(Math.floorMod(i, LENGTHS)));
        if (i >= 0) {
          micros[i] = (System.nanoTime() - begin) / 1e3;
        }
      }
      Arrays.sort(micros);
      System.out.printf(
          Locale.ROOT,
          "%s: %d steps, bind median %.0f µs, p90 %.0f µs, min %.0f µs%n",
          path.getFileName(),
          model.program().orElseThrow().steps().size(),
          micros[binds / 2],
          micros[binds * 9 / 10],
          micros[0]);
    }
    return 0;
  }
}
