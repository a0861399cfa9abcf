package fluidml.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.KernelCompiler;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.loop.Kernel;
import fluidml.loop.Printer;
import fluidml.loop.Target;
import fluidml.reference.Datum;
import fluidml.reference.Interpreter;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/** Runs graphs through the lowerings without the VM and compares them with the interpreter. */
final class Compiled {
  private static final Map<Target, KernelCompiler> COMPILERS = new HashMap<>();

  private Compiled() {}

  /** Scalar code and all widths, unchecked and checked. */
  static List<Target> targets() {
    return Stream.of(0, 128, 256, 512)
        .flatMap(bits -> Stream.of(new Target(bits, false), new Target(bits, true)))
        .toList();
  }

  /**
   * Compiles and runs with every target and several partitions, and compares with the interpreter.
   */
  static void check(Graph graph, double tolerance, Tensor... inputs) {
    check(graph, tolerance, Decisions.NONE, inputs);
  }

  /** The same with some things decided from outside. */
  static void check(Graph graph, double tolerance, Decisions decisions, Tensor... inputs) {
    List<Tensor> expected =
        Interpreter.run(graph, Stream.of(inputs).map(Datum::of).toList()).stream()
            .map(Datum::tensor)
            .toList();
    for (Target target : targets()) {
      LoweredProgram program = lower(graph, target, decisions);
      List<Tensor> whole = run(program, 1, inputs);
      compare(graph, target, expected, whole, tolerance);
      for (int parts : new int[] {2, 5}) {
        List<Tensor> split = run(program, parts, inputs);
        for (int i = 0; i < whole.size(); i++) {
          assertEquals(
              -1,
              whole.get(i).data().mismatch(split.get(i).data()),
              () -> target + " in " + parts + " parts differs from one");
        }
      }
    }
  }

  private static void compare(
      Graph graph, Target target, List<Tensor> expected, List<Tensor> actual, double tolerance) {
    for (int i = 0; i < expected.size(); i++) {
      Tensor want = expected.get(i);
      Tensor have = actual.get(i);
      String where = target + ", output " + graph.outputs().get(i).name() + " " + want + ": ";
      assertEquals(List.of(box(want.dims())), List.of(box(have.dims())), where + "dims");
      for (long at = 0; at < want.elements(); at++) {
        if (want.dtype().isFloat()) {
          double a = want.getDouble(at);
          double b = have.getDouble(at);
          boolean close =
              Double.compare(a, b) == 0
                  || a == b
                  || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a));
          assertTrue(close, where + "element " + at + " is " + b + ", expected " + a);
        } else {
          assertEquals(want.getLong(at), have.getLong(at), where + "element " + at);
        }
      }
    }
  }

  private static String box(long[] dims) {
    return java.util.Arrays.toString(dims);
  }

  /** The program; every node must have a kernel. */
  static LoweredProgram lower(Graph graph, Target target) {
    return lower(graph, target, Decisions.NONE);
  }

  /** The program with some things decided from outside. */
  static LoweredProgram lower(Graph graph, Target target, Decisions decisions) {
    LoweredProgram program = Lowerer.lower(graph, target, Lowerings.all(), true, decisions);
    assertEquals(
        List.of(),
        program.fallbacks().stream().map(f -> f.node().op() + ": " + f.reason()).toList());
    return program;
  }

  /** The kernels as text. */
  static String print(Graph graph, Target target) {
    StringBuilder text = new StringBuilder();
    for (Step step : lower(graph, target).steps()) {
      if (step instanceof Step.Call(KernelCall call)) {
        text.append(Printer.print(call.kernel()));
        text.append(call.arguments()).append('\n').append(call.sizes()).append('\n');
      }
    }
    return text.toString();
  }

  /** The outputs. */
  static List<Tensor> run(Graph graph, Target target, int parts, Tensor... inputs) {
    return run(lower(graph, target), parts, inputs);
  }

  private static List<Tensor> run(LoweredProgram program, int parts, Tensor... inputs) {
    Graph graph = program.graph();
    Map<String, Long> symbols = new HashMap<>();
    for (int i = 0; i < inputs.length; i++) {
      for (int axis = 0; axis < inputs[i].rank(); axis++) {
        Dim dim = graph.inputs().get(i).shape().dim(axis);
        if (!dim.isConstant()) {
          symbols.put(dim.toString(), inputs[i].dim(axis));
        }
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      Map<Value, MemorySegment> memory = new HashMap<>();
      for (int i = 0; i < inputs.length; i++) {
        memory.put(graph.inputs().get(i), copy(arena, inputs[i]));
      }
      for (Step step : program.steps()) {
        call(program, ((Step.Call) step).call(), memory, symbols, arena, parts);
      }
      return graph.outputs().stream()
          .map(v -> gather(program.storage().view(v), memory, graph, symbols, arena))
          .toList();
    }
  }

  private static void call(
      LoweredProgram program,
      KernelCall call,
      Map<Value, MemorySegment> memory,
      Map<String, Long> symbols,
      Arena arena,
      int parts) {
    Kernel kernel = call.kernel();
    CompiledKernel code =
        COMPILERS.computeIfAbsent(program.target(), KernelCompiler::new).compile(kernel);
    long[] frame = new long[kernel.frameLongs()];
    for (int i = 0; i < call.arguments().size(); i++) {
      MemorySegment segment =
          switch (call.arguments().get(i)) {
            case Argument.Memory(Value root, Dim offset) -> {
              MemorySegment whole = root(root, memory, program.graph(), symbols, arena);
              yield whole.asSlice(offset.evaluate(symbols::get) * root.dtype().bytes());
            }
            case Argument.Packed(Packing packing, Value source) -> {
              Tensor constant = program.graph().constant(source).orElseThrow();
              MemorySegment packed = arena.allocate(packing.bytes(constant) + 64, 64);
              packing.pack(constant, packed.asSlice(0, packing.bytes(constant)));
              yield packed;
            }
          };
      frame[2 * i] = segment.address();
      frame[2 * i + 1] = segment.byteSize();
    }
    long[] sizes = call.sizes().stream().mapToLong(d -> d.evaluate(symbols::get)).toArray();
    System.arraycopy(sizes, 0, frame, kernel.firstSizeSlot(), sizes.length);
    MemorySegment scratch = arena.allocate(kernel.scratchBytes(sizes) + 64, 64);
    long extent = kernel.parallelExtent(sizes);
    List<Integer> order = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      order.add(part);
    }
    java.util.Collections.shuffle(order, new Random(parts));
    for (int part : order) {
      scratch.fill((byte) 0x7f);
      code.run(frame, scratch.address(), extent * part / parts, extent * (part + 1) / parts);
    }
  }

  private static MemorySegment root(
      Value root,
      Map<Value, MemorySegment> memory,
      Graph graph,
      Map<String, Long> symbols,
      Arena arena) {
    return memory.computeIfAbsent(
        root,
        r -> {
          if (graph.constant(r).isPresent()) {
            return copy(arena, graph.constant(r).get());
          }
          MemorySegment fresh = arena.allocate(Storage.bytes(r).evaluate(symbols::get), 64);
          return fresh.fill((byte) 0x5a);
        });
  }

  private static MemorySegment copy(Arena arena, Tensor tensor) {
    MemorySegment segment = arena.allocate(tensor.data().byteSize(), 64);
    return segment.copyFrom(tensor.data());
  }

  private static Tensor gather(
      View view,
      Map<Value, MemorySegment> memory,
      Graph graph,
      Map<String, Long> symbols,
      Arena arena) {
    long[] dims = view.shape().evaluate(symbols::get);
    Tensor result = Tensor.allocate(view.dtype(), dims);
    MemorySegment from = root(view.root(), memory, graph, symbols, arena);
    Tensor flat =
        Tensor.wrap(view.dtype(), from, from.byteSize() / Math.max(1, view.dtype().bytes()));
    long[] strides = view.strides().stream().mapToLong(s -> s.evaluate(symbols::get)).toArray();
    long offset = view.offset().evaluate(symbols::get);
    for (long i = 0; i < result.elements(); i++) {
      long index = offset;
      long rest = i;
      for (int axis = dims.length - 1; axis >= 0; axis--) {
        index += rest % dims[axis] * strides[axis];
        rest /= dims[axis];
      }
      result.setRawBits(i, flat.rawBits(index));
    }
    return result;
  }

  /** Random elements of any numeric type; small integers, floats around 0. */
  static Tensor random(DType dtype, Random random, long... dims) {
    Tensor tensor = Tensor.allocate(dtype, dims);
    for (long i = 0; i < tensor.elements(); i++) {
      if (dtype.isFloat()) {
        tensor.setDouble(i, random.nextGaussian() * 2);
      } else if (dtype == DType.BOOL) {
        tensor.setLong(i, random.nextInt(2));
      } else {
        tensor.setLong(i, random.nextInt(1, 100));
      }
    }
    return tensor;
  }
}
