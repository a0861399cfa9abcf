package fluidml.bench;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One fork that measures this engine: MODEL THREADS WARMUP_SECONDS SECONDS [NAME=N…]. */
final class FluidmlWorker {
  private FluidmlWorker() {}

  public static void main(String[] args) {
    Path path = Path.of(args[0]);
    Options options = Options.defaults().withThreads(Integer.parseInt(args[1]));
    Map<String, Long> dims = Arguments.dims(List.of(args).subList(4, args.length));
    long begin = System.nanoTime();
    try (Model model = Model.load(Inputs.modelFile(path), options);
        Session session = model.newSession()) {
      double loadMs = (System.nanoTime() - begin) / 1e6;
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), dims);
      long first = System.nanoTime();
      Map<String, Tensor> outputs = Inputs.offHeap(session.run(inputs));
      double firstMs = (System.nanoTime() - first) / 1e6;
      Session.BoundRun run = session.bind(inputs, outputs);
      Sample.Runs runs =
          Sample.measure(run::run, Double.parseDouble(args[2]), Double.parseDouble(args[3]));
      long arena = session.memoryPlan().map(m -> m.plan().arenaBytes()).orElse(-1L);
      long resident = Sample.peakRss();
      double error = dims.isEmpty() ? Inputs.error(path, outputs.values()) : -1;
      new Sample(loadMs, firstMs, runs, arena, resident, error).print();
    }
  }
}
