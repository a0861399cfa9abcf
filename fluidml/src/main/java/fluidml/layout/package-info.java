/**
 * The choice of every layout and every kernel variant as plain data: a {@link
 * fluidml.layout.LayoutProblem} goes in, a {@link fluidml.layout.LayoutSolution} with a proven
 * bound comes out. Nothing here knows about graphs, kernels or tensors.
 */
package fluidml.layout;
