package fluidml.emit.jvm;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * Heap bytes that the current thread has allocated: how one sees from inside whether a kernel is
 * compiled, since interpreted vectors live on the heap and compiled ones in registers.
 */
public final class AllocationGauge {
  private static final boolean SUPPORTED =
      ManagementFactory.getThreadMXBean() instanceof ThreadMXBean bean
          && bean.isThreadAllocatedMemorySupported()
          && bean.isThreadAllocatedMemoryEnabled();

  private AllocationGauge() {}

  /** Whether this JVM can tell. */
  public static boolean isSupported() {
    return SUPPORTED;
  }

  /** Bytes allocated so far by the current thread; 0 where the JVM cannot tell. */
  public static long bytes() {
    return SUPPORTED
        ? ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes()
        : 0;
  }
}
