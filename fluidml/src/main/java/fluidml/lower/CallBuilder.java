package fluidml.lower;

import fluidml.graph.Node;
import fluidml.graph.Value;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a kernel and its call together: every buffer is declared with its argument, every size
 * with its dim. Buffers and sizes are named by position, so that kernels of equal structure are
 * equal, whatever the values are called.
 *
 * <p>Scratch buffers and procedures are declared on {@link #kernel}; frame buffers and sizes only
 * here.
 */
public final class CallBuilder {
  private record Use(Value root, Dim offset, DType dtype, Buffer.Access access) {}

  private final KernelBuilder kernel;
  private final List<Argument> arguments = new ArrayList<>();
  private final List<Dim> sizes = new ArrayList<>();
  private final Map<Dim, Expr> sizeOf = new HashMap<>();
  private final Map<Use, Buffer> buffers = new HashMap<>();

  /** Starts a kernel; the name is for people. */
  public CallBuilder(String name) {
    this.kernel = new KernelBuilder(name);
  }

  /** The kernel being built. */
  public KernelBuilder kernel() {
    return kernel;
  }

  /**
   * A dim as an expression of the kernel: 0 and 1 are constants, everything else is a run-time
   * size, one for all equal dims.
   */
  public Expr size(Dim dim) {
    if (dim.is(0) || dim.is(1)) {
      return Exprs.index(dim.is(0) ? 0 : 1);
    }
    return sizeOf.computeIfAbsent(
        dim,
        d -> {
          sizes.add(d);
          return kernel.size("n" + (sizes.size() - 1));
        });
  }

  /**
   * A dim as a run-time size of its own, whatever it is and whatever other dims it equals; so that
   * the kernel does not depend on such coincidences.
   */
  public Expr parameter(Dim dim) {
    sizes.add(dim);
    return kernel.size("n" + (sizes.size() - 1));
  }

  /** Dims as expressions of the kernel. */
  public List<Expr> sizes(List<Dim> dims) {
    return dims.stream().map(this::size).toList();
  }

  /** Declares an input; the same buffer for the same elements. */
  public BufferView read(View view) {
    return bind(view, Buffer.Access.READ);
  }

  /** Declares an output. */
  public BufferView write(View view) {
    return bind(view, Buffer.Access.WRITE);
  }

  /** Declares a buffer that is read and written. */
  public BufferView readWrite(View view) {
    return bind(view, Buffer.Access.READ_WRITE);
  }

  /** Declares a constant in packed form as an input. */
  public Buffer packed(DType dtype, Packing packing, Value source) {
    return declare(dtype, Buffer.Access.READ, new Argument.Packed(packing, source));
  }

  private BufferView bind(View view, Buffer.Access access) {
    // Elements may lie before the offset where a stride is negative; then the buffer starts at the
    // root's.
    boolean backward = view.strides().stream().anyMatch(s -> s.evaluate(_ -> 3) < 0);
    Dim start = backward ? Dim.ZERO : view.offset();
    Buffer buffer =
        buffers.computeIfAbsent(
            new Use(view.root(), start, view.dtype(), access),
            u -> declare(u.dtype, access, new Argument.Memory(u.root, u.offset)));
    return new BufferView(
        buffer, backward ? size(view.offset()) : Exprs.index(0), sizes(view.strides()), view);
  }

  private Buffer declare(DType dtype, Buffer.Access access, Argument argument) {
    String name =
        switch (access) {
              case READ -> "x";
              case WRITE -> "y";
              case READ_WRITE, SCRATCH -> "z";
            }
            + arguments.size();
    arguments.add(argument);
    return switch (access) {
      case READ -> kernel.read(name, dtype);
      case WRITE -> kernel.write(name, dtype);
      case READ_WRITE, SCRATCH -> kernel.readWrite(name, dtype);
    };
  }

  /**
   * Writes the entry procedure, which does nothing for an empty range, and finishes the call.
   *
   * @param label for people
   * @param nodes what the call computes
   * @param work an estimate of the arithmetic operations
   * @param parallelExtent units of independent work, an expression of sizes
   */
  public KernelCall build(
      String label,
      List<Node> nodes,
      Dim work,
      Expr parallelExtent,
      KernelBuilder.EntryBody entry) {
    Kernel built =
        kernel.entry(
            parallelExtent,
            (body, begin, end) -> body.when(begin.lt(end), () -> entry.write(body, begin, end)));
    return new KernelCall(label, built, arguments, sizes, nodes, work);
  }

  /**
   * Finishes the call of a kernel that a schedule has built on {@link #kernel}.
   *
   * @param label for people
   * @param nodes what the call computes
   * @param work an estimate of the arithmetic operations
   */
  public KernelCall finish(String label, List<Node> nodes, Dim work, Kernel built) {
    return new KernelCall(label, built, arguments, sizes, nodes, work);
  }
}
