package fluidml.lower;

import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import java.util.List;

/**
 * A {@link View} as a kernel sees it: element {@code (i₀, i₁, …)} is element {@code base + Σ
 * iₐ·strideₐ} of the buffer.
 *
 * @param buffer the kernel's buffer
 * @param base the first element's index; 0 unless a stride is negative
 * @param strides one for each axis of the view: constants 0 and 1, or sizes of the kernel
 * @param view what it stands for
 */
public record BufferView(Buffer buffer, Expr base, List<Expr> strides, View view) {
  public BufferView {
    strides = List.copyOf(strides);
  }

  /**
   * The index of an element, for loads and stores.
   *
   * @param indices I64 scalars, one for each axis
   */
  public Expr index(List<Expr> indices) {
    Expr index = base;
    for (int i = 0; i < strides.size(); i++) {
      index = index.plus(indices.get(i).times(strides.get(i)));
    }
    return index;
  }

  /** Whether neighbours along an axis are neighbours in memory. */
  public boolean isDense(int axis) {
    return view.strides().get(axis).is(1);
  }

  /** Whether every element along an axis is the same one. */
  public boolean isConstant(int axis) {
    return view.strides().get(axis).is(0) || view.shape().dim(axis).is(1);
  }
}
