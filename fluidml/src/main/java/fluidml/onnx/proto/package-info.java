/**
 * The messages of {@code onnx.proto} as immutable records, and their protobuf wire format.
 *
 * <p>Reading is done on a {@link java.lang.foreign.MemorySegment}; tensor data stay slices of it.
 */
package fluidml.onnx.proto;
