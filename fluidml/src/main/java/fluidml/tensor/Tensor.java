package fluidml.tensor;

import fluidml.error.MemoryLimitException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * A dense row-major tensor: element type, extents, and memory that it does not own.
 *
 * <p>Numeric elements lie little-endian in a {@link MemorySegment} of exactly {@code
 * dtype.byteSize(elements)} bytes, on or off the heap, e.g. a mapped file, an arena, or a Java
 * array. Strings lie in a list. The tensor is a view: whoever owns the segment decides how long it
 * lives.
 */
public final class Tensor {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DType dtype;
  private final long[] dims;
  private final long elements;
  private final MemorySegment data;
  private final List<String> strings;

  private Tensor(DType dtype, long[] dims, MemorySegment data, List<String> strings) {
    this.dtype = dtype;
    this.dims = dims;
    this.elements = elements(dims);
    this.data = data;
    this.strings = strings;
  }

  /**
   * A tensor over memory that is already there.
   *
   * @param data little-endian elements, row-major, exactly {@code dtype.byteSize(elements)} bytes
   * @throws IllegalArgumentException if the segment has another size, an extent is negative, or the
   *     type is {@link DType#STRING}
   */
  public static Tensor wrap(DType dtype, MemorySegment data, long... dims) {
    if (dtype == DType.STRING) {
      throw new IllegalArgumentException("strings have no segment; use Tensor.ofStrings");
    }
    long bytes = dtype.byteSize(elements(dims));
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s%s takes %d bytes, the segment has %d"
              .formatted(dtype, Arrays.toString(dims), bytes, data.byteSize()));
    }
    return new Tensor(dtype, dims.clone(), data, List.of());
  }

  /** The size in bytes above which {@link #allocate} leaves the heap. */
  public static final long HEAP_BYTES = 1 << 20;

  /**
   * A zeroed tensor on the heap or, above {@link #HEAP_BYTES}, in memory that the garbage collector
   * frees.
   *
   * @throws MemoryLimitException if there is not enough memory
   */
  public static Tensor allocate(DType dtype, long... dims) {
    long bytes = dtype.byteSize(elements(dims));
    try {
      MemorySegment data =
          bytes <= HEAP_BYTES
              ? MemorySegment.ofArray(new long[(int) ((bytes + 7) / 8)]).asSlice(0, bytes)
              : Arena.ofAuto().allocate(bytes, 64);
      return wrap(dtype, data, dims);
    } catch (OutOfMemoryError e) {
      throw new MemoryLimitException(bytes, -1, dtype + Arrays.toString(dims), e);
    }
  }

  /** A float32 tensor over (not a copy of) an array. */
  public static Tensor of(float[] values, long... dims) {
    return wrap(DType.FLOAT32, MemorySegment.ofArray(values), dims);
  }

  /** A float64 tensor over (not a copy of) an array. */
  public static Tensor of(double[] values, long... dims) {
    return wrap(DType.FLOAT64, MemorySegment.ofArray(values), dims);
  }

  /** An int32 tensor over (not a copy of) an array. */
  public static Tensor of(int[] values, long... dims) {
    return wrap(DType.INT32, MemorySegment.ofArray(values), dims);
  }

  /** An int64 tensor over (not a copy of) an array. */
  public static Tensor of(long[] values, long... dims) {
    return wrap(DType.INT64, MemorySegment.ofArray(values), dims);
  }

  /** A bool tensor, copied from an array. */
  public static Tensor of(boolean[] values, long... dims) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    return wrap(DType.BOOL, MemorySegment.ofArray(bytes), dims);
  }

  /** A one-dimensional int64 tensor. */
  public static Tensor ofLongs(long... values) {
    return of(values, values.length);
  }

  /** An int64 scalar. */
  public static Tensor scalar(long value) {
    return of(new long[] {value});
  }

  /** A float32 scalar. */
  public static Tensor scalar(float value) {
    return of(new float[] {value});
  }

  /** A string tensor. */
  public static Tensor ofStrings(List<String> values, long... dims) {
    if (elements(dims) != values.size()) {
      throw new IllegalArgumentException(
          "%d strings for extents %s".formatted(values.size(), Arrays.toString(dims)));
    }
    return new Tensor(DType.STRING, dims.clone(), MemorySegment.NULL, List.copyOf(values));
  }

  /** The same elements with other extents of the same product; shares memory. */
  public Tensor reshaped(long... newDims) {
    if (elements(newDims) != elements) {
      throw new IllegalArgumentException(
          "%s has %d elements, not %s".formatted(this, elements, Arrays.toString(newDims)));
    }
    return new Tensor(dtype, newDims.clone(), data, strings);
  }

  /** Element type. */
  public DType dtype() {
    return dtype;
  }

  /** Extents, outermost first (a copy). */
  public long[] dims() {
    return dims.clone();
  }

  /** Extent of one axis; negative axes count from the end. */
  public long dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** Number of axes. */
  public int rank() {
    return dims.length;
  }

  /** Number of elements. */
  public long elements() {
    return elements;
  }

  /** The elements' memory; {@link MemorySegment#NULL} for strings. */
  public MemorySegment data() {
    return data;
  }

  /** The strings of a string tensor, row-major; empty for other types. */
  public List<String> strings() {
    return strings;
  }

  /** The shape as numbers. */
  public Shape shape() {
    return Shape.of(dims);
  }

  /**
   * Element {@code index} of the row-major order as a double.
   *
   * @throws UnsupportedOperationException for strings and complex numbers
   */
  public double getDouble(long index) {
    return switch (dtype) {
      case FLOAT32 -> data.get(F32, index * 4);
      case FLOAT64 -> data.get(F64, index * 8);
      case FLOAT16,
          BFLOAT16,
          FLOAT8E4M3FN,
          FLOAT8E4M3FNUZ,
          FLOAT8E5M2,
          FLOAT8E5M2FNUZ,
          FLOAT8E8M0,
          FLOAT4E2M1 ->
          NarrowFloats.decode(dtype, rawBits(index));
      case UINT64 -> unsignedToDouble(getLong(index));
      case UINT8, INT8, UINT16, INT16, INT32, INT64, UINT32, BOOL, UINT4, INT4, UINT2, INT2 ->
          getLong(index);
      case STRING, COMPLEX64, COMPLEX128 -> throw notReal();
    };
  }

  /**
   * Element {@code index} as a long: integers and bools exactly (uint64 as its two's complement
   * bits), floats truncated towards zero.
   *
   * @throws UnsupportedOperationException for strings and complex numbers
   */
  public long getLong(long index) {
    return switch (dtype) {
      case INT64, UINT64 -> data.get(I64, index * 8);
      case INT32 -> data.get(I32, index * 4);
      case UINT32 -> Integer.toUnsignedLong(data.get(I32, index * 4));
      case INT16 -> data.get(I16, index * 2);
      case INT8 -> data.get(ValueLayout.JAVA_BYTE, index);
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, index) == 0 ? 0 : 1;
      case UINT8, UINT16, UINT4, UINT2 -> rawBits(index);
      case INT4 -> (rawBits(index) << 60) >> 60;
      case INT2 -> (rawBits(index) << 62) >> 62;
      case FLOAT32,
          FLOAT64,
          FLOAT16,
          BFLOAT16,
          FLOAT8E4M3FN,
          FLOAT8E4M3FNUZ,
          FLOAT8E5M2,
          FLOAT8E5M2FNUZ,
          FLOAT8E8M0,
          FLOAT4E2M1 ->
          (long) getDouble(index);
      case STRING, COMPLEX64, COMPLEX128 -> throw notReal();
    };
  }

  /** Element {@code index} as a float, rounded to nearest; throws like {@link #getDouble}. */
  public float getFloat(long index) {
    return dtype == DType.FLOAT32 ? data.get(F32, index * 4) : (float) getDouble(index);
  }

  /** Whether element {@code index} is not zero; throws like {@link #getDouble}. */
  public boolean getBoolean(long index) {
    return dtype.isFloat() ? getDouble(index) != 0 : getLong(index) != 0;
  }

  /** Element {@code index} of a string tensor. */
  public String getString(long index) {
    return strings.get((int) index);
  }

  /**
   * Stores a number as element {@code index}: floats rounded to nearest even, integers truncated to
   * their width, bool as "not zero".
   *
   * @throws UnsupportedOperationException for strings and complex numbers, or a read-only segment
   */
  public void setDouble(long index, double value) {
    switch (dtype) {
      case FLOAT32 -> data.set(F32, index * 4, (float) value);
      case FLOAT64 -> data.set(F64, index * 8, value);
      case FLOAT16,
          BFLOAT16,
          FLOAT8E4M3FN,
          FLOAT8E4M3FNUZ,
          FLOAT8E5M2,
          FLOAT8E5M2FNUZ,
          FLOAT8E8M0,
          FLOAT4E2M1 ->
          setRawBits(index, NarrowFloats.encode(dtype, value));
      case BOOL -> data.set(ValueLayout.JAVA_BYTE, index, (byte) (value == 0 ? 0 : 1));
      case UINT64 ->
          setLong(index, value >= 0x1p63 ? (long) (value - 0x1p63) + Long.MIN_VALUE : (long) value);
      case UINT8, INT8, UINT16, INT16, INT32, INT64, UINT32, UINT4, INT4, UINT2, INT2 ->
          setLong(index, (long) value);
      case STRING, COMPLEX64, COMPLEX128 -> throw notReal();
    }
  }

  /** Stores an integer as element {@code index}; like {@link #setDouble} but exact for 64 bits. */
  public void setLong(long index, long value) {
    switch (dtype) {
      case INT64, UINT64 -> data.set(I64, index * 8, value);
      case INT32, UINT32 -> data.set(I32, index * 4, (int) value);
      case INT16, UINT16 -> data.set(I16, index * 2, (short) value);
      case INT8, UINT8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) value);
      case BOOL -> data.set(ValueLayout.JAVA_BYTE, index, (byte) (value == 0 ? 0 : 1));
      case UINT4, INT4, UINT2, INT2 -> setRawBits(index, value);
      case FLOAT32,
          FLOAT64,
          FLOAT16,
          BFLOAT16,
          FLOAT8E4M3FN,
          FLOAT8E4M3FNUZ,
          FLOAT8E5M2,
          FLOAT8E5M2FNUZ,
          FLOAT8E8M0,
          FLOAT4E2M1 ->
          setDouble(index, (double) value);
      case STRING, COMPLEX64, COMPLEX128 -> throw notReal();
    }
  }

  /** Real part of element {@code index} of a complex tensor. */
  public double getReal(long index) {
    return dtype == DType.COMPLEX64 ? data.get(F32, index * 8) : data.get(F64, index * 16);
  }

  /** Imaginary part of element {@code index} of a complex tensor. */
  public double getImaginary(long index) {
    return dtype == DType.COMPLEX64 ? data.get(F32, index * 8 + 4) : data.get(F64, index * 16 + 8);
  }

  /** Stores element {@code index} of a complex tensor. */
  public void setComplex(long index, double real, double imaginary) {
    if (dtype == DType.COMPLEX64) {
      data.set(F32, index * 8, (float) real);
      data.set(F32, index * 8 + 4, (float) imaginary);
    } else {
      data.set(F64, index * 16, real);
      data.set(F64, index * 16 + 8, imaginary);
    }
  }

  /**
   * The bits of element {@code index} of a type of up to 64 bits, in the low bits of the result.
   */
  public long rawBits(long index) {
    int bits = dtype.bits();
    return switch (bits) {
      case 64 -> data.get(I64, index * 8);
      case 32 -> Integer.toUnsignedLong(data.get(I32, index * 4));
      case 16 -> Short.toUnsignedLong(data.get(I16, index * 2));
      case 8 -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, index));
      case 4, 2 -> {
        long bit = index * bits;
        int octet = Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, bit / 8));
        yield (octet >> (bit % 8)) & ((1 << bits) - 1);
      }
      default -> throw notReal();
    };
  }

  /** Stores the low bits of {@code value} as the bits of element {@code index}. */
  public void setRawBits(long index, long value) {
    int bits = dtype.bits();
    switch (bits) {
      case 64 -> data.set(I64, index * 8, value);
      case 32 -> data.set(I32, index * 4, (int) value);
      case 16 -> data.set(I16, index * 2, (short) value);
      case 8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) value);
      case 4, 2 -> {
        long bit = index * bits;
        int octet = Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, bit / 8));
        int mask = ((1 << bits) - 1) << (bit % 8);
        int merged = (octet & ~mask) | ((int) (value << (bit % 8)) & mask);
        data.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) merged);
      }
      default -> throw notReal();
    }
  }

  /** All elements as floats (a copy); throws like {@link #getDouble}. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elements)];
    if (dtype == DType.FLOAT32) {
      MemorySegment.copy(data, F32, 0, values, 0, values.length);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = getFloat(i);
    }
    return values;
  }

  /** All elements as longs (a copy); throws like {@link #getLong}. */
  public long[] toLongs() {
    long[] values = new long[Math.toIntExact(elements)];
    for (int i = 0; i < values.length; i++) {
      values[i] = getLong(i);
    }
    return values;
  }

  /** A copy with memory of its own. */
  public Tensor copy() {
    if (dtype == DType.STRING) {
      return this;
    }
    Tensor copy = allocate(dtype, dims);
    copy.data.copyFrom(data);
    return copy;
  }

  private static double unsignedToDouble(long bits) {
    return bits >= 0 ? bits : ((bits >>> 1) | (bits & 1)) * 2.0;
  }

  private UnsupportedOperationException notReal() {
    return new UnsupportedOperationException(dtype + " elements are not real numbers");
  }

  private static long elements(long[] dims) {
    long product = 1;
    for (long dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException("negative extent in " + Arrays.toString(dims));
      }
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }

  /** Type and extents, e.g. {@code f32[2,3]}; never the elements. */
  @Override
  public String toString() {
    return dtype + Shape.of(dims).toString();
  }
}
