package fluidml.vm;

import fluidml.memory.MemoryPlan;
import fluidml.memory.MemoryProblem;
import java.util.List;

/**
 * The memory of the last run of a session.
 *
 * @param problem what lies in the arena, the private memory of kernels included; what stays in the
 *     caller's memory has size 0
 * @param plan where it lies
 * @param tenants for each buffer of the problem the tensors that lie there, one after another; none
 *     for private memory of a kernel
 * @param order the steps as they run; the step at place i runs at time i + 1
 * @param stagedInputBytes inputs that are copied to the arena
 * @param stagedOutputBytes outputs that are copied from the arena
 * @param scratchBytes private memory of the kernel that needs most
 * @param directBytes inputs and outputs that stay in the caller's memory
 */
public record PlannedMemory(
    MemoryProblem problem,
    MemoryPlan plan,
    List<List<Tenant>> tenants,
    int[] order,
    long stagedInputBytes,
    long stagedOutputBytes,
    long scratchBytes,
    long directBytes) {
  public PlannedMemory {
    tenants = tenants.stream().map(List::copyOf).toList();
    order = order.clone();
  }

  /** What a tensor is to the graph. */
  public enum Role {
    /** An input of the graph. */
    INPUT,
    /** An output of the graph. */
    OUTPUT,
    /** Anything else. */
    INTERMEDIATE
  }

  /**
   * A tensor with a place of its own.
   *
   * @param name of the value
   * @param type element type and extents, e.g. {@code f32[1,128,768]}
   * @param role what it is to the graph
   * @param producer number of the step that writes it first; −1 for inputs
   * @param lower first time at which it is live
   * @param upper first time at which it is no longer live
   * @param direct whether it lies in the caller's memory
   */
  public record Tenant(
      String name, String type, Role role, int producer, int lower, int upper, boolean direct) {}

  /**
   * The need for memory if less were done about it.
   *
   * @param name what is done
   * @param problem what would lie in the arena
   */
  public record Alternative(String name, MemoryProblem problem) {}

  @Override
  public int[] order() {
    return order.clone();
  }
}
