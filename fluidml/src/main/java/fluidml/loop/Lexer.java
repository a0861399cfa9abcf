package fluidml.loop;

import fluidml.error.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tokens of kernel text, with one of lookahead and more. */
final class Lexer {
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s+|(?<string>\"(?:[^\"\\\\]|\\\\.)*\")|(?<number>0x[0-9a-f]+|\\d+(?:\\.\\d+)?(?:E-?\\d+)?)"
              + "|(?<name>[%$]?[A-Za-z_][A-Za-z0-9_]*)|(?<symbol><=|>=|==|!=|[-+*/<>=(){}\\[\\];:,])");

  private record Token(String text, int line) {}

  private final List<Token> tokens = new ArrayList<>();
  private int position;

  Lexer(String text) {
    Matcher matcher = TOKEN.matcher(text);
    int line = 1;
    int end = 0;
    while (end < text.length()) {
      if (!matcher.find(end) || matcher.start() != end) {
        throw problem(line, "unexpected character '" + text.charAt(end) + "'");
      }
      String token = matcher.group();
      if (!token.isBlank()) {
        tokens.add(new Token(token, line));
      }
      line += (int) token.chars().filter(c -> c == '\n').count();
      end = matcher.end();
    }
    tokens.add(new Token("end of text", line));
  }

  private static InvalidInputException problem(int line, String problem) {
    return new InvalidInputException("kernel text", "line " + line + ": " + problem);
  }

  /** An exception for the current token. */
  InvalidInputException problem(String problem) {
    return problem(tokens.get(position).line, problem);
  }

  /** The token {@code ahead} places ahead, 0 for the current one. */
  String peek(int ahead) {
    return tokens.get(Math.min(position + ahead, tokens.size() - 1)).text;
  }

  /** Whether the current token is this one. */
  boolean at(String token) {
    return peek(0).equals(token);
  }

  /** Takes the current token. */
  String next() {
    String token = peek(0);
    position = Math.min(position + 1, tokens.size() - 1);
    return token;
  }

  /** Takes the current token if it is this one. */
  boolean accept(String token) {
    if (at(token)) {
      next();
      return true;
    }
    return false;
  }

  /** Takes the current token, which must be this one. */
  void expect(String token) {
    if (!accept(token)) {
      throw problem("expected '" + token + "', found '" + peek(0) + "'");
    }
  }

  /** Takes a name without prefix. */
  String name() {
    if (!isName(peek(0))) {
      throw problem("expected a name, found '" + peek(0) + "'");
    }
    return next();
  }

  /** Takes a name with a prefix and returns it without. */
  String prefixed(char prefix) {
    if (peek(0).charAt(0) != prefix) {
      throw problem("expected a name with " + prefix + ", found '" + peek(0) + "'");
    }
    return next().substring(1);
  }

  /** Takes an integer that fits 32 bits. */
  int integer() {
    if (!peek(0).matches("\\d{1,9}")) {
      throw problem("expected a whole number, found '" + peek(0) + "'");
    }
    return Integer.parseInt(next());
  }

  static boolean isName(String token) {
    return Character.isLetter(token.charAt(0)) || token.charAt(0) == '_';
  }
}
