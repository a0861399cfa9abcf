package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.loop.Target;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.vm.Engines;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A graph under construction with random operands, to be run on kernels and on the interpreter. */
final class WindowGraphs {
  final Random random;
  final GraphBuilder builder = new GraphBuilder("window");
  private final List<Datum> data = new ArrayList<>();

  WindowGraphs(long seed) {
    random = new Random(seed);
  }

  int upTo(int most) {
    return 1 + random.nextInt(most);
  }

  <T> T oneOf(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  Tensor tensor(DType dtype, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setDouble(i, random.nextGaussian());
    }
    return tensor;
  }

  Value input(String name, DType dtype, long... dims) {
    data.add(Datum.of(tensor(dtype, dims)));
    return builder.input(name, Type.tensor(dtype, dims));
  }

  /** Either a constant or an input. */
  Value operand(String name, boolean constant, DType dtype, long... dims) {
    return constant ? builder.constant(name, tensor(dtype, dims)) : input(name, dtype, dims);
  }

  /** A window of at most {@code extent} positions per axis that fits the spatial extents. */
  Window window(int extent, boolean dilated, long... spatial) {
    List<Long> kernel = new ArrayList<>();
    List<Long> strides = new ArrayList<>();
    List<Long> dilations = new ArrayList<>();
    List<Long> begin = new ArrayList<>();
    List<Long> end = new ArrayList<>();
    boolean padded = random.nextInt(3) > 0;
    Padding padding =
        random.nextInt(3) > 0
            ? Padding.EXPLICIT
            : oneOf(List.of(Padding.VALID, Padding.SAME_UPPER, Padding.SAME_LOWER));
    for (long input : spatial) {
      long dilation = dilated && random.nextInt(3) == 0 ? 2 : 1;
      long k = Math.min(upTo(extent), (input - 1) / dilation + 1);
      kernel.add(k);
      dilations.add(dilation);
      strides.add((long) upTo(3));
      boolean explicit = padding == Padding.EXPLICIT && padded;
      begin.add(explicit ? random.nextLong(k) : 0);
      end.add(explicit ? random.nextLong(k) : 0);
    }
    return new Window(kernel, strides, dilations, begin, end, padding);
  }

  /** Compares the compiled graph with the reference, for several widths, threads and checks. */
  void check(List<Lowering> lowerings, float tolerance) {
    Graph graph = builder.build();
    List<Datum> expected = Interpreter.run(graph, data);
    for (int bits : new int[] {512, 256, 128, 0}) {
      Target target = new Target(bits, random.nextBoolean());
      List<Datum> first = List.of();
      for (int threads = 1; threads <= 2; threads++) {
        List<Datum> actual = Engines.compiled(graph, lowerings, target, threads, data);
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
          float[] floats = actual.get(i).tensor().toFloats();
          assertArrayEquals(
              expected.get(i).tensor().toFloats(),
              floats,
              tolerance,
              () -> target + " " + graph.nodes());
          if (threads == 2) {
            assertArrayEquals(first.get(i).tensor().toFloats(), floats, 0, "same bits");
          }
        }
        first = actual;
      }
    }
  }
}
