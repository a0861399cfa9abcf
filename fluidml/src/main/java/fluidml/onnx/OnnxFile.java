package fluidml.onnx;

import fluidml.error.InvalidModelException;
import fluidml.error.SessionClosedException;
import fluidml.onnx.proto.ModelProto;
import fluidml.onnx.proto.ProtoDecoder;
import fluidml.onnx.proto.TensorProto;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * An ONNX model file and its external data files, memory-mapped for as long as this is open.
 *
 * <p>Weights are never copied: tensors are slices of the mappings and die when this is closed.
 * Files must not shrink while they are mapped. Safe for use by several threads.
 */
public final class OnnxFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final ModelProto model;
  private final Map<Path, MemorySegment> externalFiles = new HashMap<>();
  private boolean closed;

  private final long modelBytes;

  private OnnxFile(Path path, Arena arena, long modelBytes, ModelProto model) {
    this.path = path;
    this.arena = arena;
    this.modelBytes = modelBytes;
    this.model = model;
  }

  /**
   * Maps a model file and reads its structure.
   *
   * @throws InvalidModelException if the file is missing, unreadable, or not a well-formed model
   */
  public static OnnxFile open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment data = map(path, arena);
      return new OnnxFile(
          path, arena, data.byteSize(), ProtoDecoder.model(data, path.getFileName().toString()));
    } catch (IOException e) {
      arena.close();
      throw new InvalidModelException(path.toString(), "cannot be read: " + e, e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  static MemorySegment map(Path path, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /** The file this was read from. */
  public Path path() {
    return path;
  }

  /** The model; its inline tensors are slices of the mapping. */
  public ModelProto model() {
    return model;
  }

  /**
   * A constant of the model with its elements, wherever they lie.
   *
   * @throws InvalidModelException if external data are missing, too short, or outside the model's
   *     directory
   * @throws SessionClosedException if this is closed
   */
  public Tensor tensor(TensorProto proto) {
    synchronized (this) {
      if (closed) {
        throw new SessionClosedException("model file '" + path + "'");
      }
    }
    long[] dims = proto.dimArray();
    return switch (proto.data()) {
      case TensorProto.Inline data -> Tensor.wrap(proto.dtype(), data.bytes(), dims);
      case TensorProto.Strings data -> Tensor.ofStrings(data.values(), dims);
      case TensorProto.External data -> Tensor.wrap(proto.dtype(), external(proto, data), dims);
    };
  }

  private MemorySegment external(TensorProto proto, TensorProto.External data) {
    String where =
        "%s, tensor '%s', external data '%s'"
            .formatted(path.getFileName(), proto.name(), data.location());
    long bytes;
    try {
      bytes = proto.dtype().byteSize(proto.elements());
    } catch (ArithmeticException e) {
      throw new InvalidModelException(where, "extents " + proto.dims() + " are too large", e);
    }
    if (proto.dtype().bits() == 0) {
      throw new InvalidModelException(where, "strings cannot be external");
    }
    if (data.length().isPresent() && data.length().getAsLong() != bytes) {
      throw new InvalidModelException(
          where,
          "%s%s takes %d bytes, but the length given is %d"
              .formatted(proto.dtype(), proto.dims(), bytes, data.length().getAsLong()));
    }
    MemorySegment file = externalFile(where, data.location());
    if (data.offset() > file.byteSize() || bytes > file.byteSize() - data.offset()) {
      throw new InvalidModelException(
          where,
          "bytes %d to %d are needed, the file has %d"
              .formatted(data.offset(), data.offset() + bytes, file.byteSize()));
    }
    return file.asSlice(data.offset(), bytes);
  }

  private synchronized MemorySegment externalFile(String where, String location) {
    Path real = ExternalPaths.resolve(path, location, where);
    MemorySegment known = externalFiles.get(real);
    if (known != null) {
      return known;
    }
    if (closed) {
      throw new SessionClosedException("model file '" + path + "'");
    }
    try {
      MemorySegment mapped = map(real, arena);
      externalFiles.put(real, mapped);
      return mapped;
    } catch (IOException e) {
      throw new InvalidModelException(where, "cannot be read: " + e, e);
    }
  }

  /** Bytes of all files that are mapped. */
  public synchronized long mappedBytes() {
    long external = externalFiles.values().stream().mapToLong(MemorySegment::byteSize).sum();
    return closed ? 0 : modelBytes + external;
  }

  /** Unmaps all files; tensors of this model must not be used any more. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
