package fluidml.tensor;

import java.util.Optional;

/**
 * Element types of tensors: every type of ONNX's {@code TensorProto.DataType}.
 *
 * <p>Types narrower than a byte are packed, the first element in the low bits, as ONNX packs them
 * in {@code raw_data}; strings have no fixed size and live on the heap.
 */
public enum DType {
  FLOAT32("f32", 1, 32, Kind.FLOAT),
  UINT8("u8", 2, 8, Kind.UNSIGNED),
  INT8("i8", 3, 8, Kind.SIGNED),
  UINT16("u16", 4, 16, Kind.UNSIGNED),
  INT16("i16", 5, 16, Kind.SIGNED),
  INT32("i32", 6, 32, Kind.SIGNED),
  INT64("i64", 7, 64, Kind.SIGNED),
  STRING("string", 8, 0, Kind.STRING),
  BOOL("bool", 9, 8, Kind.BOOL),
  FLOAT16("f16", 10, 16, Kind.FLOAT),
  FLOAT64("f64", 11, 64, Kind.FLOAT),
  UINT32("u32", 12, 32, Kind.UNSIGNED),
  UINT64("u64", 13, 64, Kind.UNSIGNED),
  COMPLEX64("c64", 14, 64, Kind.COMPLEX),
  COMPLEX128("c128", 15, 128, Kind.COMPLEX),
  BFLOAT16("bf16", 16, 16, Kind.FLOAT),
  FLOAT8E4M3FN("f8e4m3fn", 17, 8, Kind.FLOAT),
  FLOAT8E4M3FNUZ("f8e4m3fnuz", 18, 8, Kind.FLOAT),
  FLOAT8E5M2("f8e5m2", 19, 8, Kind.FLOAT),
  FLOAT8E5M2FNUZ("f8e5m2fnuz", 20, 8, Kind.FLOAT),
  UINT4("u4", 21, 4, Kind.UNSIGNED),
  INT4("i4", 22, 4, Kind.SIGNED),
  FLOAT4E2M1("f4e2m1", 23, 4, Kind.FLOAT),
  FLOAT8E8M0("f8e8m0", 24, 8, Kind.FLOAT),
  UINT2("u2", 25, 2, Kind.UNSIGNED),
  INT2("i2", 26, 2, Kind.SIGNED);

  /** What an element stands for. */
  public enum Kind {
    FLOAT,
    SIGNED,
    UNSIGNED,
    BOOL,
    COMPLEX,
    STRING
  }

  private static final DType[] BY_CODE = new DType[27];

  static {
    for (DType type : values()) {
      BY_CODE[type.onnxCode] = type;
    }
  }

  private final String text;
  private final int onnxCode;
  private final int bits;
  private final Kind kind;

  DType(String text, int onnxCode, int bits, Kind kind) {
    this.text = text;
    this.onnxCode = onnxCode;
    this.bits = bits;
    this.kind = kind;
  }

  /** The number ONNX gives this type in {@code TensorProto.DataType}. */
  public int onnxCode() {
    return onnxCode;
  }

  /** Bits of one element; 0 for {@link #STRING}. */
  public int bits() {
    return bits;
  }

  /** What an element stands for. */
  public Kind kind() {
    return kind;
  }

  /**
   * Bytes of one element of a type of whole bytes; 0 for strings and types narrower than a byte.
   */
  public int bytes() {
    return bits / 8;
  }

  /** Whether several elements share a byte. */
  public boolean isPacked() {
    return bits > 0 && bits < 8;
  }

  /** Whether this is a floating-point type of any width. */
  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Whether this is a signed or unsigned integer type of any width (bool is not). */
  public boolean isInteger() {
    return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
  }

  /**
   * Bytes that {@code elements} elements take, rounded up to a whole byte.
   *
   * @throws ArithmeticException if the count does not fit 63 bits
   */
  public long byteSize(long elements) {
    if (bits >= 8) {
      return Math.multiplyExact(elements, bits / 8);
    }
    return Math.addExact(Math.multiplyExact(elements, bits), 7) / 8;
  }

  /** The type with an ONNX {@code TensorProto.DataType} number, if there is one. */
  public static Optional<DType> ofOnnxCode(int code) {
    return code < 0 || code >= BY_CODE.length
        ? Optional.empty()
        : Optional.ofNullable(BY_CODE[code]);
  }

  /** The type whose {@link #toString} is {@code text}, if there is one. */
  public static Optional<DType> ofText(String text) {
    for (DType type : values()) {
      if (type.text.equals(text)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The short name the printer uses: {@code f32}, {@code i64}, … */
  @Override
  public String toString() {
    return text;
  }
}
