/**
 * Changes to a graph that keep what it computes: {@link fluidml.pass.Pipeline} is the list of them,
 * in order, with the reasons for the order.
 */
package fluidml.pass;
