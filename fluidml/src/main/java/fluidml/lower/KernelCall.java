package fluidml.lower;

import fluidml.error.VerificationException;
import fluidml.graph.Node;
import fluidml.loop.Kernel;
import fluidml.tensor.Dim;
import java.util.List;

/**
 * One kernel with what it is called with; sizes become numbers when the program is bound to input
 * shapes.
 *
 * @param label for people: what it computes, e.g. {@code MatMul+Add+Gelu}
 * @param kernel generic in its sizes; equal kernels are emitted once
 * @param arguments one for each of {@link Kernel#frameBuffers()}, in order
 * @param sizes one for each of {@link Kernel#sizes()}, in order
 * @param nodes the graph's nodes that it computes
 * @param work an estimate of the arithmetic operations, for splitting among threads
 * @param overwrites results that may lie exactly where an operand lies
 */
public record KernelCall(
    String label,
    Kernel kernel,
    List<Argument> arguments,
    List<Dim> sizes,
    List<Node> nodes,
    Dim work,
    List<Overwrite> overwrites) {
  /**
   * A result that may take the place of an operand that nobody needs any more: if both arguments
   * start at the same address, the kernel reads every element of the operand for the last time
   * before it writes the element of the result at the same address, and both have elements at the
   * same places.
   *
   * @param operand position of an argument that is read
   * @param result position of an argument that is written
   */
  public record Overwrite(int operand, int result) {}

  /** A call whose results take nobody's place. */
  public KernelCall(
      String label,
      Kernel kernel,
      List<Argument> arguments,
      List<Dim> sizes,
      List<Node> nodes,
      Dim work) {
    this(label, kernel, arguments, sizes, nodes, work, List.of());
  }

  public KernelCall {
    overwrites = List.copyOf(overwrites);
    arguments = List.copyOf(arguments);
    sizes = List.copyOf(sizes);
    nodes = List.copyOf(nodes);
    if (arguments.size() != kernel.frameBuffers().size() || sizes.size() != kernel.sizes().size()) {
      throw new VerificationException(
          "lowering",
          label,
          "kernel '%s' takes %d buffers and %d sizes, the call has %d and %d"
              .formatted(
                  kernel.name(),
                  kernel.frameBuffers().size(),
                  kernel.sizes().size(),
                  arguments.size(),
                  sizes.size()));
    }
  }
}
