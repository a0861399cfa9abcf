/**
 * Measures the ways in which the kernels of a model can run, keeps what was measured in a table per
 * machine, and chooses for the whole graph from it.
 */
package fluidml.tune;
