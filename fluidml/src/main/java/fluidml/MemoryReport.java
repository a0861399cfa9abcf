package fluidml;

import fluidml.vm.Executor;
import fluidml.vm.NativeBuffer;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Where the memory outside of the Java heap is, in bytes. What the library allocates is in exactly
 * one of the process-wide numbers; Native Memory Tracking shows it under "Other".
 *
 * @param session what this session has for itself
 * @param model what all sessions of the model share
 * @param process what the library has in the whole process
 */
public record MemoryReport(SessionMemory session, ModelMemory model, ProcessMemory process) {
  /**
   * Memory of a session. The arena belongs to it during a run; between runs other sessions may have
   * it.
   *
   * @param planned size of the arena that the last run needed; the next five are parts of its
   *     buffers, which share places and so add up to more
   * @param intermediates largest sum of live intermediates, inputs and outputs in the arena
   * @param stagedInputs inputs that the last run copied to the arena
   * @param stagedOutputs outputs that the last run copied from the arena
   * @param scratch private memory of the kernel that needs most
   * @param direct inputs and outputs that kernels of the last run used where the caller has them
   * @param frames addresses and sizes that kernels are called with, for all remembered extents, on
   *     the heap
   */
  public record SessionMemory(
      long planned,
      long intermediates,
      long stagedInputs,
      long stagedOutputs,
      long scratch,
      long direct,
      long frames) {}

  /**
   * Memory of a model.
   *
   * @param mapped files that are mapped; pages are shared with other processes and may leave memory
   * @param constants weights in another form than the file's, and small ones copied from the heap
   */
  public record ModelMemory(long mapped, long constants) {}

  /**
   * Memory of the process.
   *
   * @param arenas all arenas, in use or idle
   * @param idleArenas arenas that no run uses; they are freed when they stay idle
   * @param constants of all models
   * @param tensors large results of runs that the garbage collector has not found dead, and memory
   *     that waits for the next ones
   */
  public record ProcessMemory(long arenas, long idleArenas, long constants, long tensors) {
    /** Everything that the library has allocated outside of the heap. */
    public long total() {
      return arenas + constants + tensors;
    }
  }

  /** The name of the bean of {@link #publish}. */
  public static final String BEAN = "fluidml:type=Memory";

  /** What {@link #publish} shows through JMX, in bytes. */
  public interface ProcessMemoryMXBean {
    /** All arenas, in use or idle. */
    long getArenas();

    /** Arenas that no run uses. */
    long getIdleArenas();

    /** Constants of all models that are not in mapped files. */
    long getConstants();

    /** Large results of runs, and memory that waits for the next ones. */
    long getTensors();

    /** Everything that the library has allocated outside of the heap. */
    long getTotal();

    /**
     * Frees all arenas that no run uses and memory that waits for results; both are freed anyway
     * when they stay idle.
     */
    void trim();
  }

  /** What the library has in the whole process now. */
  public static ProcessMemory ofProcess() {
    return new ProcessMemory(
        NativeBuffer.liveBytes(NativeBuffer.Category.ARENA),
        Executor.idleArenaBytes(),
        NativeBuffer.liveBytes(NativeBuffer.Category.PACKED),
        NativeBuffer.liveBytes(NativeBuffer.Category.TENSOR));
  }

  /**
   * Shows the memory of the process through JMX as {@link #BEAN}, for consoles and agents. Not done
   * by itself because it starts the platform's management server. Calling it twice is fine.
   *
   * @throws IllegalStateException if the server refuses the bean
   */
  public static synchronized void publish() {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    try {
      ObjectName name = new ObjectName(BEAN);
      if (!server.isRegistered(name)) {
        server.registerMBean(new Bean(), name);
      }
    } catch (JMException e) {
      throw new IllegalStateException(BEAN, e);
    }
  }

  private static final class Bean implements ProcessMemoryMXBean {
    @Override
    public long getArenas() {
      return ofProcess().arenas();
    }

    @Override
    public long getIdleArenas() {
      return ofProcess().idleArenas();
    }

    @Override
    public long getConstants() {
      return ofProcess().constants();
    }

    @Override
    public long getTensors() {
      return ofProcess().tensors();
    }

    @Override
    public long getTotal() {
      return ofProcess().total();
    }

    @Override
    public void trim() {
      Executor.trimArenas();
    }
  }
}
