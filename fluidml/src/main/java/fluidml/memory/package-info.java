/**
 * Static memory planning as plain data: buffers with sizes and lifespans go in, one offset per
 * buffer comes out. Nothing here knows about graphs, kernels or memory segments.
 */
package fluidml.memory;
