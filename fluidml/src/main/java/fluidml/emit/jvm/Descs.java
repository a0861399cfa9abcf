package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;

/** Names of classes and shapes of methods that emitted code refers to. */
final class Descs {
  static final ClassDesc QUARTER_TURNS = ClassDesc.of("fluidml.emit.jvm.QuarterTurns");
  static final ClassDesc MEMORY = ClassDesc.of("fluidml.emit.jvm.Memory");
  static final ClassDesc BYTE_TILES = ClassDesc.of("fluidml.emit.x86.ByteTiles");
  static final ClassDesc COMPILED_KERNEL = ClassDesc.of("fluidml.emit.CompiledKernel");
  static final ClassDesc FALLBACKS = ClassDesc.of("fluidml.emit.jvm.Fallbacks");
  static final ClassDesc SEGMENT = ClassDesc.of("java.lang.foreign.MemorySegment");
  static final ClassDesc LAYOUT = ClassDesc.of("java.lang.foreign.ValueLayout");
  static final ClassDesc BYTE_ORDER = ClassDesc.of("java.nio.ByteOrder");
  static final ClassDesc MATH = ClassDesc.of("java.lang.Math");
  static final ClassDesc STRICT_MATH = ClassDesc.of("java.lang.StrictMath");
  static final ClassDesc FLOAT_BOX = ClassDesc.of("java.lang.Float");
  static final ClassDesc DOUBLE_BOX = ClassDesc.of("java.lang.Double");
  static final ClassDesc LONG_BOX = ClassDesc.of("java.lang.Long");
  static final ClassDesc STRING = ConstantDescs.CD_String;

  /** The class of {@link Intrinsic}s. */
  static final ClassDesc SUPPORT = ClassDesc.of("jdk.internal.vm.vector.VectorSupport");

  /** What intrinsics take for species. */
  static final ClassDesc SUPPORTED_SPECIES = SUPPORT.nested("VectorSpecies");

  static final ClassDesc UNSAFE = ClassDesc.of("jdk.internal.misc.Unsafe");

  static final ClassDesc VECTOR = incubator("Vector");
  static final ClassDesc MASK = incubator("VectorMask");
  static final ClassDesc SHUFFLE = incubator("VectorShuffle");
  static final ClassDesc SPECIES = incubator("VectorSpecies");
  static final ClassDesc OPERATORS = incubator("VectorOperators");
  static final ClassDesc ASSOCIATIVE = OPERATORS.nested("Associative");
  static final ClassDesc BINARY = OPERATORS.nested("Binary");
  static final ClassDesc COMPARISON = OPERATORS.nested("Comparison");
  static final ClassDesc CONVERSION = OPERATORS.nested("Conversion");

  static final MethodTypeDesc RUN = method(CD_void, CD_long.arrayType(), CD_long, CD_long, CD_long);
  static final MethodTypeDesc CHECKED = method(CD_long, CD_long, CD_long, CD_long, STRING, STRING);
  static final MethodTypeDesc CHECKED_MASKED =
      method(CD_long, CD_long, CD_int, CD_long, CD_long, STRING, STRING);
  static final MethodTypeDesc FAIL = method(CD_void, CD_long, STRING, STRING);
  static final MethodTypeDesc GATHER = method(CD_long, CD_long, CD_long, CD_int);
  static final MethodTypeDesc SCATTER = method(CD_void, CD_long, CD_long, CD_long, CD_int);
  static final MethodTypeDesc TOO_MANY_TURNS =
      method(ClassDesc.of(ArithmeticException.class.getName()));
  static final MethodTypeDesc PACED = method(CD_int, CD_int, CD_int, CD_int);
  static final MethodTypeDesc INT_MIN = method(CD_int, CD_int, CD_int);
  static final MethodTypeDesc FROM_LONG = method(MASK, SPECIES, CD_long);
  static final MethodTypeDesc MASK_ALL = method(MASK, CD_boolean);
  static final MethodTypeDesc IOTA = method(SHUFFLE, SPECIES, CD_int, CD_int, CD_boolean);

  private Descs() {}

  private static ClassDesc incubator(String name) {
    return ClassDesc.of("jdk.incubator.vector." + name);
  }

  static MethodTypeDesc method(ClassDesc result, ClassDesc... parameters) {
    return MethodTypeDesc.of(result, parameters);
  }

  /** A method of {@code count} longs that returns nothing. */
  static MethodTypeDesc longs(int count) {
    ClassDesc[] parameters = new ClassDesc[count];
    Arrays.fill(parameters, CD_long);
    return MethodTypeDesc.of(CD_void, parameters);
  }

  /** A method of a frame and {@code count} longs that returns nothing. */
  static MethodTypeDesc frameAndLongs(int count) {
    return longs(count).insertParameterTypes(0, CD_long.arrayType());
  }
}
