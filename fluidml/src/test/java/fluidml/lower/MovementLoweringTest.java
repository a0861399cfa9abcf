package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.KernelFailureException;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Elementwise.UnaryFunction;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Indexing.ScatterReduction;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Movement.PadMode;
import fluidml.graph.op.Movement.SliceAxis;
import fluidml.loop.ScalarType;
import fluidml.loop.Target;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Movements, indexing and generation as kernels, against the interpreter. */
class MovementLoweringTest {
  private static final Dim N = Dim.symbol("n");
  private final Random random = new Random(11);

  private Tensor f32(long... dims) {
    return Compiled.random(DType.FLOAT32, random, dims);
  }

  static Stream<DType> dtypes() {
    return Arrays.stream(DType.values()).filter(d -> ScalarType.ofStorage(d).isPresent());
  }

  @Test
  void concatOfComputedAndGivenOperands() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(5))));
    Value a = g.add(new Elementwise.Unary(UnaryFunction.NEG), x);
    Value b = g.add(new Elementwise.Unary(UnaryFunction.ABS), x);
    g.output(g.add(new Movement.Concat(1), a, b, x));
    g.output(g.add(new Movement.Concat(0), x, x));
    Compiled.check(g.build(), 0, f32(3, 5));
  }

  @ParameterizedTest
  @MethodSource("dtypes")
  void copiesOfEveryType(DType dtype) {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(dtype, Shape.of(N, Dim.of(21), Dim.of(4))));
    Value t = g.add(new Movement.Transpose(List.of(1, 0, 2)), x);
    g.output(g.add(new Movement.Reshape(Shape.of(Dim.of(21), N.times(4))), t));
    Value u = g.add(new Movement.Transpose(List.of(2, 1, 0)), x);
    g.output(g.add(new Movement.Reshape(Shape.of(Dim.of(84), N)), u));
    Compiled.check(g.build(), 0, Compiled.random(dtype, random, 17, 21, 4));
  }

  /** Both sides dense along an axis of their own, whole tiles and their edges. */
  @ParameterizedTest
  @MethodSource("dtypes")
  void transposesTiles(DType dtype) {
    for (int[] extents : new int[][] {{37, 16, 3}, {16, 48, 1}, {61, 29, 2}, {8, 70, 2}}) {
      for (Dim rows : List.of(N, Dim.of(extents[0]))) {
        GraphBuilder g = new GraphBuilder("t");
        Shape shape = Shape.of(Dim.of(extents[2]), rows, Dim.of(extents[1]));
        Value x = g.input("x", Type.tensor(dtype, shape));
        g.output(g.add(new Movement.Transpose(List.of(0, 2, 1)), x));
        g.output(g.add(new Movement.Transpose(List.of(2, 0, 1)), x));
        Compiled.check(
            g.build(), 0, Compiled.random(dtype, random, extents[2], extents[0], extents[1]));
      }
    }
  }

  /** A few rows that are taken in turns: how channels of groups are shuffled. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8, 16})
  void takesRowsInTurns(int rows) {
    for (int length : new int[] {5, 16, 58, 64}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(rows), Dim.of(length))));
      Value turned = g.add(new Movement.Transpose(List.of(0, 2, 1)), x);
      g.output(g.add(new Movement.Reshape(Shape.of(N, Dim.of((long) rows * length))), turned));
      Compiled.check(g.build(), 0, f32(7, rows, length));
    }
  }

  /**
   * Elements of a few columns become rows: blocks of space to depth, halves of interleaved pairs.
   */
  @ParameterizedTest
  @MethodSource("dtypes")
  void takesColumnsApart(DType dtype) {
    for (int columns : new int[] {2, 3, 4, 8}) {
      for (int length : new int[] {5, 13, 28, 32}) {
        for (Dim known : List.of(N, Dim.of(length))) {
          GraphBuilder g = new GraphBuilder("t");
          Shape shape = Shape.of(Dim.of(3), known, Dim.of(columns));
          Value x = g.input("x", Type.tensor(dtype, shape));
          g.output(g.add(new Movement.Transpose(List.of(0, 2, 1)), x));
          g.output(g.add(new Movement.Transpose(List.of(2, 0, 1)), x));
          Compiled.check(g.build(), 0, Compiled.random(dtype, random, 3, length, columns));
        }
      }
    }
  }

  /** Axes backwards, the innermost among them. */
  @ParameterizedTest
  @MethodSource("dtypes")
  void reverses(DType dtype) {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(dtype, Shape.of(Dim.of(3), N)));
    SliceAxis inner = new SliceAxis(1, N.minus(Dim.ONE), N, -1);
    SliceAxis outer = new SliceAxis(0, Dim.of(2), Dim.of(3), -1);
    g.output(g.add(new Movement.Slice(List.of(inner)), x));
    g.output(g.add(new Movement.Slice(List.of(outer, inner)), x));
    for (int length : new int[] {1, 5, 37, 64}) {
      Compiled.check(g.build(), 0, Compiled.random(dtype, random, 3, length));
    }
  }

  /** Time and batch on any two axes, in the operand's order of memory and turned around. */
  @ParameterizedTest
  @MethodSource("dtypes")
  void reversesSequences(DType dtype) {
    for (int[] axes : new int[][] {{0, 1}, {1, 0}, {0, 2}, {2, 1}, {1, 2}, {-1, -3}}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(dtype, Shape.of(Dim.of(3), N, Dim.of(37))));
      int batch = Math.floorMod(axes[0], 3);
      Dim count = x.shape().dim(batch);
      Value lengths = g.input("lengths", Type.tensor(DType.INT64, Shape.of(count)));
      g.output(g.add(new Movement.ReverseSequence(axes[0], axes[1]), x, lengths));
      Value turned = g.add(new Movement.Transpose(List.of(2, 0, 1)), x);
      g.output(
          g.add(
              new Movement.ReverseSequence((batch + 1) % 3, Math.floorMod(axes[1] + 1, 3)),
              turned,
              lengths));
      for (int rows : new int[] {1, 18}) {
        long[] dims = {3, rows, 37};
        long[] ends = new long[(int) dims[batch]];
        long most = dims[Math.floorMod(axes[1], 3)];
        for (int i = 0; i < ends.length; i++) {
          ends[i] = i == 0 ? most : random.nextLong(most + 1);
        }
        Compiled.check(g.build(), 0, Compiled.random(dtype, random, dims), Tensor.ofLongs(ends));
      }
    }
  }

  @Test
  void lengthsOutsideEndTheRun() {
    for (int time : new int[] {1, 2}) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(2, 5, 5)));
      Value lengths = g.input("lengths", Type.tensor(DType.INT64, Shape.of(2)));
      g.output(g.add(new Movement.ReverseSequence(0, time), x, lengths));
      for (long length : new long[] {6, -1, Long.MIN_VALUE}) {
        KernelFailureException e =
            assertThrows(
                KernelFailureException.class,
                () ->
                    Compiled.run(
                        g.build(),
                        new Target(256, true),
                        1,
                        f32(2, 5, 5),
                        Tensor.ofLongs(5, length)));
        assertTrue(
            e.getMessage().contains(length + " is not a length of a sequence"), e.getMessage());
      }
    }
  }

  @Test
  void takesLongColumnsApart() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(2))));
    g.output(g.add(new Movement.Transpose(List.of(1, 0)), x));
    Compiled.check(g.build(), 0, f32(3 * 1024 + 5, 2));
    Compiled.check(g.build(), 0, f32(7, 2));
  }

  @Test
  void tileRepeatsEveryAxis() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(7))));
    g.output(g.add(new Movement.Tile(List.of(Dim.of(2), Dim.of(3))), x));
    g.output(g.add(new Movement.Tile(List.of(Dim.ONE, N)), x));
    Compiled.check(g.build(), 0, f32(4, 7));
  }

  @ParameterizedTest
  @EnumSource(PadMode.class)
  void padsAxesInAnyOrderOfMemory(PadMode mode) {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(Dim.ONE, N, Dim.of(5), Dim.ONE)));
    Value turned = g.add(new Movement.Transpose(List.of(0, 2, 1, 3)), x);
    List<Dim> before = List.of(Dim.ZERO, Dim.ZERO, Dim.of(4), Dim.ZERO);
    List<Dim> after = List.of(Dim.ZERO, Dim.of(2), Dim.of(3), Dim.ZERO);
    g.output(g.add(new Movement.Pad(before, after, mode), turned));
    Compiled.check(g.build(), 0, f32(1, 21, 5, 1));
  }

  @ParameterizedTest
  @EnumSource(PadMode.class)
  void padsAndCrops(PadMode mode) {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(9))));
    Value v = g.constant("v", Tensor.scalar(-3f));
    List<Dim> before = List.of(Dim.of(2), Dim.of(3));
    List<Dim> after = List.of(Dim.ONE, Dim.of(4));
    g.output(g.add(new Movement.Pad(before, after, mode), x, v));
    List<Dim> cropped = List.of(Dim.ZERO, Dim.of(-2));
    if (mode == PadMode.CONSTANT) {
      g.output(g.add(new Movement.Pad(cropped, after, mode), x));
    }
    Compiled.check(g.build(), 0, f32(5, 9));
  }

  /** Rows of several vectors, ends longer than vectors and, where they repeat, than the row. */
  @ParameterizedTest
  @EnumSource(PadMode.class)
  void padsLongRows(PadMode mode) {
    for (DType dtype : List.of(DType.FLOAT32, DType.INT8, DType.FLOAT16, DType.INT64)) {
      for (long[] ends : new long[][] {{3, 3}, {0, 1}, {1, 0}, {21, 18}, {95, 80}}) {
        GraphBuilder g = new GraphBuilder("t");
        Value x = g.input("x", Type.tensor(dtype, Shape.of(Dim.of(2), Dim.of(3), N)));
        List<Dim> before = List.of(Dim.ZERO, Dim.ONE, Dim.of(ends[0]));
        List<Dim> after = List.of(Dim.ZERO, Dim.of(4), Dim.of(ends[1]));
        g.output(g.add(new Movement.Pad(before, after, mode), x));
        Compiled.check(g.build(), 0, Compiled.random(dtype, random, 2, 3, 37));
        Compiled.check(g.build(), 0, Compiled.random(dtype, random, 2, 3, 1));
      }
    }
  }

  @Test
  void triangles() {
    for (boolean upper : new boolean[] {true, false}) {
      for (DType dtype : List.of(DType.FLOAT32, DType.INT64, DType.BOOL)) {
        GraphBuilder g = new GraphBuilder("t");
        Value x = g.input("x", Type.tensor(dtype, Shape.of(Dim.of(2), N, Dim.of(37))));
        Value k = g.input("k", Type.tensor(DType.INT64, Shape.SCALAR));
        g.output(g.add(new Movement.Trilu(upper), x, k));
        g.output(g.add(new Movement.Trilu(upper), x));
        for (long diagonal : new long[] {-2, 0, 3, 50}) {
          Compiled.check(
              g.build(), 0, Compiled.random(dtype, random, 2, 6, 37), Tensor.scalar(diagonal));
        }
      }
    }
  }

  @Test
  void gathersAlongEveryAxis() {
    for (int axis = 0; axis < 3; axis++) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(4, 5, 19)));
      Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(N, Dim.of(2))));
      g.output(g.add(new Indexing.Gather(axis), x, i));
      Tensor indices = Tensor.of(new long[] {0, 3, -1, 2, 1, -4}, 3, 2);
      Compiled.check(g.build(), 0, f32(4, 5, 19), indices);
    }
  }

  @Test
  void indicesOutsideEndTheRun() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(4, 5)));
    Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(N)));
    g.output(g.add(new Indexing.Gather(0), x, i));
    for (long index : new long[] {4, -5, Long.MAX_VALUE}) {
      KernelFailureException e =
          assertThrows(
              KernelFailureException.class,
              () ->
                  Compiled.run(
                      g.build(), new Target(256, false), 1, f32(4, 5), Tensor.ofLongs(0, index)));
      assertTrue(e.getMessage().contains(index + " is not an index of the axis"), e.getMessage());
    }
  }

  @Test
  void gathersElementsAndSlices() {
    GraphBuilder g = new GraphBuilder("t");
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(3, 4, 5)));
    Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(3, 2, 5)));
    Value t = g.input("t", Type.tensor(DType.INT64, Shape.of(N, Dim.of(2))));
    Value u = g.input("u", Type.tensor(DType.INT64, Shape.of(3, 1)));
    g.output(g.add(new Indexing.GatherElements(1), x, i));
    g.output(g.add(new Indexing.GatherND(0), x, t));
    g.output(g.add(new Indexing.GatherND(1), x, u));
    Tensor indices = Tensor.allocate(DType.INT64, 3, 2, 5);
    for (int k = 0; k < 30; k++) {
      indices.setLong(k, random.nextInt(-4, 4));
    }
    Compiled.check(
        g.build(),
        0,
        f32(3, 4, 5),
        indices,
        Tensor.of(new long[] {0, 3, -1, 2}, 2, 2),
        Tensor.of(new long[] {0, 3, -1}, 3, 1));
  }

  @Test
  void scatters() {
    for (ScatterReduction reduction : ScatterReduction.values()) {
      GraphBuilder g = new GraphBuilder("t");
      Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(4, 5)));
      Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(2, 3)));
      Value v = g.input("v", Type.tensor(DType.FLOAT32, Shape.of(2, 3)));
      Value t = g.input("t", Type.tensor(DType.INT64, Shape.of(2, 1)));
      Value w = g.input("w", Type.tensor(DType.FLOAT32, Shape.of(2, 5)));
      g.output(g.add(new Indexing.ScatterElements(0, reduction), x, i, v));
      g.output(g.add(new Indexing.ScatterND(reduction), x, t, w));
      Compiled.check(
          g.build(),
          0,
          f32(4, 5),
          Tensor.of(new long[] {0, 3, -1, 2, 3, 1}, 2, 3),
          f32(2, 3),
          Tensor.of(new long[] {1, -1}, 2, 1),
          f32(2, 5));
    }
  }

  /** Slices of one, two or no axes, in vectors where they are dense; tuples that repeat. */
  @ParameterizedTest
  @EnumSource(ScatterReduction.class)
  void scattersSlices(ScatterReduction reduction) {
    for (DType dtype : List.of(DType.FLOAT32, DType.INT64, DType.UINT8, DType.FLOAT16)) {
      for (int length = 1; length <= 3; length++) {
        GraphBuilder g = new GraphBuilder("t");
        Value x = g.input("x", Type.tensor(dtype, Shape.of(Dim.of(3), Dim.of(2), N)));
        Value t = g.input("t", Type.tensor(DType.INT64, Shape.of(4, length)));
        long[] dims = length == 1 ? new long[] {4, 2, 37} : new long[] {4, 37};
        Value u =
            length == 3
                ? g.input("u", Type.tensor(dtype, Shape.of(4)))
                : g.input("u", Type.tensor(dtype, Shape.of(dims)));
        g.output(g.add(new Indexing.ScatterND(reduction), x, t, u));
        Tensor tuples = Tensor.allocate(DType.INT64, 4, length);
        for (int k = 0; k < tuples.elements(); k++) {
          tuples.setLong(k, random.nextInt(-2, 2));
        }
        Compiled.check(
            g.build(),
            reduction == ScatterReduction.NONE ? 0 : 1e-2,
            Compiled.random(dtype, random, 3, 2, 37),
            tuples,
            length == 3 ? Compiled.random(dtype, random, 4) : Compiled.random(dtype, random, dims));
      }
    }
  }

  @Test
  void oneHotRangesAndFills() {
    GraphBuilder g = new GraphBuilder("t");
    Value i = g.input("i", Type.tensor(DType.INT64, Shape.of(N)));
    Value depth = g.constant("depth", Tensor.scalar(4L));
    Value values = g.constant("values", Tensor.of(new float[] {0.5f, 2f}, 2));
    g.output(g.add(new Indexing.OneHot(-1), i, depth, values));
    g.output(g.add(new Indexing.OneHot(0), i, depth, values));
    g.output(g.add(new Generation.Range(Dim.of(3), N, -2, DType.INT64)));
    Value x = g.input("x", Type.tensor(DType.FLOAT32, Shape.of(N, Dim.of(3))));
    g.output(g.add(new Generation.EyeLike(Optional.empty(), 1), x));
    Value shape = g.constant("shape", Tensor.ofLongs(2, 35));
    g.output(g.add(new Generation.ConstantOfShape(Tensor.of(new float[] {1.5f}, 1)), shape));
    Compiled.check(g.build(), 0, Tensor.ofLongs(0, 3, -1, 7, 2), f32(5, 3));
  }
}
