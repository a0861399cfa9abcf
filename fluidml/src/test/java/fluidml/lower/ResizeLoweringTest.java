package fluidml.lower;

import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Vision.AspectPolicy;
import fluidml.graph.op.Vision.CoordinateMode;
import fluidml.graph.op.Vision.NearestMode;
import fluidml.graph.op.Vision.Resize;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Resize as kernels, against the interpreter; along rows and along channels. */
final class ResizeLoweringTest {
  private final Random random = new Random(5);

  private static Resize resize(
      ResizeMode mode, CoordinateMode coordinates, NearestMode nearest, List<Integer> axes) {
    return new Resize(
        mode, coordinates, nearest, AspectPolicy.STRETCH, false, false, -0.75, 0, axes);
  }

  private void check(Resize op, DType dtype, boolean channelsLast, float... scales) {
    GraphBuilder g = new GraphBuilder("t");
    Shape shape = Shape.of(Dim.symbol("n"), Dim.of(5), Dim.of(7), Dim.of(19));
    Value x = g.input("x", Type.tensor(dtype, shape));
    Value factors = g.constant("scales", Tensor.of(scales, scales.length));
    Value operand = channelsLast ? g.add(new Movement.Transpose(List.of(0, 3, 1, 2)), x) : x;
    Value y = g.add(op, operand, Value.ABSENT, factors);
    g.output(channelsLast ? g.add(new Movement.Transpose(List.of(0, 2, 3, 1)), y) : y);
    double tolerance = dtype == DType.FLOAT16 ? 2e-3 : 1e-5;
    Compiled.check(g.build(), tolerance, Compiled.random(dtype, random, 2, 5, 7, 19));
  }

  @ParameterizedTest
  @EnumSource(
      value = CoordinateMode.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = "TF_CROP_AND_RESIZE")
  void everyCoordinateMode(CoordinateMode mode) {
    NearestMode floor = NearestMode.FLOOR;
    for (boolean last : new boolean[] {false, true}) {
      check(resize(ResizeMode.NEAREST, mode, floor, List.of()), DType.INT8, last, 1, 1, 2, 2);
      check(resize(ResizeMode.LINEAR, mode, floor, List.of()), DType.FLOAT32, last, 1, 1, 2, 1.7f);
      check(resize(ResizeMode.CUBIC, mode, floor, List.of(2, 3)), DType.FLOAT64, last, 0.6f, 2.5f);
    }
  }

  @ParameterizedTest
  @EnumSource(NearestMode.class)
  void everyRounding(NearestMode mode) {
    CoordinateMode half = CoordinateMode.HALF_PIXEL;
    check(resize(ResizeMode.NEAREST, half, mode, List.of(-1)), DType.FLOAT16, false, 0.8f);
    check(resize(ResizeMode.NEAREST, half, mode, List.of(2, 3)), DType.UINT8, true, 3, 2);
    check(resize(ResizeMode.LINEAR, half, mode, List.of(1)), DType.FLOAT16, false, 1.5f);
  }

  @ParameterizedTest
  @EnumSource(ResizeMode.class)
  void sizesInsteadOfScales(ResizeMode mode) {
    GraphBuilder g = new GraphBuilder("t");
    Shape shape = Shape.of(Dim.of(2), Dim.of(3), Dim.symbol("h"), Dim.of(4));
    Value x = g.input("x", Type.tensor(DType.FLOAT32, shape));
    Value sizes = g.constant("sizes", Tensor.ofLongs(11, 5));
    Resize op =
        resize(mode, CoordinateMode.HALF_PIXEL, NearestMode.ROUND_PREFER_FLOOR, List.of(2, 3));
    g.output(g.add(op, x, Value.ABSENT, Value.ABSENT, sizes));
    Compiled.check(g.build(), 1e-5, Compiled.random(DType.FLOAT32, random, 2, 3, 6, 4));
  }
}
