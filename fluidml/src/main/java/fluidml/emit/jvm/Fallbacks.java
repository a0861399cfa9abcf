package fluidml.emit.jvm;

import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import jdk.internal.misc.Unsafe;
import jdk.internal.vm.vector.VectorSupport;
import jdk.internal.vm.vector.VectorSupport.BinaryOperation;
import jdk.internal.vm.vector.VectorSupport.FromBitsCoercedOperation;
import jdk.internal.vm.vector.VectorSupport.LoadOperation;
import jdk.internal.vm.vector.VectorSupport.LoadVectorMaskedOperation;
import jdk.internal.vm.vector.VectorSupport.StoreVectorMaskedOperation;
import jdk.internal.vm.vector.VectorSupport.StoreVectorOperation;
import jdk.internal.vm.vector.VectorSupport.TernaryOperation;
import jdk.internal.vm.vector.VectorSupport.UnaryOperation;
import jdk.internal.vm.vector.VectorSupport.VectorBlendOp;
import jdk.internal.vm.vector.VectorSupport.VectorBroadcastIntOp;
import jdk.internal.vm.vector.VectorSupport.VectorCompareOp;
import jdk.internal.vm.vector.VectorSupport.VectorConvertOp;
import jdk.internal.vm.vector.VectorSupport.VectorPayload;

/**
 * What {@link IntrinsicCalls} do in the interpreter, and wherever else the JIT does not replace
 * them: the same by the Vector API. Usable only where {@link HostTarget#hasIntrinsics}. Indices of
 * loads and stores are addresses.
 */
@SuppressWarnings({"rawtypes", "unchecked"}) // only emitted code knows the types of lanes
final class Fallbacks {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  static final Unsafe UNSAFE = Unsafe.getUnsafe();

  static final FromBitsCoercedOperation BROADCAST = (x, s) -> broadcast((VectorSpecies) s, x);
  static final FromBitsCoercedOperation MASK = (x, s) -> VectorMask.fromLong((VectorSpecies) s, x);

  static final TernaryOperation FMA =
      (a, b, c, _) -> ((Vector) a).lanewise(VectorOperators.FMA, (Vector) b, (Vector) c);

  static final BinaryOperation ADD = (a, b, _) -> lanewise(VectorOperators.ADD, a, b);
  static final BinaryOperation SUB = (a, b, _) -> lanewise(VectorOperators.SUB, a, b);
  static final BinaryOperation MUL = (a, b, _) -> lanewise(VectorOperators.MUL, a, b);
  static final BinaryOperation DIV = (a, b, _) -> lanewise(VectorOperators.DIV, a, b);
  static final BinaryOperation MIN = (a, b, _) -> lanewise(VectorOperators.MIN, a, b);
  static final BinaryOperation MAX = (a, b, _) -> lanewise(VectorOperators.MAX, a, b);
  static final BinaryOperation AND = (a, b, _) -> lanewise(VectorOperators.AND, a, b);
  static final BinaryOperation OR = (a, b, _) -> lanewise(VectorOperators.OR, a, b);
  static final BinaryOperation XOR = (a, b, _) -> lanewise(VectorOperators.XOR, a, b);

  static final VectorBroadcastIntOp LSHIFT = (a, n, _) -> shift(VectorOperators.LSHL, a, n);
  static final VectorBroadcastIntOp RSHIFT = (a, n, _) -> shift(VectorOperators.ASHR, a, n);
  static final VectorBroadcastIntOp URSHIFT = (a, n, _) -> shift(VectorOperators.LSHR, a, n);

  static final UnaryOperation NEG = (a, _) -> ((Vector) a).lanewise(VectorOperators.NEG);
  static final UnaryOperation ABS = (a, _) -> ((Vector) a).lanewise(VectorOperators.ABS);
  static final UnaryOperation SQRT = (a, _) -> ((Vector) a).lanewise(VectorOperators.SQRT);

  static final VectorCompareOp EQ = (_, a, b, _) -> compare(VectorOperators.EQ, a, b);
  static final VectorCompareOp NE = (_, a, b, _) -> compare(VectorOperators.NE, a, b);
  static final VectorCompareOp LT = (_, a, b, _) -> compare(VectorOperators.LT, a, b);
  static final VectorCompareOp LE = (_, a, b, _) -> compare(VectorOperators.LE, a, b);
  static final VectorCompareOp GT = (_, a, b, _) -> compare(VectorOperators.GT, a, b);
  static final VectorCompareOp GE = (_, a, b, _) -> compare(VectorOperators.GE, a, b);

  static final VectorBlendOp BLEND = (a, b, m) -> ((Vector) a).blend((Vector) b, (VectorMask) m);

  static final VectorConvertOp CAST_MASK = (m, s) -> ((VectorMask) m).cast((VectorSpecies) s);
  static final VectorConvertOp CAST = (v, s) -> cast((Vector) v, (VectorSpecies) s);
  static final VectorConvertOp ZERO_EXTEND = (v, s) -> zeroExtend((Vector) v, (VectorSpecies) s);
  static final VectorConvertOp REINTERPRET =
      (v, s) -> ((Vector) v).reinterpretShape((VectorSpecies) s, 0);

  static final LoadOperation LOAD =
      (_, at, s) -> (VectorPayload) ((VectorSpecies) s).fromMemorySegment(Memory.ALL, at, ORDER);
  static final LoadVectorMaskedOperation LOAD_MASKED =
      (_, at, s, m) -> load((VectorSpecies) s, at, (VectorMask) m);
  static final StoreVectorOperation STORE =
      (_, at, v) -> ((Vector) v).intoMemorySegment(Memory.ALL, at, ORDER);
  static final StoreVectorMaskedOperation STORE_MASKED =
      (_, at, v, m) -> ((Vector) v).intoMemorySegment(Memory.ALL, at, ORDER, (VectorMask) m);

  private Fallbacks() {}

  /** The class of masks for a species, which has no public name. */
  static Class<?> maskClass(VectorSpecies<?> species) {
    return species.maskAll(false).getClass();
  }

  private static Vector broadcast(VectorSpecies species, long bits) {
    Class<?> lane = species.elementType();
    if (lane == float.class) {
      return FloatVector.broadcast(species, Float.intBitsToFloat((int) bits));
    }
    return lane == double.class
        ? DoubleVector.broadcast(species, Double.longBitsToDouble(bits))
        : species.broadcast(bits);
  }

  private static VectorPayload lanewise(
      VectorOperators.Binary operator, VectorPayload a, VectorPayload b) {
    return ((Vector) a).lanewise(operator, (Vector) b);
  }

  private static Vector shift(VectorOperators.Binary operator, VectorSupport.Vector a, int n) {
    return ((Vector) a).lanewise(operator, n);
  }

  private static VectorMask compare(
      VectorOperators.Comparison operator, VectorSupport.Vector a, VectorSupport.Vector b) {
    return ((Vector) a).compare(operator, (Vector) b);
  }

  private static Vector cast(Vector v, VectorSpecies species) {
    VectorOperators.Conversion conversion =
        VectorOperators.Conversion.ofCast(v.elementType(), species.elementType());
    return v.convertShape(conversion, species, 0);
  }

  private static Vector zeroExtend(Vector v, VectorSpecies species) {
    Class<?> lane = v.elementType();
    VectorOperators.Conversion conversion =
        lane == byte.class
            ? VectorOperators.ZERO_EXTEND_B2I
            : lane == short.class
                ? VectorOperators.ZERO_EXTEND_S2I
                : VectorOperators.ZERO_EXTEND_I2L;
    return v.convertShape(conversion, species, 0);
  }

  private static Vector load(VectorSpecies species, long address, VectorMask mask) {
    Class<?> lane = species.elementType();
    if (lane == float.class) {
      return FloatVector.fromMemorySegment(species, Memory.ALL, address, ORDER, mask);
    } else if (lane == double.class) {
      return DoubleVector.fromMemorySegment(species, Memory.ALL, address, ORDER, mask);
    } else if (lane == int.class) {
      return IntVector.fromMemorySegment(species, Memory.ALL, address, ORDER, mask);
    }
    return LongVector.fromMemorySegment(species, Memory.ALL, address, ORDER, mask);
  }
}
