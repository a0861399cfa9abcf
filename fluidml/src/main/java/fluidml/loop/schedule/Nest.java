package fluidml.loop.schedule;

import fluidml.loop.Expr;
import fluidml.loop.KernelBuilder.EntryBody;

/**
 * What a schedule leaves to be done: the entry of a kernel whose other procedures it has written.
 *
 * @param extent units of the parallel range, an expression of sizes
 * @param entry does a part of the parallel range
 */
public record Nest(Expr extent, EntryBody entry) {}
