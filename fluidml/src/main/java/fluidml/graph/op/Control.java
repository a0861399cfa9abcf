package fluidml.graph.op;

import fluidml.graph.Graph;
import java.util.List;

/**
 * Ops that run graphs. Bodies are closed: what they read from outside are extra operands, given
 * last.
 */
public sealed interface Control extends Op {
  /**
   * {@code (condition, captures…) → results of the branch taken}; both branches take the captures
   * as inputs.
   */
  record If(Graph thenBranch, Graph elseBranch) implements Control {}

  /**
   * {@code (tripCount?, condition?, carried…, captures…) → (carried…, scanned…)}. Body: {@code
   * (iteration, condition, carried…, captures…) → (condition, carried…, scan elements…)}.
   *
   * @param carried number of loop-carried values
   */
  record Loop(Graph body, int carried) implements Control {}

  /**
   * {@code (carried…, scanned…, captures…) → (carried…, scanned…)}. Body: {@code (carried…,
   * slices…, captures…) → (carried…, slices…)}.
   *
   * @param carried number of loop-carried values
   * @param inputAxes axis to scan for each scanned operand
   * @param inputReverse whether to scan backwards, for each scanned operand
   * @param outputAxes axis along which each scanned result is put together
   * @param outputReverse whether each scanned result is put together backwards
   */
  record Scan(
      Graph body,
      int carried,
      List<Integer> inputAxes,
      List<Boolean> inputReverse,
      List<Integer> outputAxes,
      List<Boolean> outputReverse)
      implements Control {
    public Scan {
      inputAxes = List.copyOf(inputAxes);
      inputReverse = List.copyOf(inputReverse);
      outputAxes = List.copyOf(outputAxes);
      outputReverse = List.copyOf(outputReverse);
    }
  }

  /**
   * {@code (sequence, more…, captures…) → sequences}: the body for each element; {@code more}
   * operands that are sequences are walked along.
   *
   * @param mapped number of operands before the captures
   */
  record SequenceMap(Graph body, int mapped) implements Control {}
}
