package fluidml.emit.jvm;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.stream.Stream;

/**
 * The methods of {@code jdk.internal.vm.vector.VectorSupport} that emitted code calls, as Java 25
 * has them. Each takes as its last argument the function that does the work without the JIT.
 */
@SuppressWarnings("ImmutableEnumChecker") // MethodTypeDesc is immutable
enum Intrinsic {
  FROM_BITS("fromBitsCoerced", "FromBitsCoercedOperation", 'P', "CCIJIS"),
  UNARY("unaryOp", "UnaryOperation", 'V', "ICCCIVM"),
  BINARY("binaryOp", "BinaryOperation", 'P', "ICCCIPPM"),
  TERNARY("ternaryOp", "TernaryOperation", 'V', "ICCCIVVVM"),
  SHIFT("broadcastInt", "VectorBroadcastIntOp", 'V', "ICCCIVIM"),
  COMPARE("compare", "VectorCompareOp", 'M', "ICCCIVVM"),
  BLEND("blend", "VectorBlendOp", 'V', "CCCIVVM"),
  CONVERT("convert", "VectorConvertOp", 'P', "ICCICCIPS"),
  LOAD("load", "LoadOperation", 'P', "CCIOJZOJS"),
  LOAD_MASKED("loadMasked", "LoadVectorMaskedOperation", 'V', "CCCIOJZMIOJS"),
  STORE("store", "StoreVectorOperation", ' ', "CCIOJZPOJ"),
  STORE_MASKED("storeMasked", "StoreVectorMaskedOperation", ' ', "CCCIOJZVMOJ");

  /** The name of the method. */
  final String method;

  /** The type of the function. */
  final ClassDesc function;

  final MethodTypeDesc type;

  /**
   * A method.
   *
   * @param result a letter as in {@code parameters}, or blank for none
   * @param parameters a letter each: int I, long J, boolean Z, object O, class C, species S, vector
   *     V, mask M, what vectors and masks have in common P
   */
  Intrinsic(String method, String function, char result, String parameters) {
    this.method = method;
    this.function = Descs.SUPPORT.nested(function);
    ClassDesc[] all =
        Stream.concat(parameters.chars().mapToObj(c -> type((char) c)), Stream.of(this.function))
            .toArray(ClassDesc[]::new);
    this.type = MethodTypeDesc.of(type(result), all);
  }

  private static ClassDesc type(char letter) {
    return switch (letter) {
      case ' ' -> ConstantDescs.CD_void;
      case 'I' -> ConstantDescs.CD_int;
      case 'J' -> ConstantDescs.CD_long;
      case 'Z' -> ConstantDescs.CD_boolean;
      case 'O' -> ConstantDescs.CD_Object;
      case 'C' -> ConstantDescs.CD_Class;
      case 'S' -> Descs.SUPPORTED_SPECIES;
      case 'V' -> Descs.SUPPORT.nested("Vector");
      case 'M' -> Descs.SUPPORT.nested("VectorMask");
      case 'P' -> Descs.SUPPORT.nested("VectorPayload");
      default -> throw new IllegalArgumentException("no type is called " + letter);
    };
  }
}
