package fluidml.cli;

import fluidml.error.InvalidInputException;
import fluidml.error.InvalidModelException;
import fluidml.file.AtomicFile;
import fluidml.graph.Type;
import fluidml.onnx.OnnxTensors;
import fluidml.onnx.proto.DataProto;
import fluidml.onnx.proto.TensorProto;
import fluidml.onnx.proto.TypeProto;
import fluidml.reference.Datum;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Values in files: {@code .npy}, {@code .json}, and the {@code .pb} of ONNX's backend tests. */
final class TensorFiles {
  /** What is written. */
  enum Format {
    NPY,
    PB,
    JSON;

    String extension() {
      return "." + name().toLowerCase(Locale.ROOT);
    }
  }

  private TensorFiles() {}

  /**
   * Reads a value.
   *
   * @param type what the model wants; decides the element type of JSON arrays
   * @throws InvalidInputException if the file is missing, damaged, or of an unknown kind
   */
  static Datum read(Path path, Type type) {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    try {
      if (name.endsWith(".pb")) {
        if (!Files.isReadable(path)) {
          throw new NoSuchFileException(path.toString());
        }
        return type instanceof Type.TensorType
            ? Datum.of(OnnxTensors.read(path))
            : datum(OnnxTensors.read(path, proto(type)), path);
      }
      if (!(type instanceof Type.TensorType tensor)) {
        throw new InvalidInputException(path.toString(), "a value of type " + type + " needs .pb");
      }
      if (name.endsWith(".npy")) {
        return Datum.of(Npy.read(path));
      }
      if (name.endsWith(".json")) {
        return Datum.of(JsonTensors.read(path, tensor.dtype()));
      }
    } catch (NoSuchFileException e) {
      throw new InvalidInputException(path.toString(), "no such file");
    } catch (IOException e) {
      throw new InvalidInputException(path.toString(), "cannot be read: " + e);
    } catch (InvalidModelException e) {
      throw new InvalidInputException(path.toString(), e.getMessage());
    }
    throw new InvalidInputException(path.toString(), "not a file of kind .npy, .pb or .json");
  }

  private static TypeProto proto(Type type) {
    return switch (type) {
      case Type.TensorType tensor ->
          new TypeProto.TensorType(Optional.of(tensor.dtype()), Optional.empty());
      case Type.SequenceType sequence -> new TypeProto.SequenceType(proto(sequence.element()));
      case Type.OptionalType optional -> new TypeProto.OptionalType(proto(optional.element()));
      case Type.NoType _ -> new TypeProto.Unknown();
    };
  }

  private static Datum datum(DataProto data, Path path) {
    return switch (data) {
      case DataProto.TensorData(TensorProto tensor) ->
          Datum.of(OnnxTensors.tensor(tensor, path.toString()));
      case DataProto.SequenceData(String _, List<DataProto> values) ->
          new Datum.SequenceDatum(values.stream().map(v -> datum(v, path)).toList());
      case DataProto.OptionalData(String _, Optional<DataProto> value) ->
          new Datum.OptionalDatum(value.map(v -> datum(v, path)));
      case DataProto.MapData _ ->
          throw new InvalidInputException(path.toString(), "maps are not supported");
    };
  }

  private static DataProto proto(String name, Datum datum) {
    return switch (datum) {
      case Datum.TensorDatum(Tensor tensor) ->
          new DataProto.TensorData(TensorProto.of(name, tensor));
      case Datum.SequenceDatum(List<Datum> elements) ->
          new DataProto.SequenceData(name, elements.stream().map(e -> proto("", e)).toList());
      case Datum.OptionalDatum(Optional<Datum> value) ->
          new DataProto.OptionalData(name, value.map(v -> proto("", v)));
      case Datum.NoDatum() -> new DataProto.OptionalData(name, Optional.empty());
    };
  }

  /**
   * Writes a value, as a whole or not at all.
   *
   * @throws InvalidInputException if the format cannot hold it
   * @throws IOException if the file cannot be written
   */
  static void write(Path path, Format format, String name, Datum datum) throws IOException {
    if (format == Format.PB) {
      AtomicFile.write(path, file -> OnnxTensors.write(file, proto(name, datum)));
    } else if (datum instanceof Datum.TensorDatum(Tensor tensor)) {
      AtomicFile.write(
          path,
          file -> {
            if (format == Format.NPY) {
              Npy.write(file, tensor);
            } else {
              JsonTensors.write(file, name, tensor);
            }
          });
    } else {
      throw new InvalidInputException(
          name, "the output is " + datum.describe() + "; use --format pb");
    }
  }
}
