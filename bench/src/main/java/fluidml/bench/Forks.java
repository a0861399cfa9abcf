package fluidml.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Measurements in JVMs of their own, which print a line of JSON. */
final class Forks {
  private Forks() {}

  /** Like the other method, in this process's environment and with no further JVM options. */
  static String run(Class<?> worker, List<String> arguments)
      throws IOException, InterruptedException {
    return run(worker, arguments, List.of(), Map.of());
  }

  /**
   * Runs a class of this module in a JVM with the options of this one, which the launcher gave.
   *
   * @param options further options of the JVM
   * @param environment variables beside those of this process
   * @return the last line of its standard output that is a JSON object
   * @throws IOException with its standard error if it fails or prints none
   */
  static String run(
      Class<?> worker,
      List<String> arguments,
      List<String> options,
      Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(options);
    command.add(worker.getName());
    command.addAll(arguments);
    Path errors = Files.createTempFile("bench", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      List<String> lines =
          Arrays.stream(output.split("\n")).filter(l -> l.startsWith("{")).toList();
      if (status != 0 || lines.isEmpty()) {
        throw new IOException(
            "the fork %s %s ended with %d:%n%s"
                .formatted(worker.getSimpleName(), arguments, status, Files.readString(errors)));
      }
      return lines.getLast();
    } finally {
      Files.delete(errors);
    }
  }
}
