package fluidml.bench.models;

import static fluidml.bench.models.SingleOperator.operator;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Convolutions, pooling and resizing of images with channels first, as a graph gets them. */
final class WindowOperators {
  private static final long[] IMAGE = {1, 64, 56, 56};

  private WindowOperators() {}

  static List<SingleOperator> all() {
    List<SingleOperator> all = new ArrayList<>();
    all.add(conv("3×3, 64 channels", 56, 64, 64, Window.square(3, 1)));
    all.add(conv("3×3, stride 2", 56, 64, 128, Window.square(3, 2)));
    all.add(conv("3×3, 512 channels", 7, 512, 512, Window.square(3, 1)));
    all.add(conv("1×1, 256 to 64 channels", 56, 256, 64, Window.square(1, 1)));
    all.add(conv("1×1, 64 to 256 channels", 56, 64, 256, Window.square(1, 1)));
    all.add(conv("7×7, stride 2, RGB", 224, 3, 64, Window.square(7, 2)));
    all.add(conv("16×16 patches", 224, 3, 384, new Window(new long[] {16, 16}, 16, 0, 1, 1)));
    all.add(conv("3×3 to RGB", 112, 32, 3, Window.square(3, 1)));
    all.add(conv("3×3 depthwise", 56, 144, 144, Window.square(3, 1).grouped(144)));
    all.add(conv("3×3, 8 groups", 28, 256, 256, Window.square(3, 1).grouped(8)));
    all.add(conv("3×3, dilated", 28, 128, 128, Window.square(3, 1).dilated(2)));
    all.add(conv("5×5", 28, 64, 64, Window.square(5, 1)));
    all.add(conv("1×7", 17, 192, 192, new Window(new long[] {1, 7}, 1, 0, 1, 1)));
    all.add(conv("1×1, stride 2", 56, 256, 512, Window.square(1, 2)));
    all.add(
        conv("4×4 patches of 96 channels", 56, 96, 192, new Window(new long[] {4, 4}, 4, 0, 1, 1)));
    all.add(conv("9×9 depthwise", 28, 256, 256, Window.square(9, 1).grouped(256)));
    all.add(conv("31×31 depthwise", 28, 64, 64, Window.square(31, 1).grouped(64)));
    all.add(conv("3×3, two filters a channel", 28, 128, 256, Window.square(3, 1).grouped(128)));
    all.add(
        operator(
            "Conv of a signal, 16 groups of 128 taps",
            net ->
                new Layers(net)
                    .conv(
                        net.given(1, 256, 200),
                        256,
                        256,
                        new Window(new long[] {128}, 1, 64, 1, 16))));
    all.add(
        operator(
            "Conv of a waveform",
            net ->
                new Layers(net)
                    .conv(
                        net.given(1, 1, 16000), 1, 128, new Window(new long[] {10}, 5, 0, 1, 1))));
    all.add(
        operator(
            "ConvTranspose of a signal, stride 8",
            net -> transposed(net, net.given(1, 128, 100), 128, 64, 8, 16)));
    all.add(
        operator(
            "ConvTranspose 4×4, stride 2",
            net -> transposed(net, net.given(1, 128, 16, 16), 128, 64, 2, 4, 4)));
    all.add(
        operator(
            "AveragePool 7×7", net -> new Layers(net).pool("Average", net.given(IMAGE), 7, 1, 3)));
    all.add(
        operator(
            "MaxPool of a signal",
            net ->
                net.op(
                    "MaxPool",
                    List.of(net.given(1, 128, 4000)),
                    AttributeProto.ofInts("kernel_shape", 4),
                    AttributeProto.ofInts("strides", 4))));
    all.add(
        operator(
            "LpPool",
            net ->
                net.op(
                    "LpPool",
                    List.of(net.given(IMAGE)),
                    AttributeProto.ofInts("kernel_shape", 2, 2),
                    AttributeProto.ofInts("strides", 2, 2))));
    all.add(
        operator(
            "GlobalAveragePool of a volume",
            net -> net.op("GlobalAveragePool", net.given(1, 64, 16, 16, 16))));
    all.add(
        operator(
            "Conv of a signal",
            net -> new Layers(net).conv(net.given(1, 80, 1500), 80, 256, Window.line(3, 1, 1))));
    all.add(
        operator(
            "Conv of a volume",
            net -> new Layers(net).conv(net.given(1, 16, 16, 32, 32), 16, 32, Window.cube(3, 1))));
    all.add(
        operator(
            "ConvTranspose 2×2", net -> new Layers(net).upConv(net.given(1, 64, 28, 28), 64, 32)));
    all.add(
        operator(
            "MaxPool 3×3, stride 2",
            net -> new Layers(net).pool("Max", net.given(1, 64, 112, 112), 3, 2, 1)));
    all.add(
        operator(
            "MaxPool 2×2, stride 2",
            net -> new Layers(net).pool("Max", net.given(IMAGE), 2, 2, 0)));
    all.add(
        operator(
            "MaxPool 5×5, stride 1",
            net -> new Layers(net).pool("Max", net.given(1, 128, 20, 20), 5, 1, 2)));
    all.add(
        operator(
            "AveragePool 3×3, stride 1",
            net -> new Layers(net).pool("Average", net.given(IMAGE), 3, 1, 1)));
    all.add(
        operator(
            "AveragePool 2×2, stride 2",
            net -> new Layers(net).pool("Average", net.given(IMAGE), 2, 2, 0)));
    all.add(
        operator(
            "GlobalAveragePool", net -> net.op("GlobalAveragePool", net.given(1, 512, 14, 14))));
    all.add(operator("GlobalMaxPool", net -> net.op("GlobalMaxPool", net.given(1, 512, 14, 14))));
    all.add(resize("nearest, asymmetric", "nearest", "asymmetric", "floor"));
    all.add(resize("linear", "linear", "half_pixel", "round_prefer_floor"));
    all.add(resize("linear, aligned corners", "linear", "align_corners", "round_prefer_floor"));
    all.add(resize("cubic", "cubic", "half_pixel", "round_prefer_floor"));
    all.add(
        operator(
            "GridSample",
            net ->
                net.op("GridSample", List.of(net.given(1, 32, 64, 64), net.given(1, 64, 64, 2)))));
    all.add(
        operator(
            "RoiAlign",
            net ->
                net.op(
                    "RoiAlign",
                    List.of(
                        net.given(1, 64, 50, 50),
                        net.given(net.uniform(200, 180, 32, 4)),
                        net.longs(new long[32])),
                    AttributeProto.of("output_height", 7),
                    AttributeProto.of("output_width", 7),
                    AttributeProto.of("sampling_ratio", 2),
                    AttributeProto.of("spatial_scale", 0.125f))));
    return all;
  }

  private static SingleOperator conv(String label, int side, int in, int out, Window window) {
    return operator(
        "Conv " + label,
        net -> new Layers(net).conv(net.given(1, in, side, side), in, out, window));
  }

  private static SingleOperator resize(
      String label, String mode, String coordinates, String nearest) {
    return operator(
        "Resize " + label,
        net ->
            net.op(
                "Resize",
                List.of(
                    net.given(1, 64, 28, 28),
                    "",
                    net.constant(Tensor.of(new float[] {1, 1, 2, 2}, 4))),
                AttributeProto.of("mode", mode),
                AttributeProto.of("coordinate_transformation_mode", coordinates),
                AttributeProto.of("nearest_mode", nearest)));
  }

  private static String transposed(
      Network net, String x, int in, int out, int stride, long... kernel) {
    long[] dims = new long[2 + kernel.length];
    dims[0] = in;
    dims[1] = out;
    System.arraycopy(kernel, 0, dims, 2, kernel.length);
    long[] strides = new long[kernel.length];
    Arrays.fill(strides, stride);
    return net.op(
        "ConvTranspose",
        List.of(x, net.kernel(in, dims), net.weight(0, 0.05, out)),
        AttributeProto.ofInts("kernel_shape", kernel),
        AttributeProto.ofInts("strides", strides));
  }
}
