package fluidml.vm;

import fluidml.error.InvalidModelException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.lower.Argument;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Prepacked;
import fluidml.lower.Step;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The constants of a program in native memory: mapped weights where they are, small ones copied
 * from the heap, packed ones made once. Read-only and shared by all sessions. Of what was packed
 * the mapped original leaves memory again.
 */
final class Constants implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final Map<Value, MemorySegment> plain = new HashMap<>();
  private final Map<Argument.Packed, MemorySegment> packed = new LinkedHashMap<>();
  private final List<NativeBuffer> owned = Collections.synchronizedList(new ArrayList<>());
  private final long packedBytes;

  /**
   * Collects, copies and packs what the steps read.
   *
   * @throws fluidml.error.MemoryLimitException if there is not enough native memory
   */
  Constants(LoweredProgram program) {
    Graph graph = program.graph();
    List<Value> onHeap = new ArrayList<>();
    for (Step step : program.steps()) {
      for (Value root : step.roots(program.storage())) {
        graph.constant(root).ifPresent(t -> add(root, t, onHeap));
      }
      if (step instanceof Step.Call call) {
        for (Argument argument : call.call().arguments()) {
          if (argument instanceof Argument.Packed form) {
            packed.put(
                form,
                form.packing() instanceof Prepacked ready ? ready.data() : MemorySegment.NULL);
          }
        }
      }
    }
    for (Value output : graph.outputs()) {
      if (program.storage().isPlannable(output)) {
        Value root = program.storage().view(output).root();
        graph.constant(root).ifPresent(t -> add(root, t, onHeap));
      }
    }
    copy(graph, onHeap);
    packedBytes = pack(graph);
  }

  private void add(Value root, Tensor tensor, List<Value> onHeap) {
    if (plain.putIfAbsent(root, tensor.data()) == null && !tensor.data().isNative()) {
      onHeap.add(root);
    }
  }

  private void copy(Graph graph, List<Value> onHeap) {
    long total = 0;
    for (Value value : onHeap) {
      total += aligned(plain.get(value).byteSize());
    }
    if (total == 0) {
      return;
    }
    NativeBuffer buffer = own(NativeBuffer.allocate(NativeBuffer.Category.PACKED, total));
    long offset = 0;
    for (Value value : onHeap) {
      MemorySegment source = tensor(graph, value).data();
      MemorySegment target = buffer.segment().asSlice(offset, source.byteSize());
      target.copyFrom(source);
      plain.put(value, target);
      offset += aligned(source.byteSize());
    }
  }

  /** Packs, all into one buffer, whose memory is touched by those who pack. */
  private long pack(Graph graph) {
    Map<Argument.Packed, Long> offsets = new LinkedHashMap<>();
    long total = 0;
    long bytes = 0;
    for (Argument.Packed form : packed.keySet()) {
      if (!(form.packing() instanceof Prepacked)) {
        long size = form.packing().bytes(tensor(graph, form.source()));
        offsets.put(form, total);
        total += Math.ceilDiv(size, ALIGNMENT) * ALIGNMENT;
        bytes += size;
      }
    }
    if (total == 0) {
      return 0;
    }
    MemorySegment room = own(NativeBuffer.allocate(NativeBuffer.Category.PACKED, total)).segment();
    try {
      List.copyOf(offsets.entrySet()).parallelStream()
          .forEach(e -> pack(graph, e.getKey(), room.asSlice(e.getValue())));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    offsets.forEach(
        (form, offset) ->
            packed.put(
                form, room.asSlice(offset, form.packing().bytes(tensor(graph, form.source())))));
    return bytes;
  }

  private static void pack(Graph graph, Argument.Packed form, MemorySegment room) {
    Tensor source = tensor(graph, form.source());
    form.packing().pack(source, room.asSlice(0, form.packing().bytes(source)));
    if (source.data().isMapped()) {
      source.data().unload();
    }
  }

  private static Tensor tensor(Graph graph, Value source) {
    return graph
        .constant(source)
        .orElseThrow(
            () ->
                new InvalidModelException(
                    source.name(), "a kernel wants it packed, but it is no constant"));
  }

  private NativeBuffer own(NativeBuffer buffer) {
    owned.add(buffer);
    return buffer;
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  /** Where a constant root lies, or null if the value is no constant. */
  MemorySegment plain(Value root) {
    return plain.get(root);
  }

  /** Where a packed constant lies. */
  MemorySegment packed(Argument.Packed form) {
    return packed.get(form);
  }

  /** Bytes of packed constants. */
  long packedBytes() {
    return packedBytes;
  }

  /** Bytes of packed constants and of those copied from the heap. */
  long ownedBytes() {
    synchronized (owned) {
      return owned.stream().mapToLong(NativeBuffer::bytes).sum();
    }
  }

  @Override
  public void close() {
    owned.forEach(NativeBuffer::close);
  }
}
