package fluidml.error;

import java.io.Serial;

/**
 * The model is well formed but asks for an operator, attribute, dtype or feature that is not
 * supported.
 */
public final class UnsupportedModelException extends FluidmlException {
  @Serial private static final long serialVersionUID = 1L;

  private final String node;
  private final String op;
  private final String detail;

  /**
   * Creates an exception.
   *
   * @param node the node's name, or the name of its first output when it has none
   * @param op the operator with domain and version, for example {@code ai.onnx.Conv-22}
   * @param detail the attribute, dtype or feature that is not supported, and what to do instead
   */
  public UnsupportedModelException(String node, String op, String detail) {
    super("node '" + node + "' (" + op + "): " + detail);
    this.node = node;
    this.op = op;
    this.detail = detail;
  }

  /** Returns the node's name. */
  public String node() {
    return node;
  }

  /** Returns the operator with domain and version. */
  public String op() {
    return op;
  }

  /** Returns what is not supported and what to do instead. */
  public String detail() {
    return detail;
  }
}
