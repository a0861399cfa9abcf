package fluidml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C1 compiles no emitted method that computes with vectors, and C2 does. Another JVM prints what is
 * compiled.
 */
final class QuickCompilerTest {
  @ParameterizedTest
  @ValueSource(strings = {"--add-modules=jdk.incubator.vector", "@../bin/lib/jvm-options"})
  void vectorsAreForTheSlowCompiler(String options) throws IOException, InterruptedException {
    String output =
        OtherJvm.run(
            JitInliningTest.Main.class,
            options,
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=PrintCompilation,fluidml/emit/jvm/Kernel_*.*");
    assertTrue(output.contains("done"), output);
    List<Compilation> all = output.lines().flatMap(Compilation::of).toList();
    assertTrue(all.stream().anyMatch(c -> c.level == 4), output);
    List<Integer> quick = all.stream().filter(c -> c.level < 4).map(c -> c.number).toList();
    List<Integer> refused = all.stream().filter(c -> c.refused).map(c -> c.number).toList();
    assertEquals(List.of(), quick.stream().filter(n -> !refused.contains(n)).toList(), output);
  }

  /** A line about a method with vectors. */
  private record Compilation(int number, int level, boolean refused) {
    private static final Pattern LINE =
        Pattern.compile(
            "\\s*\\d+\\s+(\\d+)[\\s%sb!n]+([1-4])\\s+fluidml\\.emit\\.jvm\\."
                + "(Kernel_shared_\\w+::run|Kernel_\\S+_vectors) .*");

    static Stream<Compilation> of(String line) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches() || line.contains("made not entrant")) {
        return Stream.of();
      }
      return Stream.of(
          new Compilation(
              Integer.parseInt(matcher.group(1)),
              Integer.parseInt(matcher.group(2)),
              line.contains("COMPILE SKIPPED")));
    }
  }
}
