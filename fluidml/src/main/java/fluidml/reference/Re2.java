package fluidml.reference;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Patterns in RE2's syntax as JDK patterns for matching whole texts. What RE2 refuses (back
 * references, looking around, possessive repetition) is refused, and what the two read differently
 * is translated; ungreedy mode and {@code \C} are not supported.
 */
final class Re2 {
  private static final Set<String> CLASSES =
      Set.of(
          "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
          "space", "upper", "word", "xdigit");

  private final String source;
  private final boolean lines;
  private final StringBuilder target = new StringBuilder();
  private int at;

  private Re2(String source) {
    this.source = source;
    this.lines = Pattern.compile("\\(\\?[a-zA-Z]*m").matcher(source).find();
  }

  /**
   * Compiles a pattern; use {@code matches}.
   *
   * @throws PatternSyntaxException if RE2 would refuse it or it is not supported
   */
  static Pattern compile(String source) {
    Re2 re2 = new Re2(source);
    while (re2.at < source.length()) {
      re2.next();
    }
    return Pattern.compile(re2.target.toString(), Pattern.UNIX_LINES);
  }

  private PatternSyntaxException refuse(String problem) {
    return new PatternSyntaxException(problem, source, at);
  }

  private char peek(int ahead) {
    return at + ahead < source.length() ? source.charAt(at + ahead) : '\0';
  }

  private void next() {
    char c = source.charAt(at);
    switch (c) {
      case '\\' -> escape(false);
      case '[' -> bracket();
      case '(' -> group();
      case '*', '+', '?' -> {
        at++;
        repetition(String.valueOf(c));
      }
      case '{' -> {
        int end = source.indexOf('}', at);
        String counts = end < 0 ? "" : source.substring(at, end + 1);
        if (counts.matches("\\{\\d+(,\\d*)?}")) {
          at = end + 1;
          repetition(counts);
        } else {
          at++;
          target.append("\\{");
        }
      }
      case '$' -> {
        at++;
        target.append(lines ? "$" : "\\z");
      }
      default -> {
        at++;
        target.append(c);
      }
    }
  }

  private void repetition(String operator) {
    target.append(operator);
    if (peek(0) == '?') {
      at++;
      target.append('?');
    }
    if (peek(0) == '*' || peek(0) == '+' || peek(0) == '?') {
      throw refuse("repetition of a repetition");
    }
  }

  private void group() {
    at++;
    target.append('(');
    if (peek(0) != '?') {
      return;
    }
    boolean lookBehind = peek(2) == '=' || peek(2) == '!';
    if ((peek(1) == 'P' && peek(2) == '<') || (peek(1) == '<' && !lookBehind)) {
      int end = source.indexOf('>', at);
      if (end < 0) {
        throw refuse("group name without an end");
      }
      at = end + 1;
      return;
    }
    int end = at + 1;
    while (end < source.length() && "ims-".indexOf(source.charAt(end)) >= 0) {
      end++;
    }
    if (end == source.length() || ":)".indexOf(source.charAt(end)) < 0) {
      throw refuse("group (?" + source.charAt(Math.min(end, source.length() - 1)));
    }
    target.append(source.substring(at, end + 1).replace("i", "iu"));
    at = end + 1;
  }

  private void bracket() {
    at++;
    target.append('[');
    if (peek(0) == '^') {
      at++;
      target.append('^');
    }
    for (boolean first = true; first || peek(0) != ']'; first = false) {
      if (at >= source.length()) {
        throw refuse("class without an end");
      }
      char c = source.charAt(at);
      if (c == '[' && peek(1) == ':') {
        posixClass();
      } else if (c == '\\') {
        escape(true);
      } else {
        at++;
        target.append("[]&^".indexOf(c) >= 0 ? "\\" + c : String.valueOf(c));
      }
    }
    at++;
    target.append(']');
  }

  private void posixClass() {
    int end = source.indexOf(":]", at);
    String name = end < 0 ? "" : source.substring(at + 2, end);
    boolean negated = name.startsWith("^");
    name = negated ? name.substring(1) : name;
    if (!CLASSES.contains(name)) {
      throw refuse("class [:" + name + ":]");
    }
    at = end + 2;
    String java =
        switch (name) {
          case "ascii" -> "{ASCII}";
          case "xdigit" -> "{XDigit}";
          default -> "{" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1) + "}";
        };
    if (name.equals("word")) {
      target.append(negated ? "\\W" : "\\w");
    } else {
      target.append(negated ? "\\P" : "\\p").append(java);
    }
  }

  private void escape(boolean inClass) {
    char c = peek(1);
    at += 2;
    switch (c) {
      case 'a', 'f', 't', 'n', 'r', 'd', 'D', 'w', 'W' -> target.append('\\').append(c);
      case 'v' -> target.append("\\x0B");
      case 's' -> target.append(inClass ? "\\t\\n\\f\\r\\x20" : "[\\t\\n\\f\\r ]");
      case 'S' -> target.append(inClass ? "\\S\\x0B" : "[^\\t\\n\\f\\r ]");
      case 'x' -> target.append("\\x");
      case 'p', 'P' -> property(c == 'P');
      case 'Q' -> quotation();
      case 'A', 'z', 'b', 'B' -> {
        if (inClass) {
          throw refuse("\\" + c + " in a class");
        }
        target.append('\\').append(c);
      }
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(c);
      default -> {
        if (c == '\0' || Character.isLetterOrDigit(c)) {
          throw refuse("escape \\" + c);
        }
        target.append('\\').append(c);
      }
    }
  }

  private void octal(char first) {
    int value = first - '0';
    int digits = 1;
    while (digits < 3 && peek(0) >= '0' && peek(0) <= '7') {
      value = value * 8 + peek(0) - '0';
      at++;
      digits++;
    }
    if (first != '0' && digits == 1) {
      throw refuse("back reference");
    }
    target.append("\\x{").append(Integer.toHexString(value)).append('}');
  }

  private void quotation() {
    int end = source.indexOf("\\E", at);
    String text = end < 0 ? source.substring(at) : source.substring(at, end);
    at = end < 0 ? source.length() : end + 2;
    text.codePoints()
        .forEach(c -> target.append("\\x{").append(Integer.toHexString(c)).append('}'));
  }

  private void property(boolean complement) {
    String name;
    if (peek(0) == '{') {
      int end = source.indexOf('}', at);
      if (end < 0) {
        throw refuse("property without an end");
      }
      name = source.substring(at + 1, end);
      at = end + 1;
    } else {
      name = String.valueOf(peek(0));
      at++;
    }
    boolean negated = complement != name.startsWith("^");
    name = name.startsWith("^") ? name.substring(1) : name;
    String java = name.length() <= 2 ? name : "Is" + name;
    if (name.equals("Any")) {
      throw refuse("property Any");
    }
    target.append(negated ? "\\P{" : "\\p{").append(java).append('}');
  }
}
