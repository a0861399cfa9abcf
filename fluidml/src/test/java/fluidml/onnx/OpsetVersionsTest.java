package fluidml.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.UnsupportedModelException;
import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operators whose meaning or spelling changed from one operator set to the next. */
class OpsetVersionsTest {
  private static final Tensor X = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2);

  private static void check(Tensor actual, float... expected) {
    assertArrayEquals(expected, actual.toFloats(), 1e-5f);
  }

  @Test
  void softmaxWorkedOnMatricesBeforeVersion13() {
    Tensor zeros = Tensor.of(new float[8], 2, 2, 2);
    Tensor old = Imports.node(11, "Softmax", List.of(zeros));
    assertArrayEquals(new long[] {2, 2, 2}, old.dims());
    assertEquals(0.25f, old.getFloat(0));
    assertEquals(0.5f, Imports.node(13, "Softmax", List.of(zeros)).getFloat(0));
  }

  @Test
  void axesMovedFromAttributesToInputs() {
    Tensor x = Tensor.of(new float[] {1, 2}, 1, 2, 1);
    AttributeProto axes = AttributeProto.ofInts("axes", 0, -1);
    assertArrayEquals(new long[] {2}, Imports.node(11, "Squeeze", List.of(x), axes).dims());
    assertArrayEquals(
        new long[] {2}, Imports.node(13, "Squeeze", List.of(x, Tensor.ofLongs(0, -1))).dims());
    AttributeProto at = AttributeProto.ofInts("axes", 0, 4);
    assertArrayEquals(
        new long[] {1, 2, 2, 2, 1}, Imports.node(11, "Unsqueeze", List.of(X), at).dims());
    check(
        Imports.node(
            11,
            "ReduceSum",
            List.of(X),
            AttributeProto.ofInts("axes", 0, 1),
            AttributeProto.of("keepdims", 0)),
        16,
        20);
    check(
        Imports.node(
            13, "ReduceSum", List.of(X, Tensor.ofLongs(0, 1)), AttributeProto.of("keepdims", 0)),
        16,
        20);
    String message =
        assertThrows(
                UnsupportedModelException.class,
                () ->
                    Imports.node(13, "ReduceSum", List.of(X), AttributeProto.ofInts("axes", 0, 1)))
            .getMessage();
    assertTrue(message.contains("ai.onnx.ReduceSum-13") && message.contains("'axes'"), message);
  }

  @Test
  void clipTookItsBoundsAsAttributes() {
    Tensor x = Tensor.of(new float[] {-5, 0.5f, 5}, 3);
    check(
        Imports.node(
            6, "Clip", List.of(x), AttributeProto.of("min", -1f), AttributeProto.of("max", 1f)),
        -1,
        0.5f,
        1);
    check(Imports.node(6, "Clip", List.of(x), AttributeProto.of("min", 0f)), 0, 0.5f, 5);
    check(Imports.node(13, "Clip", List.of(x, Tensor.scalar(0f))), 0, 0.5f, 5);
  }

  @Test
  void sliceSplitAndPadTookTheirGeometryAsAttributes() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5}, 5);
    AttributeProto[] slice = {
      AttributeProto.ofInts("starts", 1), AttributeProto.ofInts("ends", -1)
    };
    check(Imports.node(9, "Slice", List.of(x), slice), 2, 3, 4);
    check(
        Imports.node(
            2,
            "Pad",
            List.of(x),
            AttributeProto.ofInts("pads", 1, -2),
            AttributeProto.of("value", 9f)),
        9,
        1,
        2,
        3);
    check(Imports.node(10, "TopK", List.of(x, Tensor.ofLongs(2))), 5, 4);
    check(Imports.node(9, "TopK", List.of(x), AttributeProto.of("k", 2)), 5, 4);
  }

  @Test
  void upsamplingIsAsymmetricBeforeVersion11() {
    Tensor x = Tensor.of(new float[] {1, 2}, 1, 1, 1, 2);
    AttributeProto scales = AttributeProto.ofFloats("scales", 1, 1, 1, 2);
    float[] expected = {1, 1, 2, 2};
    check(Imports.node(7, "Upsample", List.of(x), scales), expected);
    Tensor input = Tensor.of(new float[] {1, 1, 1, 2}, 4);
    check(Imports.node(9, "Upsample", List.of(x, input)), expected);
    check(Imports.node(10, "Resize", List.of(x, input)), expected);
    check(
        Imports.node(10, "Resize", List.of(x, input), AttributeProto.of("mode", "linear")),
        1,
        1.5f,
        2,
        2);
  }

  @Test
  void groupNormalizationHadScalesPerGroup() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 7, 1, 3, 5, 7}, 1, 4, 2);
    AttributeProto groups = AttributeProto.of("num_groups", 2);
    Tensor perGroup =
        Imports.node(
            18,
            "GroupNormalization",
            List.of(x, Tensor.of(new float[] {1, 2}, 2), Tensor.of(new float[2], 2)),
            groups);
    Tensor perChannel =
        Imports.node(
            21,
            "GroupNormalization",
            List.of(x, Tensor.of(new float[] {1, 1, 2, 2}, 4), Tensor.of(new float[4], 4)),
            groups);
    assertArrayEquals(perChannel.toFloats(), perGroup.toFloats(), 1e-6f);
  }

  @Test
  void dropoutIsTheIdentityInInference() {
    AttributeProto ratio = AttributeProto.of("ratio", 0.9f);
    check(Imports.node(7, "Dropout", List.of(X), ratio), X.toFloats());
    check(Imports.node(13, "Dropout", List.of(X, Tensor.scalar(0.9f))), X.toFloats());
  }

  @Test
  void batchNormalizationInTrainingUsesTheStatisticsOfTheBatch() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 7}, 4, 1);
    Tensor one = Tensor.of(new float[] {1}, 1);
    Tensor y =
        Imports.node(
            15,
            "BatchNormalization",
            List.of(x, one, Tensor.of(new float[1], 1), one, one),
            AttributeProto.of("training_mode", 1),
            AttributeProto.of("epsilon", 0f));
    check(y, -1.3416408f, -0.4472136f, 0.4472136f, 1.3416408f);
  }

  @Test
  void broadcastingWasAskedForBeforeVersion7() {
    Tensor perChannel = Tensor.of(new float[] {10, 20}, 2);
    AttributeProto broadcast = AttributeProto.of("broadcast", 1);
    check(
        Imports.node(6, "Add", List.of(X, perChannel), broadcast, AttributeProto.of("axis", 1)),
        11,
        12,
        23,
        24,
        15,
        16,
        27,
        28);
    check(
        Imports.node(6, "Add", List.of(X, perChannel), broadcast), 11, 22, 13, 24, 15, 26, 17, 28);
    Tensor slopes = Tensor.of(new float[] {2, 3}, 2);
    Tensor negative = Tensor.of(new float[] {-1, 1, -1, 1}, 1, 2, 2);
    check(Imports.node(6, "PRelu", List.of(negative, slopes)), -2, 1, -3, 1);
  }

  @Test
  void splitsMayBeUneven() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5}, 5);
    check(Imports.node(18, "Split", List.of(x), AttributeProto.of("num_outputs", 1)), x.toFloats());
  }
}
