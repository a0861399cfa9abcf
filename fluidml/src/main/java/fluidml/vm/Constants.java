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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * The constants of a program in native memory: mapped weights where they are, small ones copied
 * from the heap, packed ones made once. Read-only and shared by all sessions. Of what was packed
 * the mapped original leaves memory again.
 */
final class Constants implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final Map<Value, MemorySegment> plain = new HashMap<>();
  private final Map<Argument.Packed, MemorySegment> packed = new LinkedHashMap<>();
  private final List<NativeBuffer> owned = new ArrayList<>();
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
    List<Argument.Packed> forms =
        packed.keySet().stream().filter(form -> !(form.packing() instanceof Prepacked)).toList();
    if (forms.isEmpty()) {
      return 0;
    }
    long[] sizes =
        forms.stream()
            .mapToLong(form -> form.packing().bytes(tensor(graph, form.source())))
            .toArray();
    try {
      long total = LongStream.of(sizes).map(Constants::aligned).sum();
      NativeBuffer buffer = own(NativeBuffer.allocate(NativeBuffer.Category.PACKED, total));
      long offset = 0;
      for (int i = 0; i < sizes.length; i++) {
        packed.put(forms.get(i), buffer.segment().asSlice(offset, sizes[i]));
        offset += aligned(sizes[i]);
      }
      forms.parallelStream().forEach(form -> pack(graph, form));
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    return LongStream.of(sizes).sum();
  }

  private void pack(Graph graph, Argument.Packed form) {
    Tensor source = tensor(graph, form.source());
    form.packing().pack(source, packed.get(form));
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
    return owned.stream().mapToLong(NativeBuffer::bytes).sum();
  }

  @Override
  public void close() {
    owned.forEach(NativeBuffer::close);
  }
}
