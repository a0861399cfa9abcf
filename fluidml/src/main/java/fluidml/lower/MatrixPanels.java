package fluidml.lower;

import fluidml.loop.schedule.Panels;
import fluidml.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A constant matrix as the panels that a contraction reads.
 *
 * @param offset first element, in elements of the constant
 * @param depth rows of the matrix
 * @param columns columns of the matrix
 * @param depthStride elements between rows
 * @param columnStride elements between columns
 * @param panelColumns columns of a panel
 */
public record MatrixPanels(
    long offset, long depth, long columns, long depthStride, long columnStride, int panelColumns)
    implements Packing {
  @Override
  public long bytes(Tensor source) {
    return source.dtype().byteSize(Panels.elements(depth, columns, panelColumns));
  }

  @Override
  public void pack(Tensor source, MemorySegment target) {
    Panels.pack(
        source.data(),
        offset,
        depth,
        columns,
        depthStride,
        columnStride,
        panelColumns,
        source.dtype().bytes(),
        target,
        new Unloading(source.data()));
  }
}
