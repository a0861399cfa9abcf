/**
 * From the optimised graph to kernel calls: which nodes share a kernel (clusters), where every
 * value lies (views on buffers), and which schedule computes each cluster.
 */
package fluidml.lower;
