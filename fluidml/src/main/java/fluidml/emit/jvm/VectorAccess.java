package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import fluidml.emit.jvm.AccessCode.Cell;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Stmt;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.lang.classfile.CodeBuilder;

/**
 * Loads and stores of vectors. Elements as wide as a lane move directly. Narrow ones are widened
 * from a vector of bytes or shorts; where that would be shorter than 64 bits or needs a mask, which
 * not every machine has for narrow elements, they travel in longs. So do truth values, as bits;
 * others are vectors of bytes.
 */
final class VectorAccess {
  private static final long LOW_BIT_OF_BYTES = 0x0101010101010101L;

  private final MethodEmitter method;
  private final AccessCode access;
  private final CodeBuilder code;

  VectorAccess(MethodEmitter method, AccessCode access) {
    this.method = method;
    this.access = access;
    this.code = method.code;
  }

  void load(Expr.Load load) {
    DType dtype = load.dtype();
    int lanes = load.lanes();
    switch (dtype) {
      case FLOAT32, FLOAT64, INT32, INT64, UINT64 -> direct(load, Cell.of(dtype).lane);
      case UINT32 -> {
        direct(load, Lane.INT);
        method.calls.convert(false, Lane.INT, Lane.LONG, lanes);
      }
      case INT8, INT16 -> narrow(load, true);
      case UINT8, UINT16 -> narrow(load, false);
      case FLOAT16 -> {
        narrow(load, false);
        method.emit(Expansions.fromFloat16(popInt(lanes), method::let));
      }
      case BFLOAT16 -> {
        narrow(load, false);
        method.emit(Expansions.fromBfloat16(popInt(lanes)));
      }
      default -> throw new IllegalStateException("not a vector of numbers: " + dtype);
    }
  }

  private Expr popInt(int lanes) {
    return method.pop(Type.I32.times(lanes));
  }

  private void direct(Expr.Load load, Lane lane) {
    method.calls.load(lane, load.lanes(), () -> address(load), load.mask());
  }

  private void address(Expr.Load load) {
    access.address(load.buffer(), load.dtype(), load.index(), load.lanes(), load.mask());
  }

  /** Pushes an INT vector widened from bytes or shorts. */
  private void narrow(Expr.Load load, boolean signed) {
    Lane lane = Cell.of(load.dtype()).lane;
    int lanes = load.lanes();
    int bits = lane.bits * lanes;
    if (bits < 64) {
      Expr packed = load.mask().isPresent() ? gathered(load, 0, lanes) : shortPiece(load, bits);
      method.emit(unpacked(packed, lane.bits, lanes, signed));
      return;
    }
    if (load.mask().isEmpty()) {
      direct(load, lane);
    } else {
      Expr[] pieces = new Expr[bits / 64];
      for (int i = 0; i < pieces.length; i++) {
        pieces[i] = gathered(load, i, 64 / lane.bits);
      }
      code.getstatic(Lane.LONG.vector, Lane.LONG.species(pieces.length), Descs.SPECIES);
      method.emit(pieces[0]);
      code.invokestatic(
          Lane.LONG.vector, "broadcast", Descs.method(Lane.LONG.vector, Descs.SPECIES, CD_long));
      for (int i = 1; i < pieces.length; i++) {
        code.loadConstant(i);
        method.emit(pieces[i]);
        code.invokevirtual(
            Lane.LONG.vector, "withLane", Descs.method(Lane.LONG.vector, CD_int, CD_long));
      }
      code.invokevirtual(Lane.LONG.vector, lane.reinterpret, Descs.method(lane.vector));
    }
    method.calls.convert(signed, lane, Lane.INT, lanes);
  }

  /** The elements of a load shorter than 64 bits as the low bits of a long. */
  private Expr shortPiece(Expr.Load load, int bits) {
    Cell cell = bits == 32 ? Cell.INT : Cell.SHORT;
    plainLoad(load, cell);
    code.i2l();
    return method.pop(Type.I64);
  }

  private void plainLoad(Expr.Load load, Cell cell) {
    method.calls.load(cell, () -> address(load));
  }

  /** The i-th eight bytes of a masked load; bytes of lanes that are off are zero. */
  private Expr gathered(Expr.Load load, int piece, int lanesPerPiece) {
    address(load);
    code.loadConstant(8L * piece).ladd();
    pieceMask(load.mask().orElseThrow(), piece * lanesPerPiece);
    code.loadConstant(load.dtype().bytes()).invokestatic(Descs.MEMORY, "gather", Descs.GATHER);
    return method.pop(Type.I64);
  }

  private void pieceMask(Expr mask, int firstLane) {
    method.vectors().maskBits(mask);
    if (firstLane != 0) {
      code.loadConstant(firstLane).lushr();
    }
  }

  /** Elements packed in the low half of a long as lanes of I32. */
  private static Expr unpacked(Expr packed, int bits, int lanes, boolean signed) {
    Type type = Type.I32.times(lanes);
    Expr shifts = Exprs.shl(Exprs.laneIndex(type), bits == 8 ? 3 : 4);
    Expr all = new Expr.Broadcast(new Expr.Convert(fluidml.loop.ScalarType.I32, packed), lanes);
    Expr low = new Expr.Binary(fluidml.loop.BinaryOp.USHR, all, shifts);
    return signed
        ? Expansions.signExtend(low, bits)
        : Exprs.and(low, Exprs.integer(type, (1L << bits) - 1));
  }

  /** Whether that many truth values without a mask are loaded and stored as a vector of bytes. */
  static boolean isByteVector(int lanes) {
    return lanes >= Long.BYTES;
  }

  /** Pushes the truth values of a load of BOOL without a mask, as a mask of bytes. */
  void loadMaskBytes(Expr.Load load) {
    direct(load, Lane.BYTE);
    code.getstatic(Descs.OPERATORS, "NE", Descs.COMPARISON)
        .iconst_0()
        .invokevirtual(
            Lane.BYTE.vector, "compare", Descs.method(Descs.MASK, Descs.COMPARISON, CD_byte));
  }

  /** Pushes the truth values of any other load of BOOL, one bit per lane. */
  void loadMaskBits(Expr.Load load) {
    int lanes = load.lanes();
    int pieces = Math.ceilDiv(lanes, 8);
    for (int i = 0; i < pieces; i++) {
      if (load.mask().isPresent()) {
        method.emit(gathered(load, i, 8));
      } else {
        plainLoad(load, lanes == 2 ? Cell.SHORT : Cell.INT);
        code.i2l();
      }
      compressBytes();
      if (lanes < 8) {
        code.loadConstant((1L << lanes) - 1).land();
      }
      if (i > 0) {
        code.loadConstant(8 * i).lshl().lor();
      }
    }
  }

  /** Turns eight bytes of 0 or 1 into eight bits. */
  private void compressBytes() {
    code.loadConstant(LOW_BIT_OF_BYTES)
        .invokestatic(Descs.LONG_BOX, "compress", Descs.method(CD_long, CD_long, CD_long));
  }

  void store(Stmt.Store store, DType dtype) {
    int lanes = store.value().type().lanes();
    if (dtype == DType.BOOL) {
      storeMask(store, lanes);
      return;
    }
    Expr value = method.let(store.value());
    switch (dtype) {
      case FLOAT32, FLOAT64, INT32, INT64, UINT64 ->
          direct(store, dtype, Cell.of(dtype).lane, lanes, () -> method.emit(value));
      case UINT32 ->
          direct(
              store,
              dtype,
              Lane.INT,
              lanes,
              () -> {
                method.emit(value);
                method.calls.convert(true, Lane.LONG, Lane.INT, lanes);
              });
      case INT8, UINT8, INT16, UINT16 -> narrow(store, dtype, value);
      case FLOAT16 -> narrow(store, dtype, method.let(Expansions.toFloat16(value, method::let)));
      case BFLOAT16 -> narrow(store, dtype, method.let(Expansions.toBfloat16(value, method::let)));
      default -> throw new IllegalStateException("not a vector of numbers: " + dtype);
    }
  }

  private void direct(Stmt.Store store, DType dtype, Lane lane, int lanes, Runnable value) {
    method.calls.store(
        lane,
        lanes,
        value,
        () -> access.address(store.buffer(), dtype, store.index(), lanes, store.mask()),
        store.mask());
  }

  /** Stores the low bits of the lanes of an I32 vector. */
  private void narrow(Stmt.Store store, DType dtype, Expr value) {
    Lane lane = Cell.of(dtype).lane;
    int lanes = value.type().lanes();
    int bits = lane.bits * lanes;
    if (bits < 64) {
      scatter(store, dtype, packed(value, lane.bits), 0, lanes, lanes);
      return;
    }
    Runnable narrowed =
        () -> {
          method.emit(value);
          method.calls.convert(true, Lane.INT, lane, lanes);
        };
    if (store.mask().isEmpty()) {
      direct(store, dtype, lane, lanes, narrowed);
      return;
    }
    narrowed.run();
    code.invokevirtual(lane.vector, Lane.LONG.reinterpret, Descs.method(Lane.LONG.vector));
    Expr longs = bits == 64 ? popSingleLong() : method.pop(Type.I64.times(bits / 64));
    for (int i = 0; i < bits / 64; i++) {
      Expr piece = longs;
      if (bits > 64) {
        method.emit(longs);
        method.vectors().lane(Lane.LONG, i);
        piece = method.pop(Type.I64);
      }
      scatter(store, dtype, piece, i, 64 / lane.bits, lanes);
    }
  }

  private Expr popSingleLong() {
    method.vectors().lane(Lane.LONG, 0);
    return method.pop(Type.I64);
  }

  /** The low bits of few lanes of an I32 vector packed in a long. */
  private Expr packed(Expr value, int bits) {
    Expr result = Exprs.index(0);
    for (int i = 0; i < value.type().lanes(); i++) {
      method.emit(value);
      method.vectors().lane(Lane.INT, i);
      code.i2l();
      Expr lane = method.pop(Type.I64);
      Expr low = Exprs.and(lane, Exprs.index((1L << bits) - 1));
      result = method.let(Exprs.or(result, Exprs.shl(low, bits * i)));
    }
    return result;
  }

  /** Writes the i-th eight bytes where the mask of the store, or every lane, is set. */
  private void scatter(
      Stmt.Store store, DType dtype, Expr bytes, int piece, int lanesPerPiece, int lanes) {
    access.address(store.buffer(), dtype, store.index(), lanes, store.mask());
    code.loadConstant(8L * piece).ladd();
    method.emit(bytes);
    if (store.mask().isPresent()) {
      pieceMask(store.mask().get(), piece * lanesPerPiece);
    } else {
      code.loadConstant((1L << lanesPerPiece) - 1);
    }
    code.loadConstant(dtype.bytes()).invokestatic(Descs.MEMORY, "scatter", Descs.SCATTER);
  }

  private void storeMask(Stmt.Store store, int lanes) {
    if (isByteVector(lanes) && store.mask().isEmpty()) {
      direct(store, DType.BOOL, Lane.BYTE, lanes, () -> truthBytes(store.value(), lanes));
      return;
    }
    method.vectors().maskBits(store.value());
    Expr bits = method.pop(Type.I64);
    for (int i = 0; i < Math.ceilDiv(lanes, 8); i++) {
      method.emit(bits);
      if (i > 0) {
        code.loadConstant(8 * i).lushr();
      }
      code.loadConstant(LOW_BIT_OF_BYTES)
          .invokestatic(Descs.LONG_BOX, "expand", Descs.method(CD_long, CD_long, CD_long));
      Expr bytes = method.pop(Type.I64);
      scatter(store, DType.BOOL, bytes, i, Math.min(8, lanes), lanes);
    }
  }

  /** Pushes a mask as bytes of 0 or 1. */
  private void truthBytes(Expr mask, int lanes) {
    for (int truth = 0; truth <= 1; truth++) {
      int lane = truth;
      method.calls.broadcast(Lane.BYTE, lanes, () -> code.loadConstant(lane));
    }
    method.vectors().emitMask(mask, Lane.BYTE);
    code.invokevirtual(
        Lane.BYTE.vector, "blend", Descs.method(Lane.BYTE.vector, Descs.VECTOR, Descs.MASK));
  }
}
