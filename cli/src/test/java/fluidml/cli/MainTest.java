package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MainTest {
  @Test
  void helpNamesTheCommandAndItsExitCodes() {
    StringWriter out = new StringWriter();
    CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out, true));
    assertEquals(0, commandLine.execute("--help"));
    assertTrue(out.toString().startsWith("Usage: fluidml "), out.toString());
    assertTrue(out.toString().contains("Exit codes:"), out.toString());
  }

  @Test
  void versionNamesTheCommand() {
    StringWriter out = new StringWriter();
    CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out, true));
    assertEquals(0, commandLine.execute("--version"));
    assertTrue(out.toString().startsWith("fluidml "), out.toString());
  }

  @Test
  void unknownOptionIsWrongUsage() {
    CommandLine commandLine = Main.commandLine().setErr(new PrintWriter(new StringWriter()));
    assertEquals(2, commandLine.execute("--no-such-option"));
  }
}
