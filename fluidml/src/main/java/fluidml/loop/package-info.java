/**
 * IR 2: loop nests with explicit vectors.
 *
 * <p>A {@link fluidml.loop.Kernel} is what the schedulers write and the emitters turn into code:
 * named buffers, run-time sizes, procedures of statements over one typed expression language. It is
 * shape-generic: extents, strides and offsets are sizes given at run time. It is built with {@link
 * fluidml.loop.KernelBuilder}, checked by {@link fluidml.loop.Verifier} (whose Javadoc is the
 * specification) and reads and prints as text through {@link fluidml.loop.Printer} and {@link
 * fluidml.loop.Parser}.
 */
package fluidml.loop;
