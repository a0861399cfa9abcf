package fluidml.vm;

import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.memory.MemoryProblem;
import fluidml.tensor.Shape;
import fluidml.vm.PlannedMemory.Alternative;
import fluidml.vm.PlannedMemory.Role;
import fluidml.vm.PlannedMemory.Tenant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Describes a plan for people. */
final class MemoryView {
  private final Executable executable;
  private final Binding binding;
  private final ArenaPlan plan;

  MemoryView(Executable executable, Binding binding, ArenaPlan plan) {
    this.executable = executable;
    this.binding = binding;
    this.plan = plan;
  }

  /**
   * The plan with what lies where.
   *
   * @param directBytes inputs and outputs in the caller's memory
   */
  PlannedMemory planned(long directBytes) {
    int inputs = executable.program().graph().inputs().size();
    long stagedInputs = 0;
    long stagedOutputs = 0;
    long scratch = 0;
    for (int i = 0; i < plan.problem().count(); i++) {
      int external = plan.schedule().externalOf(i);
      long bytes = plan.problem().bytes(i);
      stagedInputs += external >= 0 && external < inputs ? bytes : 0;
      stagedOutputs += external >= inputs ? bytes : 0;
      scratch =
          plan.problem().id(i).contains(Schedule.SCRATCH) ? Math.max(scratch, bytes) : scratch;
    }
    return new PlannedMemory(
        plan.problem(),
        plan.plan(),
        tenants(),
        plan.schedule().order(),
        stagedInputs,
        stagedOutputs,
        scratch,
        directBytes);
  }

  private List<List<Tenant>> tenants() {
    List<List<Tenant>> tenants = new ArrayList<>();
    for (int i = 0; i < plan.problem().count(); i++) {
      tenants.add(new ArrayList<>());
    }
    ArenaRoots roots = executable.roots();
    Graph graph = executable.program().graph();
    int[] producers = producers();
    for (int root = 0; root < roots.count(); root++) {
      Value value = roots.root(root);
      int buffer = plan.schedule().bufferOf(root);
      int[] life = plan.schedule().life(root);
      boolean isOutput =
          graph.outputs().stream()
              .filter(executable.program().storage()::isPlannable)
              .anyMatch(v -> executable.program().storage().view(v).root().equals(value));
      Role role =
          graph.inputs().contains(value) ? Role.INPUT : isOutput ? Role.OUTPUT : Role.INTERMEDIATE;
      Shape shape = Shape.of(value.shape().evaluate(binding.symbols::get));
      tenants
          .get(buffer)
          .add(
              new Tenant(
                  value.name(),
                  value.dtype().toString() + shape,
                  role,
                  producers[root],
                  life[0],
                  life[1],
                  plan.isDirect(buffer)));
    }
    tenants.forEach(t -> t.sort(Comparator.comparingInt(Tenant::lower)));
    return tenants;
  }

  private int[] producers() {
    int[] producers = new int[executable.roots().count()];
    java.util.Arrays.fill(producers, -1);
    for (int place = executable.instructions().size() - 1; place >= 0; place--) {
      int step = plan.schedule().step(place);
      for (int root : executable.roots().touched(step)) {
        boolean input =
            executable.program().graph().inputs().contains(executable.roots().root(root));
        producers[root] = input ? -1 : step;
      }
    }
    return producers;
  }

  /** The need for memory with less done about it. */
  List<Alternative> alternatives() {
    List<Alternative> all = new ArrayList<>();
    int[] given = IntStream.range(0, executable.instructions().size()).toArray();
    long[] nothing = new long[plan.direct().length];
    Schedule apart = Schedule.of(executable.program(), executable.roots(), given, false);
    Schedule together = Schedule.of(executable.program(), executable.roots(), given, true);
    all.add(
        new Alternative("every result a place, inputs and outputs copied", sized(apart, nothing)));
    all.add(new Alternative("+ the caller's tensors where they lie", sized(apart, plan.direct())));
    all.add(new Alternative("+ results in operands' places", sized(together, plan.direct())));
    Optional<int[]> better = executable.order().filter(o -> o.isBetter()).map(o -> o.order());
    if (better.isPresent()) {
      Schedule ordered = Schedule.of(executable.program(), executable.roots(), better.get(), true);
      all.add(new Alternative("+ another order of the steps", sized(ordered, plan.direct())));
    }
    return all;
  }

  private MemoryProblem sized(Schedule schedule, long[] direct) {
    return ArenaPlan.sized(executable, binding, direct, schedule, plan.parts());
  }
}
