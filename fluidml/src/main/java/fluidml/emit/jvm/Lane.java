package fluidml.emit.jvm;

import fluidml.loop.ScalarType;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;

/** Element types of the Vector API, with the names the emitter needs. */
@SuppressWarnings("ImmutableEnumChecker") // ClassDesc is immutable
enum Lane {
  BYTE('B', "Byte", 8, ConstantDescs.CD_byte),
  SHORT('S', "Short", 16, ConstantDescs.CD_short),
  INT('I', "Int", 32, ConstantDescs.CD_int),
  LONG('L', "Long", 64, ConstantDescs.CD_long),
  FLOAT('F', "Float", 32, ConstantDescs.CD_float),
  DOUBLE('D', "Double", 64, ConstantDescs.CD_double);

  /** The letter in names of conversions such as {@code F2I}. */
  final char letter;

  /** Bits of a lane. */
  final int bits;

  /** The type as part of names of methods, such as {@code getFloat}. */
  final String title;

  /** The class of boxed lanes. */
  final ClassDesc box;

  /** The vector class. */
  final ClassDesc vector;

  /** The primitive type of a lane. */
  final ClassDesc primitive;

  /** The method that views any vector as one of this lane type. */
  final String reinterpret;

  Lane(char letter, String title, int bits, ClassDesc primitive) {
    this.letter = letter;
    this.title = title;
    this.box = ClassDesc.of("java.lang." + (title.equals("Int") ? "Integer" : title));
    this.bits = bits;
    this.vector = ClassDesc.of("jdk.incubator.vector." + title + "Vector");
    this.primitive = primitive;
    this.reinterpret = "reinterpretAs" + title + "s";
  }

  /** The lane of a register; masks live with the lanes of INT vectors. */
  static Lane of(ScalarType scalar) {
    return switch (scalar) {
      case F32 -> FLOAT;
      case F64 -> DOUBLE;
      case I32, BOOL -> INT;
      case I64 -> LONG;
    };
  }

  /** The field of {@link #vector} with the species of that many lanes. */
  String species(int lanes) {
    return "SPECIES_" + bits * lanes;
  }
}
