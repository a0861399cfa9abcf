/** IR 1: immutable graphs of typed ops, with builder, verifier, printer and parser. */
package fluidml.graph;
