package fluidml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Contraction.MatMul;
import fluidml.graph.op.Elementwise.Clip;
import fluidml.graph.op.Reduction.Softmax;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.DType;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C2 makes code without calls of micro-kernels: a call in the loop of one takes two to three times
 * as long as its products. Another JVM prints what is inlined.
 */
final class JitInliningTest {
  private static final int SIZE = 56;
  private static final int ROUNDS = 60;

  /** Runs in the other JVM. */
  public static final class Main {
    private Main() {}

    /** Runs convolutions and products with tiles of all the usual sizes until it is compiled. */
    public static void main(String[] args) {
      Tensor x = Tensor.of(new float[24 * SIZE * SIZE], 1, 24, SIZE, SIZE);
      try (Model model = Model.of(graph(), Options.defaults().withThreads(1));
          Session session = model.newSession()) {
        for (int i = 0; i < ROUNDS; i++) {
          session.run(Map.of("x", x));
        }
      }
      System.out.println("done");
    }

    private static Graph graph() {
      GraphBuilder builder = new GraphBuilder("windows");
      Value x = builder.input("x", Type.tensor(DType.FLOAT32, Shape.of(1, 24, SIZE, SIZE)));
      Value wide = clip(builder, conv(builder, x, 24, 144, 1, 1));
      Value narrow = conv(builder, wide, 144, 32, 1, 1);
      Value padded = clip(builder, conv(builder, narrow, 32, 64, 5, 1));
      Value strided = clip(builder, conv(builder, padded, 64, 128, 1, 2));
      Value small = clip(builder, conv(builder, strided, 128, 96, 3, 2));
      builder.output(builder.add(new Softmax(3), small));
      builder.output(product(builder, product(builder, x, SIZE, 768), 768, 64));
      return builder.build();
    }

    private static Value clip(GraphBuilder builder, Value x) {
      Value least = builder.constant("least" + x.name(), Tensor.of(new float[] {0}));
      Value most = builder.constant("most" + x.name(), Tensor.of(new float[] {6}));
      return builder.add(new Clip(), x, least, most);
    }

    private static Value product(GraphBuilder builder, Value x, int depth, int columns) {
      Tensor weights = Tensor.of(new float[depth * columns], depth, columns);
      return builder.add(new MatMul(), x, builder.constant("w" + x.name() + columns, weights));
    }

    private static Value conv(
        GraphBuilder builder, Value x, int channels, int filters, int kernel, int stride) {
      float[] weights = new float[filters * channels * kernel * kernel];
      Tensor tensor = Tensor.of(weights, filters, channels, kernel, kernel);
      List<Long> extents = List.of((long) kernel, (long) kernel);
      List<Long> strides = List.of((long) stride, (long) stride);
      List<Long> pads = List.of(kernel / 2L, kernel / 2L);
      Window window = new Window(extents, strides, List.of(1L, 1L), pads, pads, Padding.EXPLICIT);
      return builder.add(new Conv(window, 1), x, builder.constant("w" + x.name(), tensor));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--add-modules=jdk.incubator.vector", "@../bin/lib/jvm-options"})
  void loadsInMicroKernelsAreNoCalls(String options) throws IOException, InterruptedException {
    String output =
        OtherJvm.run(
            Main.class,
            options,
            "-XX:+UnlockDiagnosticVMOptions",
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=PrintCompilation,fluidml/emit/jvm/Kernel_shared_*.*",
            "-XX:CompileCommand=PrintInlining,fluidml/emit/jvm/Kernel_shared_*.*");
    assertTrue(output.contains("done"), output);
    assertTrue(output.contains("Kernel_shared_"), "nothing was compiled");
    List<String> calls =
        output.lines().filter(line -> line.contains("NodeCountInliningCutoff")).toList();
    assertEquals(List.of(), calls);
  }
}
