package fluidml.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/** The project's example, and commands run in this process. */
final class Examples {
  private Examples() {}

  /** What a command gave. */
  record Result(int code, String out, String err) {}

  /** The folder of a shipped example. */
  static Path folder(String name) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.isDirectory(at.resolve("examples").resolve(name))) {
        return at.resolve("examples").resolve(name);
      }
    }
    throw new IllegalStateException("no folder examples/" + name);
  }

  /** Runs a command line. */
  static Result run(Object... args) {
    String[] texts = new String[args.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = args[i].toString();
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.commandLine()
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .execute(texts);
    return new Result(code, out.toString(), err.toString());
  }
}
