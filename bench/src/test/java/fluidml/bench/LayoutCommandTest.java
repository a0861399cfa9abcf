package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutCommandTest {
  @Test
  void solvesEveryFormAndDrawsIt(@TempDir Path folder) throws Exception {
    Path svg = folder.resolve("plot.svg");
    int code =
        Main.commandLine()
            .execute("layout", "--sizes", "10,60", "--limit", "0.1", "--svg", svg.toString());
    assertEquals(0, code);
    String drawn = Files.readString(svg);
    for (SyntheticGraphs.Form form : SyntheticGraphs.Form.values()) {
      assertTrue(drawn.contains(form.name().toLowerCase(java.util.Locale.ROOT) + " global"));
    }
    javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(svg.toFile());
  }
}
