package fluidml.graph;

import java.util.Optional;
import java.util.function.IntPredicate;

/** A cursor over the text of a graph; blanks and lines that are comments are skipped. */
final class TextReader {
  private final String text;
  private int position;

  TextReader(String text) {
    this.text = text;
    skip();
  }

  private int peek() {
    return position < text.length() ? text.charAt(position) : -1;
  }

  /** Skips blanks, and comments that stand alone on their line. */
  private void skip() {
    while (true) {
      while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
        position++;
      }
      if (!text.startsWith("//", position) || !startsLine()) {
        return;
      }
      int end = text.indexOf('\n', position);
      position = end < 0 ? text.length() : end;
    }
  }

  private boolean startsLine() {
    return text.substring(text.lastIndexOf('\n', position - 1) + 1, position).isBlank();
  }

  boolean at(char c) {
    return peek() == c;
  }

  /** Whether {@code c} comes next, and no end of line before it. */
  boolean atOnLine(char c) {
    if (peek() != c) {
      return false;
    }
    for (int i = position - 1; i >= 0 && Character.isWhitespace(text.charAt(i)); i--) {
      if (text.charAt(i) == '\n') {
        return false;
      }
    }
    return true;
  }

  boolean accept(char c) {
    if (peek() != c) {
      return false;
    }
    position++;
    skip();
    return true;
  }

  void expect(char c) {
    if (!accept(c)) {
      throw error("expected '" + c + "'");
    }
  }

  boolean acceptWord(String word) {
    int end = position + word.length();
    if (!text.startsWith(word, position)
        || (end < text.length() && Character.isLetterOrDigit(text.charAt(end)))) {
      return false;
    }
    position = end;
    skip();
    return true;
  }

  void expectWord(String word) {
    if (!acceptWord(word)) {
      throw error("expected '" + word + "'");
    }
  }

  /** The longest run of characters of a kind, at least one. */
  String run(IntPredicate kind, String what) {
    int start = position;
    while (position < text.length() && kind.test(text.charAt(position))) {
      position++;
    }
    if (start == position) {
      throw error("expected " + what);
    }
    String run = text.substring(start, position);
    skip();
    return run;
  }

  /** An identifier. */
  String word() {
    return run(c -> Character.isLetterOrDigit(c) || c == '_', "a word");
  }

  /** The text up to a comma or closing bracket outside of all brackets that open in it. */
  String item() {
    int start = position;
    int depth = 0;
    while (position < text.length()) {
      char c = text.charAt(position);
      if (depth == 0 && (c == ',' || c == ')' || c == ']' || c == '}' || c == '\n')) {
        break;
      }
      depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
      position++;
    }
    String item = text.substring(start, position).strip();
    if (item.isEmpty()) {
      throw error("expected a value");
    }
    skip();
    return item;
  }

  /** A string literal. */
  String string() {
    if (peek() != '"') {
      throw error("expected a string");
    }
    StringBuilder string = new StringBuilder();
    position++;
    while (peek() != '"') {
      if (position >= text.length()) {
        throw error("the string has no end");
      }
      char c = text.charAt(position++);
      string.append(c == '\\' ? escaped() : c);
    }
    position++;
    skip();
    return string.toString();
  }

  private char escaped() {
    int c = peek();
    position++;
    return switch (c) {
      case 'n' -> '\n';
      case 'u' -> {
        position += 4;
        if (position > text.length()) {
          throw error("the string has no end");
        }
        yield (char) Integer.parseInt(text.substring(position - 4, position), 16);
      }
      case -1 -> throw error("the string has no end");
      default -> (char) c;
    };
  }

  /** The comment that ends the line, if there is one. */
  Optional<String> comment() {
    if (!text.startsWith("//", position) || startsLine()) {
      return Optional.empty();
    }
    position += 2;
    while (peek() == ' ') {
      position++;
    }
    if (peek() == '"') {
      return Optional.of(string());
    }
    int end = text.indexOf('\n', position);
    String comment = text.substring(position, end < 0 ? text.length() : end);
    position += comment.length();
    skip();
    return Optional.of(comment.strip());
  }

  void end() {
    if (position < text.length()) {
      throw error("unexpected text");
    }
  }

  IllegalArgumentException error(String problem) {
    int line = 1 + (int) text.substring(0, position).chars().filter(c -> c == '\n').count();
    int column = position - text.lastIndexOf('\n', position - 1);
    return new IllegalArgumentException("line %d, column %d: %s".formatted(line, column, problem));
  }
}
