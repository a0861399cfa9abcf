/**
 * The slow, obvious interpreter of the graph IR: the oracle that every engine is compared with, the
 * constant folder, and the visible fallback for ops that nobody has lowered.
 *
 * <p>{@link fluidml.reference.Interpreter} runs graphs and single nodes; one class for each theme
 * of ops computes results. Every result is a new tensor or shares memory with an operand; operands
 * are never written to.
 */
package fluidml.reference;
