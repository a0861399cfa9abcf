/**
 * Partitioned boolean quadratic problems: every variable takes one of a few alternatives; each
 * alternative has a cost, and so has each pair of alternatives of two connected variables. Solved
 * by exact reductions, then branch and bound with a bound by message passing.
 */
package fluidml.layout.pbqp;
