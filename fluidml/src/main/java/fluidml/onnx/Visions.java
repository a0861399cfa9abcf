package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Vision.AffineGrid;
import fluidml.graph.op.Vision.AspectPolicy;
import fluidml.graph.op.Vision.CoordinateMode;
import fluidml.graph.op.Vision.GridSample;
import fluidml.graph.op.Vision.ImageDecoder;
import fluidml.graph.op.Vision.MaxRoiPool;
import fluidml.graph.op.Vision.MaxUnpool;
import fluidml.graph.op.Vision.NearestMode;
import fluidml.graph.op.Vision.Resize;
import fluidml.graph.op.Vision.ResizeMode;
import fluidml.graph.op.Vision.RoiAlign;
import java.util.List;
import java.util.Map;

/** Operators on images. */
final class Visions {
  private static final Map<String, ResizeMode> MODES =
      Map.of("nearest", ResizeMode.NEAREST, "linear", ResizeMode.LINEAR, "cubic", ResizeMode.CUBIC);

  private static final Map<String, CoordinateMode> COORDINATES =
      Map.of(
          "half_pixel", CoordinateMode.HALF_PIXEL,
          "half_pixel_symmetric", CoordinateMode.HALF_PIXEL_SYMMETRIC,
          "pytorch_half_pixel", CoordinateMode.PYTORCH_HALF_PIXEL,
          "align_corners", CoordinateMode.ALIGN_CORNERS,
          "asymmetric", CoordinateMode.ASYMMETRIC,
          "tf_crop_and_resize", CoordinateMode.TF_CROP_AND_RESIZE);

  private static final Map<String, NearestMode> NEAREST =
      Map.of(
          "round_prefer_floor", NearestMode.ROUND_PREFER_FLOOR,
          "round_prefer_ceil", NearestMode.ROUND_PREFER_CEIL,
          "floor", NearestMode.FLOOR,
          "ceil", NearestMode.CEIL);

  private static final Map<String, AspectPolicy> POLICIES =
      Map.of(
          "stretch", AspectPolicy.STRETCH,
          "not_larger", AspectPolicy.NOT_LARGER,
          "not_smaller", AspectPolicy.NOT_SMALLER);

  private Visions() {}

  static void register(Operators to) {
    to.add("Upsample", 7, 1, 1, Visions::upsampleByAttribute);
    to.add("Upsample", 9, 2, 2, c -> upsample(c, c.in(1)));
    to.add("Resize", 10, 2, 2, c -> upsample(c, c.in(1)));
    to.add("Resize", 11, 1, 4, Visions::resize);
    to.add("GridSample", 16, 2, 2, Visions::gridSample);
    to.add(
        "AffineGrid",
        20,
        2,
        2,
        c -> c.out(new AffineGrid(c.attributes().flag("align_corners", false)), c.operands()));
    to.add("RoiAlign", 10, 3, 3, c -> roiAlign(c, false));
    to.add("RoiAlign", 16, 3, 3, Visions::roiAlign16);
    to.add("MaxRoiPool", 1, 2, 2, Visions::maxRoiPool);
    to.add("MaxUnpool", 9, 2, 3, Visions::maxUnpool);
    to.add("ImageDecoder", 20, 1, 1, Visions::imageDecoder);
  }

  private static List<Value> upsampleByAttribute(Call c) {
    List<Double> scales =
        c.attributes()
            .reals("scales")
            .orElseThrow(() -> c.invalid("attribute 'scales' is required"));
    return upsample(c, c.constant(Generations.floats(scales)));
  }

  /** Before version 11 positions were scaled without offset, and nearest rounded down. */
  private static List<Value> upsample(Call c, Value scales) {
    ResizeMode mode =
        c.attributes()
            .choice(
                "mode",
                "nearest",
                Map.of(
                    "nearest", ResizeMode.NEAREST,
                    "linear", ResizeMode.LINEAR,
                    "bilinear", ResizeMode.LINEAR));
    Resize resize =
        new Resize(
            mode,
            CoordinateMode.ASYMMETRIC,
            NearestMode.FLOOR,
            AspectPolicy.STRETCH,
            false,
            false,
            -0.75,
            0,
            List.of());
    return c.out(resize, c.in(0), Value.ABSENT, scales);
  }

  private static List<Value> resize(Call c) {
    Attributes a = c.attributes();
    List<Integer> axes = c.axes(a.axes("axes").orElse(List.of()), c.in(0));
    Resize resize =
        new Resize(
            a.choice("mode", "nearest", MODES),
            a.choice("coordinate_transformation_mode", "half_pixel", COORDINATES),
            a.choice("nearest_mode", "round_prefer_floor", NEAREST),
            a.choice("keep_aspect_ratio_policy", "stretch", POLICIES),
            a.flag("antialias", false),
            a.flag("exclude_outside", false),
            a.real("cubic_coeff_a", -0.75),
            a.real("extrapolation_value", 0),
            axes);
    Value roi = isEmpty(c.in(1)) ? Value.ABSENT : c.in(1);
    Value scales = isEmpty(c.in(2)) ? Value.ABSENT : c.in(2);
    Value sizes = isEmpty(c.in(3)) ? Value.ABSENT : c.in(3);
    if (scales.isPresent() == sizes.isPresent()) {
      throw c.invalid("needs either scales or sizes");
    }
    return c.out(resize, c.in(0), roi, scales, sizes);
  }

  /** Operands of no elements stand for operands that are not given. */
  private static boolean isEmpty(Value value) {
    return value.knownShape().map(s -> s.elements().is(0)).orElse(false);
  }

  private static List<Value> gridSample(Call c) {
    Attributes a = c.attributes();
    boolean old = c.version() < 20;
    ResizeMode mode =
        a.choice(
            "mode",
            old ? "bilinear" : "linear",
            old
                ? Map.of(
                    "bilinear", ResizeMode.LINEAR,
                    "nearest", ResizeMode.NEAREST,
                    "bicubic", ResizeMode.CUBIC)
                : MODES);
    String padding =
        a.choice(
            "padding_mode",
            "zeros",
            Map.of("zeros", "zeros", "border", "border", "reflection", "reflection"));
    return c.out(new GridSample(mode, padding, a.flag("align_corners", false)), c.operands());
  }

  private static List<Value> roiAlign16(Call c) {
    boolean halfPixel =
        c.attributes()
            .choice(
                "coordinate_transformation_mode",
                "half_pixel",
                Map.of("half_pixel", true, "output_half_pixel", false));
    return roiAlign(c, halfPixel);
  }

  private static List<Value> roiAlign(Call c, boolean halfPixel) {
    Attributes a = c.attributes();
    return c.out(
        new RoiAlign(
            a.choice("mode", "avg", Map.of("avg", false, "max", true)),
            halfPixel,
            a.integer("output_height", 1),
            a.integer("output_width", 1),
            a.integer("sampling_ratio", 0),
            a.real("spatial_scale", 1)),
        c.operands());
  }

  private static List<Value> maxRoiPool(Call c) {
    List<Long> pooled = c.attributes().requiredIntegers("pooled_shape");
    if (pooled.size() != 2) {
      throw c.invalid("attribute 'pooled_shape' needs two entries");
    }
    return c.out(
        new MaxRoiPool(pooled.get(0), pooled.get(1), c.attributes().real("spatial_scale", 1)),
        c.operands());
  }

  private static List<Value> maxUnpool(Call c) {
    return c.out(
        new MaxUnpool(Poolings.window(c, c.attributes().requiredIntegers("kernel_shape"))),
        c.operands());
  }

  private static List<Value> imageDecoder(Call c) {
    String format =
        c.attributes()
            .choice(
                "pixel_format",
                "RGB",
                Map.of("RGB", "RGB", "BGR", "BGR", "Grayscale", "Grayscale"));
    return c.out(new ImageDecoder(format), c.operands());
  }
}
