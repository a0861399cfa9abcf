package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.graph.Graph;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.BinaryFunction;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.loop.Target;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import fluidml.vm.Engines;
import java.util.ArrayList;
import java.util.Arrays;
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

  /** Extents of an image: up to three spatial axes, channels still to be chosen. */
  long[] image() {
    int rank = upTo(3);
    long[] x = new long[rank + 2];
    x[0] = upTo(2);
    for (int a = 2; a < x.length; a++) {
      x[a] = upTo(rank == 3 ? 5 : 12);
    }
    return x;
  }

  static long[] spatial(long[] image) {
    return Arrays.copyOfRange(image, 2, image.length);
  }

  /** An input in row-major order, or channels last behind a Transpose. */
  Value image(String name, DType dtype, long[] x) {
    if (random.nextBoolean()) {
      return input(name, dtype, x);
    }
    long[] last = new long[x.length];
    List<Integer> permutation = new ArrayList<>(List.of(0, x.length - 1));
    last[0] = x[0];
    for (int a = 2; a < x.length; a++) {
      last[a - 1] = x[a];
      permutation.add(a - 1);
    }
    last[x.length - 1] = x[1];
    return builder.add(new Movement.Transpose(permutation), input(name, dtype, last));
  }

  /** Perhaps some elementwise nodes behind a value. */
  Value epilogue(Value y) {
    return switch (random.nextInt(4)) {
      case 0 -> y;
      case 1 -> builder.add(new Elementwise.Unary(UnaryFunction.RELU), y);
      case 2 -> {
        long[] dims =
            y.shape().dims().stream().mapToLong(d -> d.constant().orElseThrow()).toArray();
        Value residual = input("residual", y.dtype(), dims);
        Value sum = builder.add(new Elementwise.Binary(BinaryFunction.ADD), y, residual);
        yield builder.add(new Elementwise.Unary(UnaryFunction.HARD_SWISH), sum);
      }
      default -> {
        builder.output(y);
        yield builder.add(new Elementwise.Unary(UnaryFunction.SIGMOID), y);
      }
    };
  }

  /** A value with a number for each channel added or multiplied. */
  Value scaled(String name, BinaryFunction function, Value y, long channels) {
    Value numbers = builder.constant(name, tensor(y.dtype(), channels, 1, 1));
    return builder.add(new Elementwise.Binary(function), y, numbers);
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
