package fluidml.loop;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Writes the statements of a procedure in order. Bodies of loops and branches are written by
 * callbacks into the same builder. Names of registers and loop variables are made unique by a
 * number.
 */
public final class BodyBuilder {
  private final Map<String, Integer> used = new HashMap<>();
  private final Deque<List<Stmt>> open = new ArrayDeque<>();

  BodyBuilder(List<String> parameters) {
    for (String parameter : parameters) {
      used.put(parameter, 0);
    }
    open.push(new ArrayList<>());
  }

  Stmt.Block build() {
    return new Stmt.Block(open.element());
  }

  /**
   * Computes once: the value in a register. Constants, sizes and reads of such come back as given.
   */
  public Expr let(String name, Expr value) {
    boolean free =
        value instanceof Expr.Const
            || value instanceof Expr.Size
            || value instanceof Expr.Var
            || (value instanceof Expr.Read read && !read.register().mutable());
    return free ? value : declare(name, value, false);
  }

  /** Computes once, in a register named by this builder. */
  public Expr let(Expr value) {
    return let("t", value);
  }

  /** A register that {@link #assign} may change, for example an accumulator. */
  public Expr.Read variable(String name, Expr initial) {
    return declare(name, initial, true);
  }

  private Expr.Read declare(String name, Expr value, boolean mutable) {
    Register register = new Register(unique(name), value.type(), mutable);
    add(new Stmt.Declare(register, value));
    return new Expr.Read(register);
  }

  /** Changes a register made by {@link #variable}. */
  public void assign(Expr.Read variable, Expr value) {
    add(
        new Stmt.Assign(
            variable.register(), Exprs.spread(value, variable.register().type().lanes())));
  }

  /** One element, widened. */
  public Expr load(Buffer buffer, Expr index) {
    return load(buffer, index, 1);
  }

  /** Consecutive elements, widened. */
  public Expr load(Buffer buffer, Expr index, int lanes) {
    return load(buffer, index, lanes, Optional.empty());
  }

  /** Consecutive elements where the mask is set, zero elsewhere. */
  public Expr load(Buffer buffer, Expr index, int lanes, Expr mask) {
    return load(buffer, index, lanes, Optional.of(mask));
  }

  /** Consecutive elements, all or where the mask is set. */
  public Expr load(Buffer buffer, Expr index, int lanes, Optional<Expr> mask) {
    return new Expr.Load(buffer.name(), buffer.dtype(), index, lanes, mask);
  }

  /** Writes as many consecutive elements as the value has lanes. */
  public void store(Buffer buffer, Expr index, Expr value) {
    store(buffer, index, value, Optional.empty());
  }

  /** Writes elements where the mask is set. */
  public void store(Buffer buffer, Expr index, Expr value, Expr mask) {
    store(buffer, index, value, Optional.of(mask));
  }

  /** Writes elements, all or where the mask is set. */
  public void store(Buffer buffer, Expr index, Expr value, Optional<Expr> mask) {
    int lanes = mask.map(m -> m.type().lanes()).orElse(value.type().lanes());
    add(new Stmt.Store(buffer.name(), index, Exprs.spread(value, lanes), mask));
  }

  /** A serial loop by one. */
  public void loop(String name, Expr begin, Expr end, Consumer<Expr> body) {
    loop(name, begin, end, 1, body);
  }

  /** A serial loop: {@code for (i = begin; i < end; i += step)}. */
  public void loop(String name, Expr begin, Expr end, int step, Consumer<Expr> body) {
    Expr.Var variable = new Expr.Var(unique(name));
    Stmt.Block block = block(() -> body.accept(variable));
    add(new Stmt.For(variable.name(), begin, end, step, Stmt.LoopKind.SERIAL, block));
  }

  /** A loop that is written out, over {@code 0 … count-1}. */
  public void unrolled(String name, int count, Consumer<Expr> body) {
    Expr.Var variable = new Expr.Var(unique(name));
    Stmt.Block block = block(() -> body.accept(variable));
    add(
        new Stmt.For(
            variable.name(), Exprs.index(0), Exprs.index(count), 1, Stmt.LoopKind.UNROLLED, block));
  }

  /**
   * A loop over {@code [begin, end)} in steps of {@code lanes}: whole vectors without a mask, then
   * at most one with a mask for the rest. The body is written twice (once for one lane). A range
   * carried in registers must be assigned through {@link #variable}.
   */
  public void vectorLoop(
      String name, Expr begin, Expr end, int lanes, BiConsumer<Expr, Optional<Expr>> body) {
    if (lanes == 1) {
      loop(name, begin, end, i -> body.accept(i, Optional.empty()));
      return;
    }
    Expr first = let(name + "Begin", begin);
    Expr count = let(name + "Count", end.minus(first));
    Expr whole = let(name + "Whole", Exprs.and(count, Exprs.index(-(long) lanes)));
    loop(name, Exprs.index(0), whole, lanes, i -> body.accept(first.plus(i), Optional.empty()));
    when(
        Exprs.and(whole.lt(count), count.gt(Exprs.index(0))),
        () ->
            body.accept(
                first.plus(whole),
                Optional.of(let(name + "Mask", Exprs.laneMask(count.minus(whole), lanes)))));
  }

  /** A branch. */
  public void when(Expr condition, Runnable whenTrue) {
    add(new Stmt.If(condition, block(whenTrue), new Stmt.Block(List.of())));
  }

  /** A branch with an alternative. */
  public void when(Expr condition, Runnable whenTrue, Runnable whenFalse) {
    add(new Stmt.If(condition, block(whenTrue), block(whenFalse)));
  }

  /** Ends the run with an exception that says {@code value problem} unless a condition holds. */
  public void require(Expr condition, Expr value, String problem) {
    add(new Stmt.Require(condition, value, problem));
  }

  /** Computes the sums of a tile of bytes. */
  public void byteTile(Stmt.ByteTile tile) {
    add(tile);
  }

  /** Runs a procedure declared before. */
  public void call(String procedure, Expr... arguments) {
    add(new Stmt.Call(procedure, List.of(arguments)));
  }

  private Stmt.Block block(Runnable write) {
    open.push(new ArrayList<>());
    write.run();
    return new Stmt.Block(open.pop());
  }

  private void add(Stmt statement) {
    open.element().add(statement);
  }

  private String unique(String name) {
    Integer last = used.putIfAbsent(name, 0);
    if (last == null) {
      return name;
    }
    int next = last;
    String candidate;
    do {
      next++;
      candidate = name + next;
    } while (used.containsKey(candidate));
    used.put(name, next);
    used.put(candidate, 0);
    return candidate;
  }
}
