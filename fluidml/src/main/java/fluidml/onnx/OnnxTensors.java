package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.onnx.proto.DataDecoder;
import fluidml.onnx.proto.DataEncoder;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.ProtoDecoder;
import fluidml.onnx.proto.ProtoEncoder;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Reads and writes the {@code .pb} files of backend tests: {@code input_0.pb}, {@code output_0.pb}.
 */
public final class OnnxTensors {
  private OnnxTensors() {}

  /**
   * Reads a file with one tensor. Its memory is the mapped file and lives as long as the tensor is
   * reachable.
   *
   * @throws InvalidModelException if the file is missing or is not a tensor
   */
  public static Tensor read(Path path) {
    try {
      TensorProto proto =
          ProtoDecoder.tensor(OnnxFile.map(path, Arena.ofAuto()), path.getFileName().toString());
      return tensor(proto, path.toString());
    } catch (IOException e) {
      throw new InvalidModelException(path.toString(), "cannot be read: " + e, e);
    }
  }

  /**
   * Reads a file with a value of a type: tensor, sequence, optional or map.
   *
   * @throws InvalidModelException if the file is missing or is not such a value
   */
  public static DataProto read(Path path, TypeProto type) {
    try {
      return DataDecoder.read(
          OnnxFile.map(path, Arena.ofAuto()), path.getFileName().toString(), type);
    } catch (IOException e) {
      throw new InvalidModelException(path.toString(), "cannot be read: " + e, e);
    }
  }

  /**
   * The tensor a message holds, sharing its memory.
   *
   * @param where the message's place, for messages
   * @throws InvalidModelException if its data are external
   */
  public static Tensor tensor(TensorProto proto, String where) {
    return switch (proto.data()) {
      case TensorProto.Inline data -> Tensor.wrap(proto.dtype(), data.bytes(), proto.dimArray());
      case TensorProto.Strings data -> Tensor.ofStrings(data.values(), proto.dimArray());
      case TensorProto.External _ ->
          throw new InvalidModelException(where, "external data are only read through a model");
    };
  }

  /**
   * Writes a tensor, replacing the file.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Path path, String name, Tensor tensor) throws IOException {
    try (FileChannel channel = OnnxWriter.create(path)) {
      ProtoEncoder.tensor(TensorProto.of(name, tensor)).writeTo(channel);
    }
  }

  /**
   * Writes a value, replacing the file.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Path path, DataProto value) throws IOException {
    try (FileChannel channel = OnnxWriter.create(path)) {
      DataEncoder.write(value).writeTo(channel);
    }
  }
}
