package fluidml.loop;

import java.util.List;

/**
 * A unit of code generation: one method for the JVM, which compiles small hot methods best.
 * Micro-kernels live in procedures of their own; drivers that loop over tiles and call them stay
 * thin.
 *
 * @param name unique within the kernel
 * @param parameters names of I64 parameters, read as {@link Expr.Var}
 */
public record Procedure(String name, List<String> parameters, Stmt.Block body) {
  /** Copies the parameters. */
  public Procedure {
    parameters = List.copyOf(parameters);
  }
}
