package fluidml.onnx;

import fluidml.onnx.proto.GraphProto;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ProtoEncoder;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.WireWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Writes models as ONNX files. */
public final class OnnxWriter {
  /** Alignment of tensors in an external data file, in bytes: a memory page. */
  private static final long ALIGNMENT = 4096;

  private OnnxWriter() {}

  /** A model in the file format, for small ones. */
  public static byte[] toBytes(ModelProto model) {
    return ProtoEncoder.model(model).toByteArray();
  }

  /**
   * Writes a model with its tensor data inside, replacing the file.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(ModelProto model, Path path) throws IOException {
    try (FileChannel channel = create(path)) {
      ProtoEncoder.model(model).writeTo(channel);
    }
  }

  /**
   * Writes a model whose larger initializers of the main graph go to a data file beside it, each at
   * a multiple of 4096 bytes, replacing both files.
   *
   * @param dataFile name of the data file in the directory of {@code path}
   * @param minBytes initializers of fewer bytes stay inside
   * @throws IOException if they cannot be written
   */
  public static void writeExternal(ModelProto model, Path path, String dataFile, long minBytes)
      throws IOException {
    List<TensorProto> tensors = new ArrayList<>();
    try (FileChannel channel = create(path.resolveSibling(dataFile))) {
      for (TensorProto tensor : model.graph().initializers()) {
        if (tensor.data() instanceof TensorProto.Inline(MemorySegment bytes)
            && bytes.byteSize() >= minBytes) {
          long padding = Math.floorMod(-channel.position(), ALIGNMENT);
          channel.write(ByteBuffer.allocate((int) padding));
          long offset = channel.position();
          WireWriter.write(bytes, channel);
          TensorProto.External external =
              new TensorProto.External(
                  dataFile, offset, OptionalLong.of(bytes.byteSize()), Map.of());
          tensors.add(new TensorProto(tensor.name(), tensor.dtype(), tensor.dims(), external));
        } else {
          tensors.add(tensor);
        }
      }
    }
    write(withInitializers(model, tensors), path);
  }

  private static ModelProto withInitializers(ModelProto model, List<TensorProto> tensors) {
    GraphProto graph = model.graph();
    GraphProto changed =
        new GraphProto(
            graph.name(),
            graph.nodes(),
            graph.inputs(),
            graph.outputs(),
            tensors,
            graph.sparseInitializers(),
            graph.valueInfos(),
            graph.docString());
    return new ModelProto(
        model.irVersion(),
        model.opsetImports(),
        model.producerName(),
        model.producerVersion(),
        model.domain(),
        model.modelVersion(),
        model.docString(),
        changed,
        model.functions(),
        model.metadataProps());
  }

  static FileChannel create(Path path) throws IOException {
    return FileChannel.open(
        path,
        StandardOpenOption.WRITE,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING);
  }
}
