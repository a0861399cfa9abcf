package fluidml.onnx.proto;

import java.util.List;

/**
 * A sparse constant in coordinate form.
 *
 * @param values the elements that are not zero, one axis; its name is the constant's
 * @param indices int64 positions: linear {@code [n]} or by coordinate {@code [n, rank]}
 * @param dims extents of the dense tensor
 */
public record SparseTensorProto(TensorProto values, TensorProto indices, List<Long> dims) {
  /** Copies the extents. */
  public SparseTensorProto {
    dims = NumberLists.copyLongs(dims);
  }
}
