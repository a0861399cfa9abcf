package fluidml.vm;

import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;

/**
 * The memory of the last run of a session.
 *
 * @param problem what lies in the arena, the private memory of kernels included; what stays in the
 *     caller's memory has size 0
 * @param plan where it lies
 * @param order the steps as they run; the step at place i runs at time i + 1
 * @param stagedInputBytes inputs that are copied to the arena
 * @param stagedOutputBytes outputs that are copied from the arena
 * @param scratchBytes private memory of the kernel that needs most
 * @param directBytes inputs and outputs that stay in the caller's memory
 */
public record PlannedMemory(
    MemoryProblem problem,
    MemoryPlan plan,
    int[] order,
    long stagedInputBytes,
    long stagedOutputBytes,
    long scratchBytes,
    long directBytes) {
  public PlannedMemory {
    order = order.clone();
  }

  @Override
  public int[] order() {
    return order.clone();
  }
}
