package fluidml.loop;

import fluidml.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Builds a {@link Kernel}: declare buffers and sizes, write procedures with {@link BodyBuilder}s,
 * the entry last.
 *
 * <pre>{@code
 * KernelBuilder k = new KernelBuilder("scale");
 * Buffer x = k.read("x", DType.FLOAT32);
 * Buffer y = k.write("y", DType.FLOAT32);
 * Expr n = k.size("n");
 * Kernel kernel = k.entry(n, (b, begin, end) ->
 *     b.vectorLoop("i", begin, end, lanes, (i, mask) ->
 *         b.store(y, i, b.load(x, i, lanes, mask).times(2), mask)));
 * }</pre>
 */
public final class KernelBuilder {
  private final String name;
  private final Map<String, Buffer> buffers = new HashMap<>();
  private final List<Buffer> order = new ArrayList<>();
  private final List<String> sizes = new ArrayList<>();
  private final List<Procedure> procedures = new ArrayList<>();

  /** Writes the entry procedure, given the bounds of its part of the parallel range. */
  @FunctionalInterface
  public interface EntryBody {
    /** Writes statements that do the units {@code [begin, end)}. */
    void write(BodyBuilder body, Expr begin, Expr end);
  }

  /** Starts a kernel; the name is for people. */
  public KernelBuilder(String name) {
    this.name = name;
  }

  /** Declares an input. */
  public Buffer read(String bufferName, DType dtype) {
    return buffer(new Buffer(bufferName, dtype, Buffer.Access.READ, Optional.empty()));
  }

  /** Declares an output. */
  public Buffer write(String bufferName, DType dtype) {
    return buffer(new Buffer(bufferName, dtype, Buffer.Access.WRITE, Optional.empty()));
  }

  /** Declares a buffer that is read and written. */
  public Buffer readWrite(String bufferName, DType dtype) {
    return buffer(new Buffer(bufferName, dtype, Buffer.Access.READ_WRITE, Optional.empty()));
  }

  /** Declares memory private to the thread; {@code bytes} is an expression of sizes. */
  public Buffer scratch(String bufferName, DType dtype, Expr bytes) {
    return buffer(new Buffer(bufferName, dtype, Buffer.Access.SCRATCH, Optional.of(bytes)));
  }

  /** Declares a buffer as given, for example one taken from another kernel. */
  public Buffer buffer(Buffer buffer) {
    Exprs.check(
        buffers.putIfAbsent(buffer.name(), buffer) == null,
        "kernel '" + name + "' already has a buffer " + buffer.name());
    order.add(buffer);
    return buffer;
  }

  /** Declares a run-time size, or returns the one of that name. */
  public Expr size(String sizeName) {
    if (!sizes.contains(sizeName)) {
      sizes.add(sizeName);
    }
    return new Expr.Size(sizeName);
  }

  /**
   * Adds a procedure with I64 parameters and returns its name for {@link BodyBuilder#call}.
   *
   * @param parameters names of the parameters
   * @param body writes the statements, given the parameters in order
   */
  public String procedure(
      String procedureName, List<String> parameters, BiConsumer<BodyBuilder, List<Expr>> body) {
    Exprs.check(
        procedures.stream().noneMatch(p -> p.name().equals(procedureName)),
        "kernel '" + name + "' already has a procedure " + procedureName);
    procedures.add(new Procedure(procedureName, parameters, written(parameters, body)));
    return procedureName;
  }

  private static Stmt.Block written(
      List<String> parameters, BiConsumer<BodyBuilder, List<Expr>> body) {
    BodyBuilder builder = new BodyBuilder(parameters);
    body.accept(builder, parameters.stream().<Expr>map(Expr.Var::new).toList());
    return builder.build();
  }

  /**
   * The size that a procedure would have: its statements and expressions. Methods beyond a size are
   * never optimised, so what is written out many times is weighed first.
   *
   * @param parameters names of the parameters
   * @param body writes the statements, as for {@link #procedure}
   */
  public int weigh(List<String> parameters, BiConsumer<BodyBuilder, List<Expr>> body) {
    int[] count = {0};
    Walk.visit(written(parameters, body), _ -> count[0]++, _ -> count[0]++);
    return count[0];
  }

  /**
   * Adds the entry procedure and finishes the kernel. Whoever emits code of it verifies it first,
   * once for all equal kernels.
   *
   * @param parallelExtent units of independent work, an expression of sizes
   * @see Verifier
   */
  public Kernel entry(Expr parallelExtent, EntryBody body) {
    procedure(
        "main",
        List.of("begin", "end"),
        (builder, bounds) -> body.write(builder, bounds.get(0), bounds.get(1)));
    return new Kernel(name, order, sizes, procedures, "main", parallelExtent);
  }
}
