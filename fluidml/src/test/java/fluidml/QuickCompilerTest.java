package fluidml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
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
    List<String> quick = new ArrayList<>(texts(all.stream().filter(Compilation::isQuick)));
    texts(all.stream().filter(Compilation::refused)).forEach(quick::remove);
    assertEquals(List.of(), quick, output);
  }

  private static List<String> texts(Stream<Compilation> compilations) {
    return compilations.map(c -> c.level + " " + c.method).toList();
  }

  /**
   * A line about a method with vectors. Two compilers may print at the same time, so that a line
   * begins with the numbers of another one.
   */
  private record Compilation(String method, int level, boolean refused) {
    private static final Pattern LINE =
        Pattern.compile(
            "([1-4])\\s+fluidml\\.emit\\.jvm\\.(Kernel_shared_\\w+::run|Kernel_\\S+_vectors) ");

    static Stream<Compilation> of(String line) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.find() || line.contains("made not entrant")) {
        return Stream.of();
      }
      return Stream.of(
          new Compilation(
              matcher.group(2),
              Integer.parseInt(matcher.group(1)),
              line.contains("COMPILE SKIPPED")));
    }

    /** Whether C1 begins here. */
    boolean isQuick() {
      return level < 4 && !refused;
    }
  }
}
