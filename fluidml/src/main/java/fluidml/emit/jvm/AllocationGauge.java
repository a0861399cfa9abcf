package fluidml.emit.jvm;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/**
 * Heap bytes that the current thread has allocated: how one sees from inside whether a kernel is
 * compiled, since interpreted vectors live on the heap and compiled ones in registers.
 */
public final class AllocationGauge {
  private static final Optional<ThreadMXBean> BEAN =
      ManagementFactory.getThreadMXBean() instanceof ThreadMXBean bean
              && bean.isThreadAllocatedMemorySupported()
              && bean.isThreadAllocatedMemoryEnabled()
          ? Optional.of(bean)
          : Optional.empty();

  private AllocationGauge() {}

  /** Begins in the background what the first reading needs and takes a while. */
  public static void prepare() {
    Thread.ofPlatform().daemon().name("fluidml-gauge").start(AllocationGauge::bytes);
  }

  /** Bytes allocated so far by the current thread; 0 where the JVM cannot tell. */
  public static long bytes() {
    return BEAN.isPresent() ? BEAN.get().getCurrentThreadAllocatedBytes() : 0;
  }
}
