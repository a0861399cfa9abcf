package fluidml.emit.jvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fluidml.OtherJvm;
import fluidml.error.InvalidInputException;
import fluidml.loop.Buffer;
import fluidml.loop.Exprs;
import fluidml.loop.Kernel;
import fluidml.loop.KernelBuilder;
import fluidml.loop.Target;
import fluidml.loop.math.Elementary;
import fluidml.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** A JVM without the Vector API module runs scalar kernels and refuses vectors by name. */
class ScalarOnlyTest {

  /** Runs in the other JVM. */
  public static final class Main {
    private Main() {}

    /** Prints what happened. */
    public static void main(String[] args) {
      Target target = HostTarget.detect();
      KernelBuilder k = new KernelBuilder("exp");
      Buffer x = k.read("x", DType.FLOAT32);
      Buffer y = k.write("y", DType.FLOAT32);
      Kernel kernel =
          k.entry(
              Exprs.index(2),
              (b, begin, end) ->
                  b.loop(
                      "i", begin, end, i -> b.store(y, i, Elementary.EXP.apply(b, b.load(x, i)))));
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment out = KernelRunner.floats(arena, 0, 0);
        KernelRunner.run(
            target, kernel, new MemorySegment[] {KernelRunner.floats(arena, 0, 1), out});
        float[] result = KernelRunner.floats(out);
        System.out.println(target.vectorBits() + " " + result[0] + " " + result[1]);
      }
      try {
        System.out.println(new KernelCompiler(new Target(256, false)).emittedCount());
      } catch (InvalidInputException e) {
        System.out.println(e.getMessage().contains(HostTarget.VECTOR_FLAG));
      }
    }
  }

  @Test
  void runsWithoutTheVectorModule() throws IOException, InterruptedException {
    String output = OtherJvm.run(Main.class);
    assertEquals("0 1.0 2.7182817\ntrue\n", output.replace("\r", ""));
  }
}
