/**
 * Execution orders as plain data: steps with the buffers that they touch go in, an order that needs
 * less memory comes out.
 */
package fluidml.memory.order;
