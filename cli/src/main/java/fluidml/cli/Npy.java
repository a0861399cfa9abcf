package fluidml.cli;

import fluidml.error.InvalidInputException;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * NumPy's {@code .npy} files, format versions 1 to 3, of the numeric types that NumPy and ONNX
 * share: integers, bool, float16/32/64, complex. Both byte orders and both array orders are read.
 */
final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MAX_HEADER = 1 << 16;
  private static final int MAX_RANK = 64;
  private static final long WRITE_CHUNK = 1 << 20;

  private static final Map<DType, String> CODES =
      Map.ofEntries(
          Map.entry(DType.FLOAT16, "f2"),
          Map.entry(DType.FLOAT32, "f4"),
          Map.entry(DType.FLOAT64, "f8"),
          Map.entry(DType.INT8, "i1"),
          Map.entry(DType.INT16, "i2"),
          Map.entry(DType.INT32, "i4"),
          Map.entry(DType.INT64, "i8"),
          Map.entry(DType.UINT8, "u1"),
          Map.entry(DType.UINT16, "u2"),
          Map.entry(DType.UINT32, "u4"),
          Map.entry(DType.UINT64, "u8"),
          Map.entry(DType.BOOL, "b1"),
          Map.entry(DType.COMPLEX64, "c8"),
          Map.entry(DType.COMPLEX128, "c16"));
  private static final Map<String, DType> TYPES =
      CODES.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));

  private static final Pattern DESCR =
      Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([<>=|])([a-z][0-9]{1,2})['\"]");
  private static final Pattern ORDER =
      Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
  private static final Pattern SHAPE =
      Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9,\\sL]*)\\)");

  private Npy() {}

  /** Whether the format has this element type. */
  static boolean supports(DType dtype) {
    return CODES.containsKey(dtype);
  }

  /**
   * Reads a file; little-endian row-major data stay in the mapped file.
   *
   * @throws InvalidInputException if it is no such file or its data are not of the size it says
   * @throws IOException if it cannot be read
   */
  static Tensor read(Path path) throws IOException {
    MemorySegment file;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      file = channel.map(MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    }
    String where = path.toString();
    check(file.byteSize() >= 12, where, "too short for an .npy file");
    ByteBuffer head =
        file.asSlice(0, Math.min(file.byteSize(), MAX_HEADER + 12L))
            .asByteBuffer()
            .order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    head.get(magic);
    check(Arrays.equals(magic, MAGIC), where, "not an .npy file");
    int version = head.get();
    head.get();
    check(version >= 1 && version <= 3, where, "format version " + version + " is not known");
    int length = version == 1 ? Short.toUnsignedInt(head.getShort()) : head.getInt();
    check(length >= 0 && length <= head.remaining(), where, "its header does not end");
    byte[] header = new byte[length];
    head.get(header);
    return tensor(new String(header, StandardCharsets.UTF_8), file.asSlice(head.position()), where);
  }

  private static Tensor tensor(String header, MemorySegment data, String where) {
    Matcher descr = DESCR.matcher(header);
    Matcher order = ORDER.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    check(order.find() && shape.find(), where, "its header is not that of an array");
    check(
        descr.find() && TYPES.containsKey(descr.group(2)),
        where,
        "its elements are not plain numbers of a type that ONNX has; header: " + header.strip());
    DType dtype = TYPES.get(descr.group(2));
    long[] dims;
    long bytes;
    try {
      dims =
          Pattern.compile(",")
              .splitAsStream(shape.group(1).replace("L", ""))
              .map(String::strip)
              .filter(s -> !s.isEmpty())
              .mapToLong(Long::parseLong)
              .toArray();
      check(dims.length <= MAX_RANK, where, dims.length + " axes are too many");
      bytes = dtype.byteSize(Arrays.stream(dims).reduce(1, Math::multiplyExact));
    } catch (ArithmeticException | NumberFormatException e) {
      throw new InvalidInputException(where, "its shape is too large: " + shape.group(1));
    }
    check(
        bytes == data.byteSize(),
        where,
        "%s%s takes %d bytes, the file has %d"
            .formatted(dtype, Arrays.toString(dims), bytes, data.byteSize()));
    boolean swapped = descr.group(1).equals(">") && dtype.bytes() > 1;
    MemorySegment elements = swapped ? swap(dtype, data) : data;
    return order.group(1).equals("True") && dims.length > 1
        ? rowMajor(dtype, elements, dims)
        : Tensor.wrap(dtype, elements, dims);
  }

  private static MemorySegment swap(DType dtype, MemorySegment data) {
    int unit = dtype.kind() == DType.Kind.COMPLEX ? dtype.bytes() / 2 : dtype.bytes();
    MemorySegment target = Tensor.allocate(DType.UINT8, data.byteSize()).data();
    for (long at = 0; at < data.byteSize(); at += unit) {
      for (int i = 0; i < unit; i++) {
        target.set(
            java.lang.foreign.ValueLayout.JAVA_BYTE,
            at + i,
            data.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + unit - 1 - i));
      }
    }
    return target;
  }

  /** Column-major elements in row-major order. */
  private static Tensor rowMajor(DType dtype, MemorySegment data, long[] dims) {
    Tensor target = Tensor.allocate(dtype, dims);
    int unit = dtype.bytes();
    long[] strides = new long[dims.length];
    long stride = 1;
    for (int i = 0; i < dims.length; i++) {
      strides[i] = stride;
      stride *= dims[i];
    }
    long[] index = new long[dims.length];
    long source = 0;
    for (long at = 0; at < target.elements(); at++) {
      MemorySegment.copy(data, source * unit, target.data(), at * unit, unit);
      int axis = dims.length - 1;
      while (axis >= 0 && ++index[axis] == dims[axis]) {
        source -= (dims[axis] - 1) * strides[axis];
        index[axis--] = 0;
      }
      source += axis < 0 ? 0 : strides[axis];
    }
    return target;
  }

  /**
   * Writes a file, replacing it: version 1, little-endian, row-major.
   *
   * @throws InvalidInputException if the format does not have the element type
   * @throws IOException if it cannot be written
   */
  static void write(Path path, Tensor tensor) throws IOException {
    String code = CODES.get(tensor.dtype());
    check(
        code != null,
        path.toString(),
        ".npy has no elements of type " + tensor.dtype() + "; use .pb or .json");
    String shape =
        Arrays.stream(tensor.dims()).mapToObj(d -> d + ",").collect(Collectors.joining(" "));
    if (tensor.rank() > 1) {
      shape = shape.substring(0, shape.length() - 1);
    }
    String header =
        "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }"
            .formatted(tensor.dtype().bytes() == 1 ? "|" : "<", code, shape);
    int padded = Math.ceilDiv(MAGIC.length + 4 + header.length() + 1, 64) * 64;
    byte[] text = new byte[padded - MAGIC.length - 4];
    Arrays.fill(text, (byte) ' ');
    System.arraycopy(header.getBytes(StandardCharsets.US_ASCII), 0, text, 0, header.length());
    text[text.length - 1] = '\n';
    ByteBuffer head = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
    head.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) text.length).put(text).flip();
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      writeAll(channel, head);
      MemorySegment data = tensor.data();
      for (long at = 0; at < data.byteSize(); at += WRITE_CHUNK) {
        long bytes = Math.min(WRITE_CHUNK, data.byteSize() - at);
        byte[] chunk = new byte[(int) bytes];
        MemorySegment.copy(data, at, MemorySegment.ofArray(chunk), 0, bytes);
        writeAll(channel, ByteBuffer.wrap(chunk));
      }
    }
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void check(boolean holds, String where, String problem) {
    if (!holds) {
      throw new InvalidInputException(where, problem);
    }
  }
}
