package fluidml.loop.schedule;

import fluidml.loop.Expr;

/**
 * One spatial axis of a sliding window, as I64 expressions of sizes. Output position {@code o}
 * meets kernel position {@code k} at input position {@code o·stride − pad + k·dilation}.
 *
 * @param input extent of the input
 * @param inputStride elements between neighbours in the input
 * @param kernel extent of the window
 * @param stride step between windows
 * @param dilation step within a window
 * @param pad padding before the input
 * @param output extent of the output
 */
public record WindowAxis(
    Expr input, Expr inputStride, Expr kernel, Expr stride, Expr dilation, Expr pad, Expr output) {

  /** Input position of the window's first element at an output position. */
  Expr start(Expr position) {
    return position.times(stride).minus(pad);
  }
}
