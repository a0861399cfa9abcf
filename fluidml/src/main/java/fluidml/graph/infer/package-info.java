/**
 * Types of results, contents of small integer tensors as symbolic numbers, ops with their geometry
 * as attributes, and what was assumed about extents on the way.
 */
package fluidml.graph.infer;
