package fluidml.loop;

import fluidml.error.VerificationException;
import fluidml.tensor.DType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The rules of IR 2, one check each.
 *
 * <ol>
 *   <li>Names are letters, digits and underscores, not beginning with a digit; those of buffers, of
 *       sizes and of procedures are unique. Buffers have a dtype that registers can hold; scratch
 *       buffers, and only they, have a byte size.
 *   <li>Byte sizes of scratch buffers and the parallel extent combine sizes and constants only.
 *   <li>The entry procedure exists and has two parameters.
 *   <li>A call names a procedure that stands earlier in the kernel (so there is no recursion) and
 *       passes one I64 scalar per parameter.
 *   <li>Parameters, loop variables and registers have names unique in their procedure; variables
 *       and registers are used only inside the block that introduces them, after their
 *       introduction.
 *   <li>Only mutable registers are assigned, with a value of their type.
 *   <li>Loop bounds are I64 scalars and the step is positive; an unrolled loop has constant bounds
 *       and at most 1024 iterations. Bounds must fit 32 bits at run time; emitted code throws
 *       {@link ArithmeticException} otherwise.
 *   <li>Loads and stores name a buffer whose access allows them, with its dtype, an I64 scalar
 *       index, and a mask of as many lanes as elements; a stored value has the buffer's register
 *       type.
 *   <li>A tile of bytes has one or two vectors and buffers of UINT8, INT8 and INT32; with a target,
 *       one that has products of bytes.
 *   <li>Operands of an operation have the same type, and the operation exists for it (see {@link
 *       UnaryOp}, {@link BinaryOp}); vectors of integers are not divided; vectors of floats have no
 *       remainder.
 *   <li>A vector has from 64 to 512 bits; with a target, not more than the target's. Masks have at
 *       most 16 lanes.
 *   <li>Conversions go between different number types; bit casts between types of equal width;
 *       broadcasts from scalars; horizontal operations from vectors; choices between numbers by as
 *       many truth values.
 * </ol>
 */
public final class Verifier {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final int MAX_BITS = 512;
  private static final int MAX_UNROLL = 1024;

  private final Kernel kernel;
  private final int maxBits;
  private final boolean byteProducts;
  private final Map<String, Buffer> buffers = new HashMap<>();
  private final Map<String, Procedure> earlier = new HashMap<>();
  private final Set<String> names = new HashSet<>();
  private final Set<String> variables = new HashSet<>();
  private final Set<Register> registers = new HashSet<>();
  private String where;

  private Verifier(Kernel kernel, int maxBits, boolean byteProducts) {
    this.kernel = kernel;
    this.maxBits = maxBits;
    this.byteProducts = byteProducts;
    this.where = "kernel '" + kernel.name() + "'";
  }

  /**
   * Checks a kernel.
   *
   * @throws VerificationException if a rule is broken
   */
  public static void verify(Kernel kernel) {
    new Verifier(kernel, MAX_BITS, true).kernel();
  }

  /**
   * Checks a kernel, and that the target's vectors are wide enough for it.
   *
   * @throws VerificationException if a rule is broken
   */
  public static void verify(Kernel kernel, Target target) {
    new Verifier(kernel, target.vectorBits(), target.byteProducts()).kernel();
  }

  private void require(boolean holds, String problem) {
    if (!holds) {
      throw new VerificationException("scheduling", where, problem);
    }
  }

  private void require(boolean holds, String problem, Expr at) {
    if (!holds) {
      require(false, problem + ": " + Printer.print(at));
    }
  }

  private void name(String name) {
    require(NAME.matcher(name).matches(), "'" + name + "' is not a name");
  }

  private void kernel() {
    kernel.sizes().forEach(this::name);
    for (Buffer buffer : kernel.buffers()) {
      name(buffer.name());
      require(buffers.put(buffer.name(), buffer) == null, "two buffers are named " + buffer.name());
      require(
          ScalarType.ofStorage(buffer.dtype()).isPresent(),
          "buffer " + buffer.name() + " has dtype " + buffer.dtype() + ", which no register holds");
      require(
          (buffer.access() == Buffer.Access.SCRATCH) == buffer.scratchBytes().isPresent(),
          "buffer " + buffer.name() + ": scratch buffers, and only they, have a byte size");
      buffer.scratchBytes().ifPresent(this::sizesOnly);
    }
    require(
        new HashSet<>(kernel.sizes()).size() == kernel.sizes().size(), "two sizes share a name");
    sizesOnly(kernel.parallelExtent());
    for (Procedure procedure : kernel.procedures()) {
      name(procedure.name());
      where = "procedure '" + procedure.name() + "' of kernel '" + kernel.name() + "'";
      procedure(procedure);
      require(earlier.put(procedure.name(), procedure) == null, "the name is used twice");
    }
    where = "kernel '" + kernel.name() + "'";
    Procedure entry = earlier.get(kernel.entry());
    require(
        entry != null && entry.parameters().size() == 2,
        "the entry '" + kernel.entry() + "' must be a procedure with two parameters");
  }

  private void sizesOnly(Expr extent) {
    Walk.visit(
        extent,
        e ->
            require(
                e instanceof Expr.Const
                    || e instanceof Expr.Size
                    || e instanceof Expr.Unary
                    || e instanceof Expr.Binary
                    || e instanceof Expr.Compare
                    || e instanceof Expr.Select,
                "extents combine sizes and constants only",
                extent));
    index(extent);
  }

  private void procedure(Procedure procedure) {
    names.clear();
    variables.clear();
    registers.clear();
    for (String parameter : procedure.parameters()) {
      name(parameter);
      require(names.add(parameter), "two parameters are named " + parameter);
      variables.add(parameter);
    }
    block(procedure.body());
  }

  private void block(Stmt.Block block) {
    Set<Register> outer = Set.copyOf(registers);
    block.statements().forEach(this::statement);
    registers.retainAll(outer);
  }

  private void statement(Stmt statement) {
    switch (statement) {
      case Stmt.Block b -> block(b);
      case Stmt.For f -> loop(f);
      case Stmt.Declare d -> {
        expr(d.value());
        Register register = d.register();
        name(register.name());
        require(names.add(register.name()), "two variables are named " + register.name());
        require(
            d.value().type().equals(register.type()),
            "register %s of type %s gets a %s"
                .formatted(register.name(), register.type(), d.value().type()));
        registers.add(register);
      }
      case Stmt.Assign a -> {
        expr(a.value());
        require(registers.contains(a.register()), "unknown register " + a.register().name());
        require(a.register().mutable(), "assignment to constant " + a.register().name());
        require(
            a.value().type().equals(a.register().type()),
            "register %s of type %s gets a %s"
                .formatted(a.register().name(), a.register().type(), a.value().type()));
      }
      case Stmt.Store s -> {
        Buffer buffer = buffer(s.buffer());
        require(buffer.access().canWrite(), "store to read-only buffer " + s.buffer());
        expr(s.value());
        require(
            s.value().type().scalar() == Exprs.registerType(buffer.dtype()),
            "buffer %s of %s gets a %s".formatted(buffer.name(), buffer.dtype(), s.value().type()));
        index(s.index());
        s.mask().ifPresent(mask -> mask(mask, s.value().type().lanes()));
      }
      case Stmt.If i -> {
        expr(i.condition());
        require(i.condition().type().equals(Type.BOOL), "not a condition", i.condition());
        block(i.whenTrue());
        block(i.whenFalse());
      }
      case Stmt.Require r -> {
        expr(r.condition());
        require(r.condition().type().equals(Type.BOOL), "not a condition", r.condition());
        index(r.value());
      }
      case Stmt.ByteTile t -> byteTile(t);
      case Stmt.Call c -> {
        Procedure called = earlier.get(c.procedure());
        require(called != null, "call of unknown or later procedure " + c.procedure());
        require(
            called.parameters().size() == c.arguments().size(),
            "wrong number of arguments for procedure " + c.procedure());
        c.arguments().forEach(this::index);
      }
    }
  }

  private void byteTile(Stmt.ByteTile tile) {
    require(byteProducts, "the target has no products of bytes");
    tile.numbers().forEach(this::index);
    require(
        tile.vectors() >= 1 && tile.vectors() <= Stmt.ByteTile.MOST_VECTORS,
        "a tile of bytes with " + tile.vectors() + " vectors");
    bytes(tile.left(), DType.UINT8, buffer(tile.left()).access().canRead());
    bytes(tile.panel(), DType.INT8, buffer(tile.panel()).access().canRead());
    bytes(tile.sums(), DType.INT32, buffer(tile.sums()).access().canWrite());
  }

  private void bytes(String name, DType dtype, boolean accessible) {
    require(
        accessible && buffer(name).dtype() == dtype,
        "a tile of bytes cannot use buffer " + name + " as " + dtype);
  }

  private void loop(Stmt.For loop) {
    index(loop.begin());
    index(loop.end());
    require(loop.step() > 0, "loop " + loop.variable() + " has step " + loop.step());
    if (loop.kind() == Stmt.LoopKind.UNROLLED) {
      require(
          loop.begin() instanceof Expr.Const b
              && loop.end() instanceof Expr.Const e
              && e.bits() - b.bits() <= (long) MAX_UNROLL * loop.step(),
          "unrolled loop " + loop.variable() + " needs constant bounds, at most 1024 iterations");
    }
    name(loop.variable());
    require(names.add(loop.variable()), "two variables are named " + loop.variable());
    variables.add(loop.variable());
    block(loop.body());
    variables.remove(loop.variable());
  }

  private Buffer buffer(String name) {
    Buffer buffer = buffers.get(name);
    require(buffer != null, "unknown buffer " + name);
    return buffer;
  }

  private void index(Expr expr) {
    expr(expr);
    require(expr.type().equals(Type.I64), "expected an i64 scalar, got " + expr.type(), expr);
  }

  private void mask(Expr mask, int lanes) {
    expr(mask);
    require(
        mask.type().equals(Type.BOOL.times(lanes)), "expected a mask of " + lanes + " lanes", mask);
  }

  private void expr(Expr expr) {
    if (!(expr instanceof Expr.Load)) {
      for (Expr operand : Walk.operands(expr)) {
        expr(operand);
      }
    }
    node(expr);
    Type type = expr.type();
    if (type.isVector()) {
      require(
          type.scalar() == ScalarType.BOOL
              ? type.lanes() <= 16
              : type.bits() >= 64 && type.bits() <= maxBits,
          "a %s does not fit vectors of %d bits".formatted(type, maxBits),
          expr);
    }
  }

  private void node(Expr expr) {
    switch (expr) {
      case Expr.Const _ -> {}
      case Expr.LaneMask m ->
          require(m.count().type().equals(Type.I64) && m.lanes() > 1, "bad lane mask", expr);
      case Expr.Size s -> require(kernel.sizes().contains(s.name()), "unknown size " + s.name());
      case Expr.Var v -> require(variables.contains(v.name()), "unknown variable " + v.name());
      case Expr.Read r ->
          require(registers.contains(r.register()), "unknown register " + r.register().name());
      case Expr.Load l -> {
        Buffer buffer = buffer(l.buffer());
        require(buffer.access().canRead(), "load from write-only buffer " + l.buffer());
        require(buffer.dtype() == l.dtype(), "buffer " + l.buffer() + " is of " + buffer.dtype());
        index(l.index());
        l.mask().ifPresent(mask -> mask(mask, l.lanes()));
      }
      case Expr.Unary u -> require(exists(u.op(), u.type()), "no such operation", expr);
      case Expr.Binary b -> {
        require(b.left().type().equals(b.right().type()), "operands differ in type", expr);
        require(exists(b.op(), b.type()), "no such operation", expr);
      }
      case Expr.Fma f ->
          require(
              f.type().scalar().isFloat()
                  && f.b().type().equals(f.type())
                  && f.c().type().equals(f.type()),
              "operands must be floats of one type",
              expr);
      case Expr.Compare c -> {
        require(c.left().type().equals(c.right().type()), "operands differ in type", expr);
        boolean order = c.op() != CompareOp.EQ && c.op() != CompareOp.NE;
        require(
            !(order && c.left().type().scalar() == ScalarType.BOOL),
            "truth values have no order",
            expr);
      }
      case Expr.Select s -> {
        require(s.whenTrue().type().equals(s.whenFalse().type()), "sides differ in type", expr);
        require(s.type().scalar() != ScalarType.BOOL, "a choice of truth values", expr);
        require(s.condition().type().equals(s.type().as(ScalarType.BOOL)), "bad condition", expr);
      }
      case Expr.Convert c ->
          require(
              c.to() != ScalarType.BOOL
                  && c.operand().type().scalar() != ScalarType.BOOL
                  && c.to() != c.operand().type().scalar(),
              "no such conversion",
              expr);
      case Expr.Bitcast b ->
          require(
              b.to().bits() == b.operand().type().scalar().bits()
                  && b.to().isFloat() != b.operand().type().scalar().isFloat(),
              "widths differ",
              expr);
      case Expr.Broadcast b ->
          require(!b.operand().type().isVector() && b.lanes() > 1, "not a broadcast", expr);
      case Expr.Horizontal h -> {
        boolean bitwise = h.op() == HorizontalOp.AND || h.op() == HorizontalOp.OR;
        ScalarType scalar = h.type().scalar();
        require(
            h.operand().type().isVector()
                && (scalar.isInteger() || bitwise == (scalar == ScalarType.BOOL)),
            "no such reduction",
            expr);
      }
      case Expr.Rotate r ->
          require(
              r.type().isVector()
                  && r.type().scalar() != ScalarType.BOOL
                  && r.distance() > 0
                  && r.distance() < r.type().lanes(),
              "no such rotation",
              expr);
      case Expr.Reverse r ->
          require(
              r.type().isVector() && r.type().scalar() != ScalarType.BOOL,
              "not a vector of numbers",
              expr);
      case Expr.Zip z -> equalIntegers(z.left(), z.right(), expr);
      case Expr.Unzip u -> equalIntegers(u.left(), u.right(), expr);
      case Expr.LaneIndex i ->
          require(i.type().isVector() && i.type().scalar() != ScalarType.BOOL, "bad type", expr);
      case Expr.Intrinsic i ->
          require(
              i.operands().size() == i.function().arity()
                  && i.operands().stream().allMatch(o -> o.type().equals(Type.F64)),
              "needs " + i.function().arity() + " f64 scalars",
              expr);
    }
  }

  private void equalIntegers(Expr left, Expr right, Expr where) {
    Type type = left.type();
    require(
        type.isVector() && type.scalar().isInteger() && type.equals(right.type()),
        "not two equal vectors of integers",
        where);
  }

  private static boolean exists(UnaryOp op, Type type) {
    ScalarType scalar = type.scalar();
    return switch (op) {
      case NEG, ABS -> scalar != ScalarType.BOOL;
      case SQRT, FLOOR, CEIL, ROUND_EVEN, TRUNC -> scalar.isFloat();
      case NOT -> !scalar.isFloat();
    };
  }

  private static boolean exists(BinaryOp op, Type type) {
    ScalarType scalar = type.scalar();
    return switch (op) {
      case ADD, SUB, MUL, MIN, MAX -> scalar != ScalarType.BOOL;
      case DIV -> scalar.isFloat() || (scalar.isInteger() && !type.isVector());
      case MOD -> scalar != ScalarType.BOOL && !type.isVector();
      case FLOOR_DIV, FLOOR_MOD -> scalar.isInteger() && !type.isVector();
      case AND, OR, XOR -> !scalar.isFloat();
      case SHL, SHR, USHR -> scalar.isInteger();
    };
  }
}
