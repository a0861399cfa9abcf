package fluidml.bench.models;

import fluidml.bench.models.Layers.Window;
import fluidml.onnx.proto.AttributeProto;
import fluidml.tensor.Tensor;
import java.util.List;

/** Transformers other than those for which the project has exported models. */
final class Transformers {
  private final Network net;
  private final Layers layers;

  private Transformers(String name) {
    net = new Network(name);
    layers = new Layers(net);
  }

  /** ViT-S/16: 197 tokens, query, key and value by one product (Dosovitskiy and others, 2020). */
  static Architecture.Instance vit() {
    return new Transformers("vit").image();
  }

  private Architecture.Instance image() {
    int width = 384;
    String x = net.image(224);
    x = layers.conv(x, 3, width, Window.square(16, 16).padded(0));
    x = layers.transpose(layers.reshape(x, 1, width, 196), 0, 2, 1);
    x = layers.concat(1, net.weight(0, 0.1, 1, 1, width), x);
    x = net.op("Add", x, net.weight(0, 0.1, 1, 197, width));
    for (int layer = 0; layer < 12; layer++) {
      String y = layers.linear(layers.layerNorm(x, width), width, 3 * width);
      y = layers.transpose(layers.reshape(y, 1, 197, 3, 6, 64), 2, 0, 3, 1, 4);
      String q = layers.part(y, 0);
      String k = layers.transpose(layers.part(y, 1), 0, 1, 3, 2);
      String v = layers.part(y, 2);
      String scores = net.op("Mul", net.op("MatMul", q, k), net.scalar(0.125));
      y = layers.transpose(net.op("MatMul", layers.softmax(scores), v), 0, 2, 1, 3);
      x = net.op("Add", x, layers.linear(layers.reshape(y, 1, 197, width), width, width));
      y = layers.gelu(layers.linear(layers.layerNorm(x, width), width, 4 * width));
      x = net.op("Add", x, layers.linear(y, 4 * width, width));
    }
    x = layers.part(layers.transpose(layers.layerNorm(x, width), 1, 0, 2), 0);
    net.output(net.named(layers.gemm(x, width, 1000), "logits"), "1", "1000");
    return net.build();
  }

  /** GPT-2 of four layers, 512 wide, dynamic length, tied embeddings (Radford and others, 2019). */
  static Architecture.Instance gpt2() {
    return new Transformers("gpt2").text();
  }

  private Architecture.Instance text() {
    int width = 512;
    int heads = 8;
    int words = 50257;
    String ids = net.ids("input_ids", words, List.of("batch", "sequence"), 1, 128);
    String embeddings = net.weight(0, 0.05, words, width);
    String steps = layers.extent(ids, 1);
    String positions = layers.slice(net.constant(positions(1024)), 0, 0, 1024);
    positions = net.op("Slice", positions, net.longs(0), steps, net.longs(0));
    String x = net.op("Gather", embeddings, ids);
    x = net.op("Add", x, net.op("Gather", net.weight(0, 0.05, 1024, width), positions));
    String causal = net.constant(lowerTriangle(1024));
    causal = net.op("Slice", causal, net.longs(0), steps, net.longs(2));
    causal = net.op("Slice", causal, net.longs(0), steps, net.longs(3));
    for (int layer = 0; layer < 4; layer++) {
      String y = flatGemm(layers.layerNorm(x, width), width, 3 * width);
      List<String> qkv = net.ops("Split", List.of(y), 3, AttributeProto.of("axis", 2));
      String q = layers.transpose(layers.reshape(qkv.get(0), 0, 0, heads, 64), 0, 2, 1, 3);
      String k = layers.transpose(layers.reshape(qkv.get(1), 0, 0, heads, 64), 0, 2, 3, 1);
      String v = layers.transpose(layers.reshape(qkv.get(2), 0, 0, heads, 64), 0, 2, 1, 3);
      String scores = net.op("Div", net.op("MatMul", q, k), net.scalar(8));
      scores = net.op("Where", causal, scores, net.scalar(-3.4028235e38));
      y = layers.transpose(net.op("MatMul", layers.softmax(scores), v), 0, 2, 1, 3);
      x = net.op("Add", flatGemm(layers.reshape(y, 0, 0, width), width, width), x);
      y = layers.tanhGelu(flatGemm(layers.layerNorm(x, width), width, 4 * width));
      x = net.op("Add", x, flatGemm(y, 4 * width, width));
    }
    String logits =
        net.op("MatMul", layers.layerNorm(x, width), layers.transpose(embeddings, 1, 0));
    net.output(net.named(logits, "logits"), "batch", "sequence", Integer.toString(words));
    return net.build();
  }

  /** Gemm on the rows of all batches, as the exporter writes a Conv1D layer. */
  private String flatGemm(String x, int in, int out) {
    String rows = layers.reshape(x, -1, in);
    String y =
        net.op("Gemm", rows, net.weight(0, Math.sqrt(3.0 / in), in, out), net.weight(0, 0.05, out));
    String dims = layers.concat(0, layers.extent(x, 0), layers.extent(x, 1), net.longs(out));
    return net.op("Reshape", y, dims);
  }

  private static Tensor positions(int count) {
    long[] numbers = new long[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i;
    }
    return Tensor.ofLongs(numbers);
  }

  private static Tensor lowerTriangle(int side) {
    boolean[] triangle = new boolean[side * side];
    for (int i = 0; i < triangle.length; i++) {
      triangle[i] = i % side <= i / side;
    }
    return Tensor.of(triangle, 1, 1, side, side);
  }

  /** LLaMA-like, 8 layers, 512 wide, two key heads for eight (Touvron and others, 2023). */
  static Architecture.Instance llama() {
    return new Transformers("llama").decoder(0);
  }

  /** The same for one new token after 160 past ones. */
  static Architecture.Instance llamaDecode() {
    return new Transformers("llama-decode").decoder(160);
  }

  private static final int WIDTH = 512;
  private static final int HEADS = 8;
  private static final int KEY_HEADS = 2;
  private static final int DEPTH = 64;
  private static final int HIDDEN = 1408;
  private static final int WORDS = 16000;

  private Architecture.Instance decoder(int past) {
    boolean cached = past > 0;
    String ids = net.ids("input_ids", WORDS, List.of("batch", "sequence"), 1, cached ? 1 : 128);
    String x = net.op("Gather", net.weight(0, 0.3, WORDS, WIDTH), ids);
    String[] keys = new String[8];
    String[] vals = new String[8];
    for (int layer = 0; layer < 8 && cached; layer++) {
      keys[layer] = cache("past_key_" + layer, past);
      vals[layer] = cache("past_value_" + layer, past);
    }
    String zero = net.constant(Tensor.scalar(0L));
    String one = net.constant(Tensor.scalar(1L));
    String steps = net.op("Squeeze", layers.extent(ids, 1));
    String begin = cached ? net.op("Squeeze", layers.extent(keys[0], 2)) : zero;
    String end = net.op("Add", begin, steps);
    String rows = net.op("Range", begin, end, one);
    String columns = net.op("Range", zero, end, one);
    String visible =
        net.op(
            "LessOrEqual",
            net.op("Unsqueeze", columns, net.longs(0)),
            net.op("Unsqueeze", rows, net.longs(1)));
    String mask = net.op("Where", visible, net.scalar(0), net.scalar(-3.4028235e38));
    mask = net.op("Unsqueeze", mask, net.longs(0, 1));
    String[] turn = rotation(rows);
    for (int layer = 0; layer < 8; layer++) {
      String y = layers.rmsNorm(x, WIDTH);
      String q = rotated(heads(layers.matMul(y, WIDTH, HEADS * DEPTH), HEADS), turn);
      String k = rotated(heads(layers.matMul(y, WIDTH, KEY_HEADS * DEPTH), KEY_HEADS), turn);
      String v = heads(layers.matMul(y, WIDTH, KEY_HEADS * DEPTH), KEY_HEADS);
      if (cached) {
        k = layers.concat(2, keys[layer], k);
        v = layers.concat(2, vals[layer], v);
        net.output(net.named(k, "key_" + layer), "batch", "2", "total", "64");
        net.output(net.named(v, "value_" + layer), "batch", "2", "total", "64");
      }
      String turned = layers.transpose(repeated(k), 0, 1, 3, 2);
      String scores = net.op("Mul", net.op("MatMul", q, turned), net.scalar(0.125));
      scores = layers.softmax(net.op("Add", scores, mask));
      y = layers.transpose(net.op("MatMul", scores, repeated(v)), 0, 2, 1, 3);
      y = layers.reshape(y, 0, 0, HEADS * DEPTH);
      x = net.op("Add", x, layers.matMul(y, HEADS * DEPTH, WIDTH));
      y = layers.rmsNorm(x, WIDTH);
      String gate = layers.silu(layers.matMul(y, WIDTH, HIDDEN));
      y = net.op("Mul", gate, layers.matMul(y, WIDTH, HIDDEN));
      x = net.op("Add", x, layers.matMul(y, HIDDEN, WIDTH));
    }
    String logits = layers.matMul(layers.rmsNorm(x, WIDTH), WIDTH, WORDS);
    net.output(net.named(logits, "logits"), "batch", "sequence", Integer.toString(WORDS));
    return net.build();
  }

  private String cache(String name, int past) {
    return net.input(name, List.of("batch", "2", "past", "64"), 1, KEY_HEADS, past, DEPTH);
  }

  /** Batch, steps, heads · 64 to batch, heads, steps, 64. */
  private String heads(String x, int count) {
    return layers.transpose(layers.reshape(x, 0, 0, count, DEPTH), 0, 2, 1, 3);
  }

  /** Cosine and sine of position · frequency for both halves of a head. */
  private String[] rotation(String positions) {
    float[] frequencies = new float[DEPTH / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(10000, -2.0 * i / DEPTH);
    }
    String p = net.op("Cast", List.of(positions), AttributeProto.of("to", 1));
    String angles =
        net.op(
            "Mul",
            net.op("Unsqueeze", p, net.longs(1)),
            net.constant(Tensor.of(frequencies, 1, DEPTH / 2)));
    angles = net.op("Unsqueeze", layers.concat(1, angles, angles), net.longs(0, 1));
    return new String[] {net.op("Cos", angles), net.op("Sin", angles)};
  }

  private String rotated(String x, String[] turn) {
    String low = layers.slice(x, 3, 0, DEPTH / 2);
    String high = layers.slice(x, 3, DEPTH / 2, Long.MAX_VALUE);
    String half = layers.concat(3, net.op("Neg", high), low);
    return net.op("Add", net.op("Mul", x, turn[0]), net.op("Mul", half, turn[1]));
  }

  /** Each key head as often as query heads share it. */
  private String repeated(String x) {
    String wide = net.op("Unsqueeze", x, net.longs(2));
    String dims =
        layers.concat(
            0,
            layers.extent(x, 0),
            net.longs(KEY_HEADS, HEADS / KEY_HEADS),
            layers.extent(x, 2),
            net.longs(DEPTH));
    String all = net.op("Expand", wide, dims);
    String joined =
        layers.concat(
            0, layers.extent(x, 0), net.longs(HEADS), layers.extent(x, 2), net.longs(DEPTH));
    return net.op("Reshape", all, joined);
  }
}
