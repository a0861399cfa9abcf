package fluidml.bench.models;

import static fluidml.bench.models.SingleOperator.operator;

import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** Matrix products, quantised operators and recurrent layers. */
final class ProductOperators {
  private ProductOperators() {}

  static List<SingleOperator> all() {
    List<SingleOperator> all = new ArrayList<>();
    all.add(
        operator(
            "MatMul 128 × 768 × 768, weights",
            net -> new Layers(net).matMul(net.given(128, 768), 768, 768)));
    all.add(
        operator(
            "MatMul 128 × 768 × 768",
            net -> net.op("MatMul", net.given(128, 768), net.given(768, 768))));
    all.add(
        operator(
            "MatMul 1 × 768 × 3072, weights",
            net -> new Layers(net).matMul(net.given(1, 768), 768, 3072)));
    all.add(
        operator(
            "MatMul 12 × 128 × 64 × 128",
            net -> net.op("MatMul", net.given(12, 128, 64), net.given(12, 64, 128))));
    all.add(
        operator(
            "MatMul 768 × 768 by a vector",
            net -> net.op("MatMul", net.given(768, 768), net.given(768))));
    all.add(
        operator(
            "MatMul 512 × 16 × 512",
            net -> net.op("MatMul", net.given(512, 16), net.given(16, 512))));
    all.add(operator("Gemm, both transposed", net -> gemm(net, 1, 1)));
    all.add(operator("Gemm, left transposed", net -> gemm(net, 1, 0)));
    all.add(
        operator(
            "Einsum bhid,bhjd->bhij",
            net ->
                net.op(
                    "Einsum",
                    List.of(net.given(1, 12, 128, 64), net.given(1, 12, 128, 64)),
                    AttributeProto.of("equation", "bhid,bhjd->bhij"))));
    all.add(
        new SingleOperator(
            "MatMul of float64",
            DType.FLOAT64,
            net ->
                net.op(
                    "MatMul",
                    net.given(Quantities.doubles(128, 256)),
                    net.given(Quantities.doubles(256, 256)))));
    all.add(
        new SingleOperator(
            "MatMul of int32",
            DType.INT32,
            net ->
                net.op(
                    "MatMul",
                    net.given(Quantities.ints(128, 256)),
                    net.given(Quantities.ints(256, 256)))));
    all.add(
        new SingleOperator(
            "MatMulInteger, weights",
            DType.INT32,
            net ->
                net.op(
                    "MatMulInteger",
                    net.given(Quantities.unsignedBytes(128, 768)),
                    net.constant(Quantities.bytes(768, 768)))));
    all.add(
        operator(
            "MatMul 1 × 2048 × 1000, weights",
            net -> new Layers(net).linear(net.given(1, 2048), 2048, 1000)));
    all.add(
        operator(
            "MatMul 49 × 64 × 49, 192 batches",
            net -> net.op("MatMul", net.given(192, 49, 32), net.given(192, 32, 49))));
    all.add(
        operator(
            "MatMul 12 × 1 × 64 × 512",
            net -> net.op("MatMul", net.given(12, 1, 64), net.given(12, 64, 512))));
    all.add(
        operator(
            "MatMul 12 × 128 × 128 × 64",
            net -> net.op("MatMul", net.given(12, 128, 128), net.given(12, 128, 64))));
    all.add(
        operator(
            "MatMul 1000 × 100 × 10, weights",
            net -> new Layers(net).matMul(net.given(1000, 100), 100, 10)));
    all.add(
        operator(
            "MatMul 3 × 3 of 4096",
            net -> net.op("MatMul", net.given(4096, 3, 3), net.given(4096, 3, 1))));
    all.add(
        operator(
            "Einsum bhwc,hkc->bhwk",
            net ->
                net.op(
                    "Einsum",
                    List.of(net.given(16, 14, 14, 64), net.given(14, 14, 64)),
                    AttributeProto.of("equation", "bhwc,hkc->bhwk"))));
    all.add(operator("Attention, 12 heads of 64, 512 words", net -> attention(net, 512)));
    all.add(operator("Attention, 12 heads of 64, one word of 512", net -> attention(net, 1)));
    all.add(
        operator(
            "LSTM of 16 sequences",
            net ->
                net.ops(
                        "LSTM",
                        List.of(
                            net.given(50, 16, 128),
                            net.weight(0, 0.05, 1, 1024, 128),
                            net.weight(0, 0.05, 1, 1024, 256)),
                        1,
                        AttributeProto.of("hidden_size", 256))
                    .getFirst()));
    all.add(operator("RNN", net -> recurrent("RNN", 1, net)));
    all.add(operator("LSTM", net -> recurrent("LSTM", 4, net)));
    all.add(operator("GRU", net -> recurrent("GRU", 3, net)));
    all.add(
        new SingleOperator(
            "QLinearMatMul",
            DType.UINT8,
            net ->
                net.op(
                    "QLinearMatMul",
                    net.given(Quantities.unsignedBytes(128, 768)),
                    net.scalar(0.01),
                    zero(net),
                    net.constant(Quantities.bytes(768, 768)),
                    net.scalar(0.01),
                    net.constant(Quantities.bytes()),
                    net.scalar(0.1),
                    zero(net))));
    all.add(
        new SingleOperator(
            "DynamicQuantizeLinear",
            DType.UINT8,
            net -> net.ops("DynamicQuantizeLinear", List.of(net.given(128, 768)), 3).getFirst()));
    all.add(
        new SingleOperator(
            "QuantizeLinear",
            DType.UINT8,
            net -> net.op("QuantizeLinear", net.given(128, 768), net.scalar(0.01), zero(net))));
    all.add(
        operator(
            "DequantizeLinear",
            net ->
                net.op(
                    "DequantizeLinear",
                    net.given(Quantities.unsignedBytes(128, 768)),
                    net.scalar(0.01),
                    zero(net))));
    return all;
  }

  private static String gemm(Network net, int left, int right) {
    return net.op(
        "Gemm",
        List.of(
            left == 1 ? net.given(512, 128) : net.given(128, 512),
            right == 1 ? net.given(256, 512) : net.given(512, 256)),
        AttributeProto.of("transA", left),
        AttributeProto.of("transB", right));
  }

  private static String zero(Network net) {
    return net.constant(Quantities.unsignedBytes());
  }

  /** A recurrent layer of 256 over 50 steps of 128 features. */
  private static String recurrent(String op, int gates, Network net) {
    return net.ops(
            op,
            List.of(
                net.given(50, 1, 128),
                net.weight(0, 0.05, 1, gates * 256L, 128),
                net.weight(0, 0.05, 1, gates * 256L, 256)),
            1,
            AttributeProto.of("hidden_size", 256))
        .getFirst();
  }

  /** Scores of some words with 512, softmax, and the sum of values. */
  private static String attention(Network net, long words) {
    Layers layers = new Layers(net);
    String q = net.given(1, 12, words, 64);
    String k = net.given(1, 12, 64, 512);
    String scores = net.op("Mul", net.op("MatMul", q, k), net.scalar(0.125));
    return net.op("MatMul", layers.softmax(scores), net.given(1, 12, 512, 64));
  }
}
