package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.graph.Graph;
import fluidml.loop.Kernel;
import fluidml.loop.Parser;
import fluidml.loop.Printer;
import fluidml.loop.Stmt;
import fluidml.loop.Target;
import fluidml.loop.Walk;
import fluidml.tensor.Tensor;
import java.util.List;

/** Runs graphs for a target that has products of bytes, on whatever machine this is. */
public final class ByteKernels {
  private ByteKernels() {}

  /**
   * The first output: the same with and without checks, and in several parts. At least one kernel
   * multiplies bytes, and kernels printed can be parsed.
   */
  public static Tensor run(Graph graph, Tensor... inputs) {
    Target target = new Target(512, false, true);
    Tensor whole = Compiled.run(graph, target, 1, inputs).getFirst();
    for (Target other : List.of(target, target.withChecked(true))) {
      Tensor parts = Compiled.run(graph, other, 3, inputs).getFirst();
      assertEquals(-1, whole.data().mismatch(parts.data()), other.toString());
    }
    boolean found = false;
    for (Step step : Compiled.lower(graph, target).steps()) {
      if (step instanceof Step.Call(KernelCall call)) {
        Kernel kernel = call.kernel();
        assertEquals(kernel, Parser.parse(Printer.print(kernel)));
        found |=
            kernel.procedures().stream()
                .anyMatch(p -> Walk.contains(p.body(), Stmt.ByteTile.class));
      }
    }
    assertTrue(found, "no kernel multiplies bytes");
    return whole;
  }
}
