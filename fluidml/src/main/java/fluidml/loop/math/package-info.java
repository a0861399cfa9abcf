/**
 * Elementary functions written as expressions of IR 2.
 *
 * <p>For F32 they are polynomials in any number of lanes, the same bits at any width; coefficients
 * are minimax fits (weighted least squares, iterated) of the relative error on the reduced range,
 * rounded to F32 one after another. For F64 scalars they are the functions of {@link StrictMath}.
 */
package fluidml.loop.math;
