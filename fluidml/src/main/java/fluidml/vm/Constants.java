package fluidml.vm;

import fluidml.error.InvalidModelException;
import fluidml.graph.Graph;
import fluidml.graph.Value;
import fluidml.lower.Argument;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The constants of a program in native memory: mapped weights where they are, small ones copied
 * from the heap, packed ones made once. Read-only and shared by all sessions.
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
            packed.put(form, MemorySegment.NULL);
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

  private long pack(Graph graph) {
    List<Argument.Packed> forms = List.copyOf(packed.keySet());
    long[] bytes = new long[forms.size()];
    long[] offsets = new long[forms.size() + 1];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = forms.get(i).packing().bytes(tensor(graph, forms.get(i).source()));
      offsets[i + 1] = offsets[i] + aligned(bytes[i]);
    }
    long total = offsets[bytes.length];
    if (total == 0) {
      return 0;
    }
    NativeBuffer buffer = own(NativeBuffer.allocate(NativeBuffer.Category.PACKED, total));
    for (int i = 0; i < bytes.length; i++) {
      packed.put(forms.get(i), buffer.segment().asSlice(offsets[i], bytes[i]));
    }
    IntStream.range(0, bytes.length)
        .parallel()
        .forEach(
            i -> {
              Argument.Packed form = forms.get(i);
              form.packing().pack(tensor(graph, form.source()), packed.get(form));
            });
    return total;
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

  @Override
  public void close() {
    owned.forEach(NativeBuffer::close);
  }
}
