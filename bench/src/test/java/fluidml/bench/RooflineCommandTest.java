package fluidml.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RooflineCommandTest {
  @Test
  void countsTheOperationsAndBytesOfTheExample(@TempDir Path folder) throws Exception {
    Path example = Path.of(System.getProperty("fluidml.root"), "examples", "mlp");
    Path json = folder.resolve("roofline.json");
    Path page = folder.resolve("roofline.html");
    Path picture = folder.resolve("roofline.svg");
    int status =
        Main.commandLine()
            .execute(
                "roofline",
                "--threads=1",
                "--runs=3",
                "--warmup=0.1",
                "--json=" + json,
                "--html=" + page,
                "--svg=" + picture,
                example.toString());
    assertEquals(0, status);
    JsonNode result = new ObjectMapper().readTree(json.toFile());
    assertEquals("mlp", result.get("model").asText());
    assertTrue(result.get("peakGflops").asDouble() > 0.1);
    assertTrue(result.get("weightGigabytesPerSecond").asDouble() > 0.1);
    double weights = 0;
    double flops = 0;
    double shares = 0;
    for (JsonNode kernel : result.get("kernels")) {
      weights += kernel.get("weightBytes").asDouble();
      flops += kernel.get("flops").asDouble();
      shares += kernel.get("share").asDouble();
    }
    // Three layers on ten pictures: 64 to 64, to 64, to 10.
    assertEquals(4 * (64 * 65 + 64 * 65 + 65 * 10), weights);
    assertTrue(flops >= 2.0 * 10 * (64 * 64 + 64 * 64 + 64 * 10), () -> "operations");
    assertEquals(1, shares, 1e-9);
    assertTrue(Files.readString(picture).startsWith("<svg"));
    assertTrue(Files.readString(page).contains("MatMul"));
  }

  @Test
  void theLimitIsTheLongerOfArithmeticAndBytes() {
    MachineLimits limits = new MachineLimits(100, 400, 10, 50);
    Roofline.Kernel arithmetic = new Roofline.Kernel("a", "", 1, 2000, 100_000, false, 1000, 5000);
    assertEquals(1000, arithmetic.computeNanos(limits));
    assertEquals(200, arithmetic.memoryNanos(limits));
    assertEquals(0.5, arithmetic.fraction(limits));
    Roofline.Kernel bytes = new Roofline.Kernel("b", "", 1, 2000, 10_000, false, 10_000, 5000);
    assertEquals(0.55, bytes.fraction(limits));
    assertEquals(0.55, bytes.plus(bytes).fraction(limits));
    Roofline.Kernel dots = new Roofline.Kernel("c", "", 1, 2000, 400_000, true, 1000, 5000);
    assertEquals(0.5, dots.plus(dots).fraction(limits));
  }
}
