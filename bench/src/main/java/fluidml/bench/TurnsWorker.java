package fluidml.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One fork that measures two sides in turns: MODEL THREADS WARMUP_SECONDS TURN_SECONDS TURNS
 * LIBRARY SWAPPED [NAME=N…]. Where LIBRARY is empty the other side is ONNX Runtime; where SWAPPED
 * is true the other side is loaded, warmed up and measured first.
 */
final class TurnsWorker {
  private TurnsWorker() {}

  public static void main(String[] args) throws Exception {
    boolean swapped = Boolean.parseBoolean(args[6]);
    try (RunnableModel first = swapped ? other(args) : ours(args);
        RunnableModel second = swapped ? ours(args) : other(args)) {
      double warmup = Double.parseDouble(args[2]);
      Turns.turn(first, warmup);
      Turns.turn(second, warmup);
      Turns turns =
          Turns.measure(first, second, Integer.parseInt(args[4]), Double.parseDouble(args[3]));
      System.out.println(new ObjectMapper().writeValueAsString(swapped ? turns.swapped() : turns));
    }
  }

  private static RunnableModel ours(String[] args) {
    return new RunnableModel.Fluidml(Path.of(args[0]), Integer.parseInt(args[1]), dims(args));
  }

  private static RunnableModel other(String[] args) throws Exception {
    Path path = Path.of(args[0]);
    int threads = Integer.parseInt(args[1]);
    return args[5].isEmpty()
        ? new RunnableModel.OtherEngine(path, threads, dims(args))
        : new RunnableModel.OtherBuild(Path.of(args[5]), path, threads, dims(args));
  }

  private static Map<String, Long> dims(String[] args) {
    return Arguments.dims(List.of(args).subList(7, args.length));
  }
}
