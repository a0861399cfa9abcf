package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Target;
import fluidml.loop.Type;
import fluidml.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What warm-ups do with conditional statements. */
class BriefBranchesTest {
  private static Kernel kernel() {
    KernelBuilder k = new KernelBuilder("choices");
    Buffer y = k.write("y", DType.FLOAT32);
    Expr n = k.size("n");
    k.procedure("put", List.of("i"), (b, p) -> put(b, y, p.getFirst(), n));
    return k.entry(Exprs.index(1), (b, begin, _) -> b.call("put", begin));
  }

  private static void put(BodyBuilder b, Buffer y, Expr i, Expr n) {
    b.when(i.lt(n), () -> store(b, y, 0, 1));
    b.when(Exprs.and(i.eq(Exprs.index(0)), n.gt(i)), () -> store(b, y, 1, 1));
    b.when(i.lt(n), () -> store(b, y, 2, 1), () -> store(b, y, 2, 2));
    b.when(i.ne(n), () -> store(b, y, 3, 1));
  }

  private static void store(BodyBuilder b, Buffer y, int at, double value) {
    b.store(y, Exprs.index(at), Exprs.constant(Type.F32, value));
  }

  private static float[] run(Target target, long brief, long n) {
    Kernel kernel = kernel();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment y = KernelRunner.floats(arena, 0, 0, 0, 0);
      KernelRunner.run(
          new KernelCompiler(target).compile(kernel),
          kernel,
          new MemorySegment[] {y},
          new long[] {n},
          1,
          brief);
      return KernelRunner.floats(y);
    }
  }

  @ParameterizedTest
  @MethodSource("fluidml.emit.jvm.KernelRunner#targets")
  void someWarmupsLeaveOutWhatHasNoAlternative(Target target) {
    float[] all = {1, 1, 1, 1};
    assertArrayEquals(all, run(target, 0, 3));
    assertArrayEquals(all, run(target, Kernel.BRIEF, 3));
    // Checked code is for tests, which run it whole.
    float[] some = target.checked() ? all : new float[] {0, 0, 1, 1};
    assertArrayEquals(some, run(target, Kernel.SKIPPING, 3));
  }

  @ParameterizedTest
  @MethodSource("fluidml.emit.jvm.KernelRunner#targets")
  void nothingIsDoneThatShouldNotBe(Target target) {
    for (long brief : new long[] {0, Kernel.BRIEF, Kernel.SKIPPING}) {
      assertArrayEquals(new float[] {0, 0, 2, 0}, run(target, brief, 0));
    }
  }
}
