package fluidml.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads dims and shapes from the text that {@link Dim#toString} and {@link Shape#toString} write.
 *
 * <p>Grammar: {@code sum = ['-'] product {('+'|'-') product}}, {@code product = factor {'*'
 * factor}}, {@code factor = number | symbol | (div|mod|min|max) '(' sum ',' sum ')'}. Blanks are
 * ignored.
 */
public final class DimParser {
  private final String text;
  private int position;

  private DimParser(String text) {
    this.text = text.replace(" ", "");
  }

  /**
   * The dim written as {@code text}.
   *
   * @throws IllegalArgumentException if the text is not a dim
   */
  public static Dim parse(String text) {
    DimParser parser = new DimParser(text);
    Dim dim = parser.sum();
    parser.end();
    return dim;
  }

  /**
   * The shape written as {@code text}, e.g. {@code [2,s+1]}.
   *
   * @throws IllegalArgumentException if the text is not a shape
   */
  public static Shape parseShape(String text) {
    DimParser parser = new DimParser(text);
    parser.expect('[');
    List<Dim> dims = new ArrayList<>();
    if (parser.peek() != ']') {
      dims.add(parser.sum());
      while (parser.accept(',')) {
        dims.add(parser.sum());
      }
    }
    parser.expect(']');
    parser.end();
    return new Shape(dims);
  }

  private Dim sum() {
    boolean negative = accept('-');
    Dim sum = product();
    if (negative) {
      sum = sum.times(-1);
    }
    while (peek() == '+' || peek() == '-') {
      boolean minus = text.charAt(position++) == '-';
      Dim term = product();
      sum = minus ? sum.minus(term) : sum.plus(term);
    }
    return sum;
  }

  private Dim product() {
    Dim product = factor();
    while (accept('*')) {
      product = product.times(factor());
    }
    return product;
  }

  private Dim factor() {
    int start = position;
    if (Character.isDigit(peek())) {
      while (Character.isDigit(peek())) {
        position++;
      }
      return Dim.of(Long.parseLong(text.substring(start, position)));
    }
    while (Character.isLetterOrDigit(peek()) || (peek() != 0 && "_.:".indexOf(peek()) >= 0)) {
      position++;
    }
    String name = text.substring(start, position);
    if (peek() != '(') {
      return Dim.symbol(name);
    }
    expect('(');
    Dim left = sum();
    expect(',');
    Dim right = sum();
    expect(')');
    return switch (name) {
      case "div" -> left.floorDiv(right);
      case "mod" -> left.mod(right);
      case "min" -> left.min(right);
      case "max" -> left.max(right);
      default -> throw error("unknown operation '" + name + "'");
    };
  }

  private char peek() {
    return position < text.length() ? text.charAt(position) : 0;
  }

  private boolean accept(char c) {
    if (peek() == c) {
      position++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw error("expected '" + c + "'");
    }
  }

  private void end() {
    if (position < text.length()) {
      throw error("unexpected text");
    }
  }

  private IllegalArgumentException error(String message) {
    return new IllegalArgumentException(message + " at " + position + " of '" + text + "'");
  }
}
