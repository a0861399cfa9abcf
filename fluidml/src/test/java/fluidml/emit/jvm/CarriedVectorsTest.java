package fluidml.emit.jvm;

import com.sun.management.ThreadMXBean;
import fluidml.Model;
import fluidml.Options;
import fluidml.OtherJvm;
import fluidml.Session;
import fluidml.graph.GraphBuilder;
import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction.Conv;
import fluidml.graph.op.Window;
import fluidml.graph.op.Window.Padding;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Vectors that several loops around carry stay in registers: depthwise windows of 15 × 15 taps are
 * two loops around sums of four vectors. In a process that runs this alone, for tests before it
 * fill the type profiles that all users of the Vector API share.
 */
final class CarriedVectorsTest {
  private static final int CHANNELS = 64;
  private static final int SIDE = 16;
  private static final int TAPS = 15;

  @Test
  void warmRunsAllocateNothing() throws IOException, InterruptedException {
    OtherJvm.run(Windows.class, "@../bin/lib/jvm-options");
  }

  /** A process of its own; its exit code is 0 if five warm runs allocate nothing. */
  static final class Windows {
    private Windows() {}

    public static void main(String[] arguments) {
      GraphBuilder builder = new GraphBuilder("windows");
      Value x = builder.input("x", Type.tensor(DType.FLOAT32, 1, CHANNELS, SIDE, SIDE));
      Value w = builder.constant("w", Tensor.allocate(DType.FLOAT32, CHANNELS, 1, TAPS, TAPS));
      List<Long> one = List.of(1L, 1L);
      List<Long> pad = List.of(TAPS / 2L, TAPS / 2L);
      List<Long> taps = List.of((long) TAPS, (long) TAPS);
      Window window = new Window(taps, one, one, pad, pad, Padding.EXPLICIT);
      builder.output(builder.add(new Conv(window, CHANNELS), x, w));
      try (Model model = Model.of(builder.build(), Options.defaults().withThreads(1));
          Session session = model.newSession();
          Arena arena = Arena.ofConfined()) {
        System.exit(leastAllocation(session, arena) == 0 ? 0 : 1);
      }
    }

    private static long leastAllocation(Session session, Arena arena) {
      long bytes = 4L * CHANNELS * SIDE * SIDE;
      Tensor x = Tensor.wrap(DType.FLOAT32, arena.allocate(bytes, 64), 1, CHANNELS, SIDE, SIDE);
      Tensor y = Tensor.wrap(DType.FLOAT32, arena.allocate(bytes, 64), 1, CHANNELS, SIDE, SIDE);
      String output = session.run(Map.of("x", x)).keySet().iterator().next();
      Session.BoundRun run = session.bind(Map.of("x", x), Map.of(output, y));
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long self = Thread.currentThread().threadId();
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 600 && least > 0; round++) {
        long before = threads.getThreadAllocatedBytes(self);
        for (int i = 0; i < 5; i++) {
          run.run();
        }
        least = Math.min(least, threads.getThreadAllocatedBytes(self) - before);
      }
      return least;
    }
  }
}
