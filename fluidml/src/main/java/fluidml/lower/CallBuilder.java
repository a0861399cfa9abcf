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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

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
  private final Map<Buffer, Integer> positions = new HashMap<>();
  private final Map<Buffer, Integer> bindings = new HashMap<>();
  private final Map<Buffer, Integer> pointwiseBindings = new HashMap<>();
  private final Set<KernelCall.Overwrite> pointwise = new LinkedHashSet<>();

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
    bindings.merge(buffer, 1, Integer::sum);
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
    int position = arguments.size();
    arguments.add(argument);
    Buffer buffer =
        switch (access) {
          case READ -> kernel.read(name, dtype);
          case WRITE -> kernel.write(name, dtype);
          case READ_WRITE, SCRATCH -> kernel.readWrite(name, dtype);
        };
    positions.put(buffer, position);
    return buffer;
  }

  /**
   * Promises that an operand is read only at the points at which these results are written, each
   * time before all of them: a result whose elements lie like the operand's may then take its
   * place. To be called once for each view that was declared; an operand with a view for which
   * nobody promises it stays whole.
   *
   * @param operand declared by {@link #read}
   * @param results declared by {@link #write}, over the same space as the operand
   */
  public void readPointwise(BufferView operand, Collection<BufferView> results) {
    pointwiseBindings.merge(operand.buffer(), 1, Integer::sum);
    for (BufferView result : results) {
      View x = operand.view();
      View y = result.view();
      if (!x.root().equals(y.root())
          && x.dtype().bytes() == y.dtype().bytes()
          && x.shape().equals(y.shape())
          && x.offset().equals(y.offset())
          && x.strides().equals(y.strides())) {
        pointwise.add(
            new KernelCall.Overwrite(
                positions.get(operand.buffer()), positions.get(result.buffer())));
      }
    }
  }

  /** The promises that hold of every view of the operand, and where no other buffer shares it. */
  private List<KernelCall.Overwrite> overwrites() {
    Map<Integer, Buffer> byPosition = new HashMap<>();
    positions.forEach((buffer, position) -> byPosition.put(position, buffer));
    List<KernelCall.Overwrite> safe = new ArrayList<>();
    for (KernelCall.Overwrite overwrite : pointwise) {
      Buffer operand = byPosition.get(overwrite.operand());
      boolean everywhere = bindings.get(operand).equals(pointwiseBindings.get(operand));
      Value root = root(overwrite.operand());
      Value other = root(overwrite.result());
      boolean alone =
          IntStream.range(0, arguments.size())
              .filter(i -> i != overwrite.operand() && i != overwrite.result())
              .noneMatch(i -> root(i).equals(root) || root(i).equals(other));
      if (everywhere && alone) {
        safe.add(overwrite);
      }
    }
    return safe;
  }

  private Value root(int position) {
    return switch (arguments.get(position)) {
      case Argument.Memory memory -> memory.root();
      case Argument.Packed packed -> packed.source();
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
    return new KernelCall(label, built, arguments, sizes, nodes, work, overwrites());
  }

  /**
   * Finishes the call of a kernel that a schedule has built on {@link #kernel}.
   *
   * @param label for people
   * @param nodes what the call computes
   * @param work an estimate of the arithmetic operations
   */
  public KernelCall finish(String label, List<Node> nodes, Dim work, Kernel built) {
    return new KernelCall(label, built, arguments, sizes, nodes, work, overwrites());
  }
}
