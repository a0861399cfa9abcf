package fluidml.loop;

/**
 * A register variable of a procedure.
 *
 * @param name unique within its procedure
 * @param type what it holds
 * @param mutable whether {@link Stmt.Assign} may change it after its declaration
 */
public record Register(String name, Type type, boolean mutable) {}
