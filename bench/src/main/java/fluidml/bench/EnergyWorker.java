package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One fork that measures what runs cost: fluidml|onnxruntime MODEL THREADS WARMUP_SECONDS SECONDS
 * [NAME=N…].
 */
final class EnergyWorker {
  private EnergyWorker() {}

  /**
   * What the fork prints, for one run.
   *
   * @param joules energy of the processor packages, −1 where the machine does not tell
   * @param cpuSeconds processor time of all threads of the process
   * @param seconds time
   * @param bytes that steps read and write if nothing stays in a cache, −1 where unknown
   */
  record Measured(double joules, double cpuSeconds, double seconds, long bytes) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Measured parse(String line) throws IOException {
      return JSON.readValue(line, Measured.class);
    }
  }

  public static void main(String[] args) throws OrtException, IOException {
    Path path = Path.of(args[1]);
    int threads = Integer.parseInt(args[2]);
    Map<String, Long> dims = Arguments.dims(List.of(args).subList(5, args.length));
    double warmup = Double.parseDouble(args[3]);
    double seconds = Double.parseDouble(args[4]);
    if (args[0].equals("onnxruntime")) {
      onnxRuntime(path, threads, dims, warmup, seconds);
    } else {
      fluidml(path, threads, dims, warmup, seconds);
    }
  }

  private static void fluidml(
      Path path, int threads, Map<String, Long> dims, double warmup, double seconds)
      throws IOException {
    try (Model model = Model.load(Inputs.modelFile(path), Options.defaults().withThreads(threads));
        Session session = model.newSession()) {
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), dims);
      Map<String, Tensor> outputs = new LinkedHashMap<>(session.run(inputs));
      Session.BoundRun run = session.bind(inputs, outputs);
      measure(run::run, warmup, seconds, Traffic.bytes(model, inputs));
    }
  }

  private static void onnxRuntime(
      Path path, int threads, Map<String, Long> dims, double warmup, double seconds)
      throws OrtException, IOException {
    Map<String, Tensor> inputs = OnnxRuntimeWorker.inputs(path, dims);
    try (OrtSession.SessionOptions options = OnnxRuntime.options(threads)) {
      try (OrtSession session =
          OnnxRuntime.environment().createSession(Inputs.modelFile(path).toString(), options)) {
        Map<String, OnnxTensor> tensors = OnnxRuntime.tensors(inputs);
        measure(() -> OnnxRuntimeWorker.run(session, tensors), warmup, seconds, -1);
      }
    }
  }

  private static void measure(Runnable run, double warmup, double seconds, long bytes)
      throws IOException {
    long end = System.nanoTime() + (long) (warmup * 1e9);
    while (System.nanoTime() < end) {
      run.run();
    }
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    Rapl rapl = Rapl.open();
    double energy = rapl.joules();
    long cpu = system.getProcessCpuTime();
    long begin = System.nanoTime();
    int runs = 0;
    do {
      run.run();
      runs++;
    } while (System.nanoTime() - begin < seconds * 1e9);
    double time = (System.nanoTime() - begin) / 1e9;
    double used = (system.getProcessCpuTime() - cpu) / 1e9;
    double joules = rapl.isThere() ? (rapl.joules() - energy) / runs : -1;
    System.out.println(
        Measured.JSON.writeValueAsString(new Measured(joules, used / runs, time / runs, bytes)));
  }
}
