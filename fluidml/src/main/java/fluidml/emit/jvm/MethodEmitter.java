package fluidml.emit.jvm;

import fluidml.loop.BinaryOp;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.Procedure;
import fluidml.loop.Register;
import fluidml.loop.ScalarType;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.loop.Type;
import fluidml.loop.Walk;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Emits one procedure as a static method: statements here, scalar expressions in {@link
 * ScalarCode}, vectors in {@link VectorCode}, memory in {@link AccessCode}.
 *
 * <p>Parameters are the frame, then the address of every scratch buffer (in checked mode each
 * followed by its size), then those of the procedure. Addresses and sizes that the procedure uses
 * are loaded into locals at its start.
 */
final class MethodEmitter {
  final CodeBuilder code;
  final Kernel kernel;
  final Target target;
  final ClassConstants constants;
  final PlatformCalls calls;

  private final ClassDesc self;
  private final KernelMethods methods;
  private final ScalarCode scalars;
  private final VectorCode vectors;
  private final AccessCode access;

  /** The greatest count whose product with the size of any element, or any pace, is an int. */
  private static final int MOST_COUNT = 1 << 24;

  private final Map<String, Integer> addressSlots = new HashMap<>();
  private final Map<String, Integer> byteSizeSlots = new HashMap<>();
  private final Map<String, Integer> sizeSlots = new HashMap<>();
  private final Map<String, Integer> parameterSlots = new HashMap<>();
  private final Map<String, Integer> counterSlots = new HashMap<>();
  private final Map<String, Integer> counterMasks = new HashMap<>();
  private final Map<String, Integer> paces = new HashMap<>();
  private final Map<Expr.Const, Integer> constantSlots = new HashMap<>();
  private final Map<String, Expr> begins = new HashMap<>();
  private final Map<String, Long> unrolledValues = new HashMap<>();
  private final Map<Register, Integer> registerSlots = new HashMap<>();
  private final Set<Register> places = new HashSet<>();
  private final Set<Register> assigned = new HashSet<>();
  private final Map<String, Integer> depths = new HashMap<>();
  private int slackSlot = -1;
  private int briefIterations;
  private Expr skipping = Exprs.index(0);
  private int nextSlot;
  private int depth;
  private int temporaries;

  MethodEmitter(
      CodeBuilder code,
      ClassDesc self,
      Kernel kernel,
      Target target,
      CallForm form,
      ClassConstants constants,
      KernelMethods methods) {
    this.methods = methods;
    this.code = code;
    this.self = self;
    this.kernel = kernel;
    this.target = target;
    this.constants = constants;
    this.calls = PlatformCalls.of(form, this);
    this.scalars = new ScalarCode(this);
    this.vectors = new VectorCode(this);
    this.access = new AccessCode(this);
  }

  AccessCode access() {
    return access;
  }

  VectorCode vectors() {
    return vectors;
  }

  void emit(Procedure procedure) {
    nextSlot = 1;
    for (Buffer buffer : kernel.scratchBuffers()) {
      addressSlots.put(buffer.name(), takeSlot(TypeKind.LONG));
      if (target.checked()) {
        byteSizeSlots.put(buffer.name(), takeSlot(TypeKind.LONG));
      }
    }
    for (String parameter : procedure.parameters()) {
      parameterSlots.put(parameter, takeSlot(TypeKind.LONG));
    }
    if (methods.hasVectors(procedure.name())) {
      QuickCompiler.refuse(code, body -> code.aload(0).ifnonnull(body));
    }
    Set<String> usedBuffers = new HashSet<>();
    Set<String> usedSizes = new HashSet<>();
    boolean[] callsShared = {false};
    Walk.visit(
        procedure.body(),
        statement -> {
          if (statement instanceof Stmt.Store store) {
            usedBuffers.add(store.buffer());
          } else if (statement instanceof Stmt.ByteTile tile) {
            usedBuffers.addAll(List.of(tile.left(), tile.panel(), tile.sums()));
          } else if (statement instanceof Stmt.Call call) {
            methods
                .shared(call.procedure())
                .ifPresent(
                    callee -> {
                      usedBuffers.addAll(callee.uses().buffers());
                      usedSizes.addAll(callee.uses().sizes());
                      callsShared[0] = true;
                    });
          }
        },
        expr -> {
          if (expr instanceof Expr.Load load) {
            usedBuffers.add(load.buffer());
          } else if (expr instanceof Expr.Size size) {
            usedSizes.add(size.name());
          }
        });
    loadFrame(0, usedBuffers, usedSizes);
    if (callsShared[0]) {
      code.loadConstant(Kernel.SKIPPING);
      access.frameLong(0, kernel.briefSlot());
      slackSlot = takeSlot(TypeKind.LONG);
      code.lsub().lstore(slackSlot);
    }
    block(procedure.body());
    code.return_();
  }

  /** Emits a procedure as the method of a class of its own, which gets addresses and sizes. */
  void emitShared(Procedure procedure, SharedProcedures.Shared self) {
    self.uses().buffers().forEach(name -> addressSlots.put(name, takeSlot(TypeKind.LONG)));
    self.uses().sizes().forEach(name -> sizeSlots.put(name, takeSlot(TypeKind.LONG)));
    slackSlot = takeSlot(TypeKind.LONG);
    briefIterations = BriefLoops.iterations(kernel, procedure);
    procedure.parameters().forEach(name -> parameterSlots.put(name, takeSlot(TypeKind.LONG)));
    QuickCompiler.refuse(
        code, body -> code.lload(slackSlot).loadConstant(Long.MIN_VALUE).lcmp().ifne(body));
    if (briefIterations > 0) {
      BriefBranches.amount(code, slackSlot);
      skipping = pop(Type.I64);
    }
    block(procedure.body());
    code.return_();
  }

  /** Loads the sizes that extents of scratch buffers use into locals from {@code slot} on. */
  void beginScratch(int slot, int frameSlot, List<Buffer> scratch) {
    nextSlot = slot;
    Set<String> usedSizes = new HashSet<>();
    for (Buffer buffer : scratch) {
      Walk.visit(
          buffer.scratchBytes().orElseThrow(),
          expr -> {
            if (expr instanceof Expr.Size size) {
              usedSizes.add(size.name());
            }
          });
    }
    loadFrame(frameSlot, Set.of(), usedSizes);
  }

  private void loadFrame(int frameSlot, Set<String> usedBuffers, Set<String> usedSizes) {
    List<Buffer> buffers = kernel.frameBuffers();
    for (int i = 0; i < buffers.size(); i++) {
      String name = buffers.get(i).name();
      if (usedBuffers.contains(name)) {
        addressSlots.put(name, frameLocal(frameSlot, 2 * i));
        if (target.checked()) {
          byteSizeSlots.put(name, frameLocal(frameSlot, 2 * i + 1));
        }
      }
    }
    for (int i = 0; i < kernel.sizes().size(); i++) {
      String name = kernel.sizes().get(i);
      if (usedSizes.contains(name)) {
        sizeSlots.put(name, frameLocal(frameSlot, kernel.firstSizeSlot() + i));
      }
    }
  }

  private int frameLocal(int frameSlot, int slot) {
    access.frameLong(frameSlot, slot);
    int local = takeSlot(TypeKind.LONG);
    code.lstore(local);
    return local;
  }

  private int takeSlot(TypeKind kind) {
    int slot = nextSlot;
    nextSlot += kind.slotSize();
    return slot;
  }

  static TypeKind kind(Type type) {
    if (type.isVector()) {
      return TypeKind.REFERENCE;
    }
    return switch (type.scalar()) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I32, BOOL -> TypeKind.INT;
      case I64 -> TypeKind.LONG;
    };
  }

  /** Pushes the value of an expression; masks come with lanes of {@link Lane#INT}. */
  void emit(Expr expr) {
    if (!expr.type().isVector()) {
      scalars.emit(expr);
    } else if (expr.type().scalar() == ScalarType.BOOL) {
      vectors.emitMask(expr, Lane.INT);
    } else {
      vectors.emit(expr);
    }
  }

  /** Stores the value on the stack in a new local and returns an expression that reads it. */
  Expr pop(Type type) {
    Register register = new Register("#" + temporaries++, type, false);
    define(register);
    return new Expr.Read(register);
  }

  /** Moves the vector or mask on the stack to a new local; returns its slot. */
  int park() {
    int slot = takeSlot(TypeKind.REFERENCE);
    code.astore(slot);
    return slot;
  }

  /** Computes an expression into a new local and returns an expression that reads it. */
  Expr let(Expr expr) {
    if (expr instanceof Expr.Read || expr instanceof Expr.Const) {
      return expr;
    }
    emit(expr);
    return pop(expr.type());
  }

  private void define(Register register) {
    int slot = takeSlot(kind(register.type()));
    registerSlots.put(register, slot);
    depths.put(register.name(), depth);
    code.storeLocal(kind(register.type()), slot);
  }

  void read(Register register) {
    code.loadLocal(kind(register.type()), registerSlots.get(register));
  }

  /** Pushes a loop variable or parameter as a long. */
  void variable(String name) {
    Long known = unrolledValues.get(name);
    if (known != null) {
      code.loadConstant((long) known);
    } else if (counterSlots.containsKey(name)) {
      Expr variable = new Expr.Var(name);
      scaled(variable, 1);
      if (!begins.get(name).equals(Exprs.index(0))) {
        emit(begins.get(name));
        code.ladd();
      }
    } else {
      code.lload(parameterSlots.get(name));
    }
  }

  /** Whether a variable is that of a loop, counted from 0 in an int. */
  boolean isCounter(Expr.Var variable) {
    return counterSlots.containsKey(variable.name());
  }

  /**
   * Whether an expression reads a register that holds an element's place, see {@link Exprs#place}.
   */
  boolean isPlace(Expr.Read read) {
    return places.contains(read.register());
  }

  private static boolean isPlace(Expr value) {
    return value instanceof Expr.Binary b
        && b.op() == BinaryOp.AND
        && b.right() instanceof Expr.Const mask
        && mask.bits() == Exprs.PLACES;
  }

  /** What to add to a loop's counter to get its variable. */
  Expr begin(Expr.Var variable) {
    return begins.get(variable.name());
  }

  /**
   * Pushes the product of a loop's counter, or of any other expression, and a factor as a long.
   *
   * <p>The mask changes no value. It tells C2, from the first look at the method, that the counter
   * is not negative and how far it counts: range checks are gone before the optimisation of loops
   * begins. C2 finds that out by itself, but often after it has cut the loop into parts for the
   * sake of the checks, which then need more registers than there are; then it drops the mask.
   */
  void scaled(Expr expr, long factor) {
    long rest = factor;
    if (expr instanceof Expr.Var v && isCounter(v)) {
      code.iload(counterSlots.get(v.name()));
      code.loadConstant(counterMasks.get(v.name())).iand().i2l();
      int pace = paces.get(v.name());
      int common = (int) Long.lowestOneBit(factor | pace);
      if (common < pace) {
        code.loadConstant(Integer.numberOfTrailingZeros(pace / common)).lushr();
        // Changes nothing, but must stay: see PacedLoops, addresses made from this are to come
        // late.
        code.loadConstant((long) -common).land();
      }
      rest = factor / common;
    } else {
      emit(expr);
    }
    if (Long.bitCount(rest) == 1) {
      if (rest != 1) {
        code.loadConstant(Long.numberOfTrailingZeros(rest)).lshl();
      }
    } else {
      code.loadConstant(rest).lmul();
    }
  }

  /** The expression, or the constant an unrolled loop's variable stands for. */
  Expr resolved(Expr expr) {
    return expr instanceof Expr.Var v && unrolledValues.containsKey(v.name())
        ? Exprs.index(unrolledValues.get(v.name()))
        : expr;
  }

  /** Whether a register has its value from a statement that runs whenever this code does. */
  boolean isAssigned(Register register) {
    return assigned.contains(register);
  }

  /** Loop depth at which a variable or register gets its value: 0 for parameters. */
  int depth(String name) {
    return depths.getOrDefault(name, 0);
  }

  /** How many loops are open that were not where a variable or register got its value. */
  int loopsSince(String name) {
    return depth - depth(name);
  }

  void size(String name) {
    code.lload(sizeSlots.get(name));
  }

  void address(String buffer) {
    code.lload(addressSlots.get(buffer));
  }

  void byteSize(String buffer) {
    code.lload(byteSizeSlots.get(buffer));
  }

  private void block(Stmt.Block block) {
    int slot = nextSlot;
    conditionally(() -> block.statements().forEach(this::statement));
    nextSlot = slot;
  }

  /** Emits code that may be skipped: constants made there are unknown afterwards. */
  void conditionally(Runnable emission) {
    Set<Expr.Const> outside = Set.copyOf(constantSlots.keySet());
    emission.run();
    constantSlots.keySet().retainAll(outside);
  }

  /**
   * Pushes a vector of equal constants, which is made once in a block: every call of the Vector API
   * counts against what C2 inlines into a method.
   */
  void vectorConstant(Expr.Const constant, Runnable make) {
    Integer slot = constantSlots.get(constant);
    if (slot != null) {
      code.aload(slot);
      return;
    }
    make.run();
    slot = takeSlot(TypeKind.REFERENCE);
    constantSlots.put(constant, slot);
    code.dup().astore(slot);
  }

  private void statement(Stmt statement) {
    switch (statement) {
      case Stmt.Block b -> block(b);
      case Stmt.For f -> {
        if (f.kind() == Stmt.LoopKind.UNROLLED) {
          unrolled(f);
        } else {
          serial(f);
        }
      }
      case Stmt.Declare d -> {
        emit(d.value());
        define(d.register());
        assigned.add(d.register());
        if (isPlace(d.value()) && !d.register().mutable()) {
          places.add(d.register());
        }
      }
      case Stmt.Assign a -> {
        emit(a.value());
        assigned.add(a.register());
        code.storeLocal(kind(a.register().type()), registerSlots.get(a.register()));
      }
      case Stmt.Store s -> access.store(s);
      case Stmt.If i -> branch(i);
      case Stmt.Require r -> {
        Label holds = code.newLabel();
        emit(r.condition());
        code.ifne(holds);
        emit(r.value());
        code.loadConstant(kernel.name()).loadConstant(r.problem());
        code.invokestatic(Descs.MEMORY, "fail", Descs.FAIL).labelBinding(holds);
      }
      case Stmt.ByteTile t -> access.byteTile(t);
      case Stmt.Call c -> call(c);
    }
  }

  private void unrolled(Stmt.For loop) {
    long begin = ((Expr.Const) loop.begin()).bits();
    long end = ((Expr.Const) loop.end()).bits();
    for (long i = begin; i < end; i += loop.step()) {
      unrolledValues.put(loop.variable(), i);
      block(loop.body());
    }
    unrolledValues.remove(loop.variable());
  }

  private void serial(Stmt.For loop) {
    int saved = nextSlot;
    Expr begin = let(loop.begin());
    int count = takeSlot(TypeKind.INT);
    int counter = takeSlot(TypeKind.INT);
    emit(loop.end().minus(begin));
    if (briefIterations > 0) {
      long most = (long) briefIterations * loop.step();
      LongLimits.atMost(code, () -> code.lload(slackSlot).loadConstant(most).ladd());
    }
    LongLimits.loopEnd(code, loop.step());
    OptionalInt most = most(loop);
    if (most.isPresent()) {
      code.loadConstant(most.getAsInt()).invokestatic(Descs.MATH, "min", Descs.INT_MIN);
    }
    int pace = PacedLoops.pace(loop, target);
    if (pace > 1) {
      code.loadConstant(pace).loadConstant(loop.step() * pace);
      code.invokestatic(Descs.MEMORY, "paced", Descs.PACED);
    }
    int mask =
        most.isPresent()
            ? Integer.highestOneBit(most.getAsInt() * pace) * 2 - 1
            : Integer.MAX_VALUE;
    counterMasks.put(loop.variable(), mask);
    paces.put(loop.variable(), pace);
    code.istore(count).iconst_0().istore(counter);
    Label top = code.newLabel();
    Label exit = code.newLabel();
    code.labelBinding(top).iload(counter).iload(count).if_icmpge(exit);
    counterSlots.put(loop.variable(), counter);
    begins.put(loop.variable(), begin);
    depths.put(loop.variable(), ++depth);
    assigned.clear();
    block(loop.body());
    assigned.clear();
    depth--;
    counterSlots.remove(loop.variable());
    code.iload(counter).loadConstant(loop.step() * pace).iadd().istore(counter);
    code.goto_(top).labelBinding(exit);
    nextSlot = saved;
  }

  /**
   * The most that a loop can count to, where its end is a minimum with a constant. C2 folds the
   * scaled counter into the addresses of loads, if it knows that it is an int.
   */
  private OptionalInt most(Stmt.For loop) {
    if (resolved(loop.end()) instanceof Expr.Binary b
        && b.op() == BinaryOp.MIN
        && resolved(b.right()) instanceof Expr.Const end
        && resolved(loop.begin()) instanceof Expr.Const begin) {
      long most = end.bits() - begin.bits();
      return most >= 0 && most <= MOST_COUNT ? OptionalInt.of((int) most) : OptionalInt.empty();
    }
    return OptionalInt.empty();
  }

  private void branch(Stmt.If choice) {
    Label otherwise = code.newLabel();
    boolean alone = choice.whenFalse().statements().isEmpty();
    boolean optional = alone && briefIterations > 0;
    scalars.jumpUnless(
        optional ? BriefBranches.skipped(choice.condition(), skipping) : choice.condition(),
        otherwise);
    Set<Register> before = Set.copyOf(assigned);
    block(choice.whenTrue());
    assigned.clear();
    if (alone) {
      code.labelBinding(otherwise);
      return;
    }
    Label done = code.newLabel();
    code.goto_(done).labelBinding(otherwise);
    assigned.addAll(before);
    block(choice.whenFalse());
    assigned.clear();
    code.labelBinding(done);
  }

  private void call(Stmt.Call call) {
    Optional<SharedProcedures.Shared> shared = methods.shared(call.procedure());
    if (shared.isPresent()) {
      SharedProcedures.Shared procedure = shared.get();
      procedure.uses().buffers().forEach(this::address);
      procedure.uses().sizes().forEach(this::size);
      code.lload(slackSlot);
      call.arguments().forEach(this::emit);
      code.invokestatic(
          procedure.owner(),
          SharedProcedures.METHOD,
          Descs.longs(procedure.leading() + call.arguments().size()));
      return;
    }
    code.aload(0);
    int longs = 0;
    for (Buffer buffer : kernel.scratchBuffers()) {
      address(buffer.name());
      longs++;
      if (target.checked()) {
        byteSize(buffer.name());
        longs++;
      }
    }
    call.arguments().forEach(this::emit);
    longs += call.arguments().size();
    code.invokestatic(self, methods.own(call.procedure()), Descs.frameAndLongs(longs));
  }
}
