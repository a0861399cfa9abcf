package fluidml.bench.models;

import fluidml.onnx.proto.ModelProto;
import fluidml.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The architectures that can be written, by name. */
public enum Architecture {
  RESNET50("ResNet-50, BatchNormalization folded"),
  RESNET50_BN("ResNet-50 with BatchNormalization nodes"),
  MOBILENETV3("MobileNetV3-Large"),
  MOBILENETV2("MobileNetV2"),
  EFFICIENTNET_B0("EfficientNet-B0"),
  DENSENET("DenseNet-121"),
  CONVNEXT("ConvNeXt, 64 to 512 channels"),
  RESNEXT50("ResNeXt-50, 32 groups of 4"),
  SHUFFLENET("ShuffleNetV2"),
  GOOGLENET("GoogLeNet with local response norm"),
  UNET("U-Net of four levels, 128 × 128"),
  YOLO("detector like YOLOv5n, 320 × 320"),
  DEEPLAB("dilated convolutions like DeepLabV3, 256 × 256"),
  UNET3D("3-D U-Net of three levels, 32 × 64 × 64"),
  VIT("ViT-S/16"),
  GPT2("GPT-2 of four layers, dynamic length"),
  LLAMA("LLaMA-like of eight layers, dynamic length"),
  LLAMA_DECODE("the same, one token after 160"),
  SWIN("Swin-T"),
  T5("T5-small, 128 words to 32"),
  WHISPER("Whisper's tiny encoder, 15 seconds"),
  CONFORMER("four blocks of a Conformer, 200 frames"),
  STYLE("style transfer, 224 × 224"),
  GAN("transposed convolutions from noise to 64 × 64"),
  DIFFUSION("denoising U-Net with attention, 32 × 32"),
  AUDIO("convolutions on one second of sound"),
  LSTM("two bidirectional LSTM layers, 100 frames"),
  RESNET50_F16("ResNet-50 in float16"),
  RESNET18_INT8("ResNet-18 in eight bits, static scales"),
  RESNET18_QLINEAR("ResNet-18 in eight bits, quantised operators"),
  MOBILENETV2_INT8("MobileNetV2 in eight bits, static scales for every filter"),
  ENCODER_INT8("four BERT layers of 384, quantised as they run"),
  ENCODER_QDQ("four BERT layers of 384 in eight bits, static scales");

  private final String summary;

  Architecture(String summary) {
    this.summary = summary;
  }

  /**
   * A model with a tensor for each of its inputs.
   *
   * @param model the ONNX model, weights inside
   * @param inputs tensors in the order of the inputs
   */
  public record Instance(ModelProto model, Map<String, Tensor> inputs) {
    /** Copies the map, in its order. */
    public Instance {
      inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    }
  }

  /** The name for users: lower case, words separated by hyphens. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** One line on what it is. */
  public String summary() {
    return summary;
  }

  /** Builds the network; the same one every time. */
  public Instance build() {
    return switch (this) {
      case RESNET50 -> ImageNetworks.resnet50(true);
      case RESNET50_BN -> ImageNetworks.resnet50(false);
      case MOBILENETV3 -> ImageNetworks.mobilenetv3();
      case MOBILENETV2 -> MobileNetworks.mobilenetv2();
      case EFFICIENTNET_B0 -> MobileNetworks.efficientnetB0();
      case DENSENET -> ImageNetworks.densenet();
      case CONVNEXT -> ImageNetworks.convnext();
      case RESNEXT50 -> BranchNetworks.resnext50();
      case SHUFFLENET -> BranchNetworks.shufflenet();
      case GOOGLENET -> BranchNetworks.googlenet();
      case DEEPLAB -> PixelNetworks.deeplab();
      case UNET3D -> PixelNetworks.unet3d();
      case UNET -> PixelNetworks.unet();
      case YOLO -> PixelNetworks.yolo();
      case VIT -> Transformers.vit();
      case GPT2 -> Transformers.gpt2();
      case LLAMA -> Transformers.llama();
      case LLAMA_DECODE -> Transformers.llamaDecode();
      case SWIN -> Encoders.swin();
      case T5 -> Encoders.t5();
      case WHISPER -> Encoders.whisper();
      case CONFORMER -> Encoders.conformer();
      case STYLE -> Generators.style();
      case GAN -> Generators.gan();
      case DIFFUSION -> Generators.diffusion();
      case AUDIO -> SignalNetworks.audio();
      case LSTM -> SignalNetworks.lstm();
      case RESNET50_F16 -> ImageNetworks.resnet50Half();
      case RESNET18_INT8 -> QuantizedNetworks.resnet18();
      case RESNET18_QLINEAR -> QuantizedNetworks.resnet18OfOperators();
      case MOBILENETV2_INT8 -> QuantizedNetworks.mobilenetv2();
      case ENCODER_INT8 -> QuantizedNetworks.encoder();
      case ENCODER_QDQ -> QuantizedNetworks.encoderOfPairs();
    };
  }
}
