package fluidml.emit.x86;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The few instructions of x86-64 that a micro-kernel needs, as bytes. Encodings are those of the
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: REX prefixes for 64-bit
 * integers (2.2.1), EVEX prefixes for vectors of 512 bits (2.7), whose 8-bit displacements count in
 * units of what is read or written (2.7.5).
 */
final class Assembler {
  /** A 64-bit register that any code may change, by its number in encodings. */
  enum Register {
    RAX(0),
    RCX(1),
    RDX(2),
    RSP(4),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11);

    private final int number;

    Register(int number) {
      this.number = number;
    }

    private int low() {
      return number & 7;
    }

    private int high() {
      return number >> 3;
    }
  }

  /**
   * A place in memory: {@code base + index · scale + displacement}.
   *
   * @param index {@link Register#RSP} for none, as in encodings
   * @param scale 1, 2, 4 or 8
   */
  record Address(Register base, Register index, int scale, int displacement) {
    /** Without an index. */
    static Address of(Register base, int displacement) {
      return new Address(base, Register.RSP, 1, displacement);
    }

    private boolean isPlain() {
      return index == Register.RSP && base != Register.RSP;
    }
  }

  /** Conditions of jumps after a subtraction or addition. */
  enum Condition {
    ZERO(0x4),
    NOT_ZERO(0x5),
    LESS(0xc),
    NOT_LESS(0xd);

    private final int code;

    Condition(int code) {
      this.code = code;
    }
  }

  /** A place in the code; it may be jumped to before it is known. */
  static final class Label {
    private int at = -1;
    private final List<Integer> jumps = new ArrayList<>();
  }

  private static final int SIB = 4;
  private static final int MAP_0F = 1;
  private static final int MAP_0F38 = 2;
  private static final int PREFIX_66 = 1;
  private static final int PREFIX_F3 = 2;
  private static final int VECTOR_BYTES = 64;

  private final ByteArrayOutputStream code = new ByteArrayOutputStream();
  private final List<Label> labels = new ArrayList<>();

  /** The code, all jumps resolved. */
  byte[] bytes() {
    ByteBuffer bytes = ByteBuffer.wrap(code.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    for (Label label : labels) {
      for (int jump : label.jumps) {
        bytes.putInt(jump, label.at - (jump + Integer.BYTES));
      }
    }
    return bytes.array();
  }

  private void emit(int... bytes) {
    for (int b : bytes) {
      code.write(b);
    }
  }

  private void emitInt(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  private void rex(int opcode, int reg, Address at) {
    emit(0x48 | (reg >> 3) << 2 | at.index.high() << 1 | at.base.high(), opcode);
    memory(reg & 7, at, 1);
  }

  /** ModRM, SIB and displacement; {@code unit} is what an 8-bit displacement counts in. */
  private void memory(int reg, Address at, int unit) {
    int units = at.displacement / unit;
    boolean brief = at.displacement % unit == 0 && units == (byte) units;
    emit((brief ? 0x40 : 0x80) | reg << 3 | (at.isPlain() ? at.base.low() : SIB));
    if (!at.isPlain()) {
      emit(Integer.numberOfTrailingZeros(at.scale) << 6 | at.index.low() << 3 | at.base.low());
    }
    if (brief) {
      emit(units);
    } else {
      emitInt(at.displacement);
    }
  }

  /** {@code register = address}, the sum itself. */
  void lea(Register register, Address at) {
    rex(0x8d, register.number, at);
  }

  /** {@code register = memory}. */
  void load(Register register, Address at) {
    rex(0x8b, register.number, at);
  }

  /** {@code memory = register}. */
  void store(Address at, Register register) {
    rex(0x89, register.number, at);
  }

  /** {@code register += memory}. */
  void add(Register register, Address at) {
    rex(0x03, register.number, at);
  }

  /** {@code to = from}. */
  void move(Register to, Register from) {
    emit(0x48 | from.high() << 2 | to.high(), 0x89, 0xc0 | from.low() << 3 | to.low());
  }

  /** {@code register += other}. */
  void add(Register register, Register other) {
    emit(
        0x48 | other.high() << 2 | register.high(), 0x01, 0xc0 | other.low() << 3 | register.low());
  }

  /** {@code register += value}. */
  void add(Register register, int value) {
    emit(0x48 | register.high(), 0x81, 0xc0 | register.low());
    emitInt(value);
  }

  /** {@code register -= value}. */
  void subtract(Register register, int value) {
    emit(0x48 | register.high(), 0x81, 0xe8 | register.low());
    emitInt(value);
  }

  /** Jumps if a condition holds. */
  void jump(Condition condition, Label label) {
    emit(0x0f, 0x80 | condition.code);
    label.jumps.add(code.size());
    emitInt(0);
    if (!labels.contains(label)) {
      labels.add(label);
    }
  }

  /** Here is the label's place. */
  void bind(Label label) {
    label.at = code.size();
  }

  /** Where functions begin that may be called by address (CET): ENDBR64. */
  void begin() {
    emit(0xf3, 0x0f, 0x1e, 0xfa);
  }

  /** Forgets the upper halves of vectors, which would slow down SSE code, and returns. */
  void end() {
    emit(0xc5, 0xf8, 0x77, 0xc3);
  }

  private void evex(int map, int prefix, int opcode, int reg, int other, Address at, int unit) {
    prefix(map, prefix, reg, other, at.index.high(), at.base.high());
    emit(opcode);
    memory(reg & 7, at, unit);
  }

  private void evex(int map, int prefix, int opcode, int reg, int other, int last) {
    prefix(map, prefix, reg, other, last >> 4, (last >> 3) & 1);
    emit(opcode, 0xc0 | (reg & 7) << 3 | (last & 7));
  }

  /** Four bytes; most bits are stored inverted. */
  private void prefix(int map, int prefix, int reg, int other, int x, int b) {
    int first = ((reg >> 3) & 1) << 7 | x << 6 | b << 5 | reg >> 4 << 4;
    emit(0x62, (first ^ 0xf0) | map, (~other & 15) << 3 | 1 << 2 | prefix);
    emit(0x40 | ((other >> 4) ^ 1) << 3);
  }

  /** VPXORD: all lanes of a vector are 0. */
  void clear(int vector) {
    evex(MAP_0F, PREFIX_66, 0xef, vector, vector, vector);
  }

  /** VMOVDQU32: 16 lanes from memory. */
  void loadVector(int vector, Address at) {
    evex(MAP_0F, PREFIX_F3, 0x6f, vector, 0, at, VECTOR_BYTES);
  }

  /** VMOVDQU32: 16 lanes to memory. */
  void storeVector(Address at, int vector) {
    evex(MAP_0F, PREFIX_F3, 0x7f, vector, 0, at, VECTOR_BYTES);
  }

  /** VPBROADCASTD: the four bytes in memory in every lane. */
  void broadcast(int vector, Address at) {
    evex(MAP_0F38, PREFIX_66, 0x58, vector, 0, at, Integer.BYTES);
  }

  /** VPDPBUSD: every lane grows by the four products of its unsigned with its signed bytes. */
  void dotProduct(int sum, int unsigned, int signed) {
    evex(MAP_0F38, PREFIX_66, 0x50, sum, unsigned, signed);
  }
}
