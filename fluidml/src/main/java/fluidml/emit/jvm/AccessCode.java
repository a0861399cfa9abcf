package fluidml.emit.jvm;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_short;

import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Stmt;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.Optional;

/**
 * Addresses, checks, and loads and stores of scalars; those of vectors are in {@link VectorAccess}.
 */
final class AccessCode {
  private final MethodEmitter method;
  private final CodeBuilder code;
  private final VectorAccess vectors;

  AccessCode(MethodEmitter method) {
    this.method = method;
    this.code = method.code;
    this.vectors = new VectorAccess(method, this);
  }

  /** Pushes a long of the frame, which is in a local. */
  void frameLong(int frameSlot, int index) {
    code.aload(frameSlot).loadConstant(index).laload();
  }

  /** Pushes the address of an element; in checked mode after checking that all lanes are inside. */
  void address(String buffer, DType dtype, Expr index, int lanes, Optional<Expr> mask) {
    int size = dtype.bytes();
    if (!method.target.checked()) {
      Addresses sum = Addresses.of(index, method);
      method.address(buffer);
      for (Addresses.Term term : sum.terms()) {
        method.scaled(term.value(), term.factor() * size);
        code.ladd();
      }
      code.loadConstant(Addresses.ADDRESS_MASK).land();
      for (Addresses.Term counter : sum.counters()) {
        method.scaled(counter.value(), counter.factor() * size);
        code.ladd();
      }
      if (sum.constant() != 0) {
        code.loadConstant(sum.constant() * size).ladd();
      }
      return;
    }
    method.emit(index);
    code.loadConstant((long) size).lmul();
    if (mask.isPresent()) {
      code.loadConstant(size);
      method.vectors().maskBits(mask.get());
    } else {
      code.loadConstant((long) size * lanes);
    }
    method.byteSize(buffer);
    code.loadConstant(method.kernel.name()).loadConstant(buffer);
    code.invokestatic(
        Descs.MEMORY,
        mask.isPresent() ? "checkedMasked" : "checked",
        mask.isPresent() ? Descs.CHECKED_MASKED : Descs.CHECKED);
    method.address(buffer);
    code.ladd();
  }

  /** Pushes the value of a load. */
  void load(Expr.Load load) {
    if (load.lanes() > 1) {
      vectors.load(load);
    } else if (load.mask().isEmpty()) {
      loadScalar(load);
    } else {
      Type type = load.type();
      TypeKind kind = MethodEmitter.kind(type);
      Label otherwise = code.newLabel();
      Label done = code.newLabel();
      method.emit(load.mask().get());
      code.ifeq(otherwise);
      method.conditionally(() -> loadScalar(load));
      code.goto_(done).labelBinding(otherwise);
      switch (kind) {
        case FLOAT -> code.fconst_0();
        case DOUBLE -> code.dconst_0();
        case LONG -> code.lconst_0();
        default -> code.iconst_0();
      }
      code.labelBinding(done);
    }
  }

  /** Whether {@link #loadMaskBytes} can do a load of BOOL. */
  boolean loadsMaskBytes(Expr.Load load) {
    return VectorAccess.isByteVector(load.lanes()) && load.mask().isEmpty();
  }

  /** Pushes the truth values of a load of BOOL as a mask of bytes. */
  void loadMaskBytes(Expr.Load load) {
    vectors.loadMaskBytes(load);
  }

  /** Pushes the truth values of any other load of BOOL as the low bits of a long. */
  void loadMaskBits(Expr.Load load) {
    vectors.loadMaskBits(load);
  }

  private void loadScalar(Expr.Load load) {
    DType dtype = load.dtype();
    Cell cell = Cell.of(dtype);
    method.calls.load(cell, () -> address(load.buffer(), dtype, load.index(), 1, Optional.empty()));
    switch (dtype) {
      case UINT8 -> code.loadConstant(0xff).iand();
      case BOOL -> {
        Label zero = code.newLabel();
        code.dup().ifeq(zero).pop().iconst_1().labelBinding(zero);
      }
      case UINT16 -> code.loadConstant(0xffff).iand();
      case UINT32 -> code.i2l().loadConstant(0xffffffffL).land();
      case FLOAT16 ->
          code.invokestatic(Descs.FLOAT_BOX, "float16ToFloat", Descs.method(CD_float, CD_short));
      case BFLOAT16 ->
          code.loadConstant(16)
              .ishl()
              .invokestatic(Descs.FLOAT_BOX, "intBitsToFloat", Descs.method(CD_float, CD_int));
      default -> {}
    }
  }

  /** Emits a store. */
  void store(Stmt.Store store) {
    DType dtype = dtype(store.buffer());
    if (store.value().type().isVector()) {
      vectors.store(store, dtype);
    } else if (store.mask().isEmpty()) {
      storeScalar(store, dtype);
    } else {
      method.vectors().onlyIf(store.mask().get(), () -> storeScalar(store, dtype));
    }
  }

  /** Emits a tile of products of bytes. */
  void byteTile(Stmt.ByteTile tile) {
    if (method.target.checked()) {
      inside(tile.left(), DType.UINT8, tile.leftLast());
      inside(tile.panel(), DType.INT8, tile.panelLast());
      inside(tile.sums(), DType.INT32, tile.sumsLast());
    }
    Expr steps = method.let(tile.steps());
    method.emit(tile.rows());
    code.loadConstant((long) tile.vectors());
    address(tile.left(), DType.UINT8, tile.leftFrom(), 1, Optional.empty());
    method.emit(tile.rowStride());
    method.emit(tile.turnStride());
    address(tile.panel(), DType.INT8, tile.panelFrom(), 1, Optional.empty());
    address(tile.sums(), DType.INT32, tile.sumsFrom(), 1, Optional.empty());
    method.emit(steps);
    method.emit(tile.turns());
    code.invokestatic(Descs.BYTE_TILES, "multiply", Descs.longs(9));
  }

  private void inside(String buffer, DType dtype, Expr index) {
    address(buffer, dtype, index, 1, Optional.empty());
    code.pop2();
  }

  private DType dtype(String buffer) {
    return method.kernel.buffers().stream()
        .filter(b -> b.name().equals(buffer))
        .map(Buffer::dtype)
        .findFirst()
        .orElseThrow();
  }

  private void storeScalar(Stmt.Store store, DType dtype) {
    Cell cell = Cell.of(dtype);
    Expr value = method.let(store.value());
    method.calls.store(
        cell,
        () -> address(store.buffer(), dtype, store.index(), 1, Optional.empty()),
        () -> pushNarrowed(value, dtype));
  }

  /** Pushes the primitive that is stored for a number. */
  private void pushNarrowed(Expr value, DType dtype) {
    if (dtype == DType.BFLOAT16) {
      method.emit(Expansions.toBfloat16(value, method::let));
    } else {
      method.emit(value);
    }
    switch (dtype) {
      case FLOAT16 ->
          code.invokestatic(Descs.FLOAT_BOX, "floatToFloat16", Descs.method(CD_short, CD_float));
      case UINT32 -> code.l2i();
      case INT8, UINT8, BOOL -> code.i2b();
      case INT16, UINT16, BFLOAT16 -> code.i2s();
      default -> {}
    }
  }

  /** How an element lies in memory: a value layout and its primitive type. */
  @SuppressWarnings("ImmutableEnumChecker") // ClassDesc is immutable
  enum Cell {
    BYTE("JAVA_BYTE", "OfByte", Lane.BYTE),
    SHORT("JAVA_SHORT_UNALIGNED", "OfShort", Lane.SHORT),
    INT("JAVA_INT_UNALIGNED", "OfInt", Lane.INT),
    LONG("JAVA_LONG_UNALIGNED", "OfLong", Lane.LONG),
    FLOAT("JAVA_FLOAT_UNALIGNED", "OfFloat", Lane.FLOAT),
    DOUBLE("JAVA_DOUBLE_UNALIGNED", "OfDouble", Lane.DOUBLE);

    final String layout;
    final Lane lane;
    final ClassDesc primitive;
    private final String type;

    Cell(String layout, String type, Lane lane) {
      this.layout = layout;
      this.type = type;
      this.lane = lane;
      this.primitive = lane.primitive;
    }

    ClassDesc layoutType() {
      return Descs.LAYOUT.nested(type);
    }

    static Cell of(DType dtype) {
      return switch (dtype) {
        case FLOAT32 -> FLOAT;
        case FLOAT64 -> DOUBLE;
        case INT8, UINT8, BOOL -> BYTE;
        case INT16, UINT16, FLOAT16, BFLOAT16 -> SHORT;
        case INT32, UINT32 -> INT;
        case INT64, UINT64 -> LONG;
        default -> throw new IllegalArgumentException("kernels cannot address " + dtype);
      };
    }
  }
}
