/**
 * IR 2 to class files: {@code java.lang.classfile} and the Vector API, loaded as hidden classes.
 *
 * <p>Memory is addressed by raw addresses through one global segment. Vectors never leave the
 * emitted method: nothing relies on a helper with vector arguments being inlined, so nothing is
 * boxed. Loops count in {@code int}, which C2 optimises best.
 */
package fluidml.emit.jvm;
