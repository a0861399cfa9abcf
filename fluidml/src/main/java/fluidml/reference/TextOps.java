package fluidml.reference;

import fluidml.graph.op.Text;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Computes the ops of {@link Text}. */
final class TextOps {
  private TextOps() {}

  static List<Datum> execute(Text op, Operands operands) {
    return switch (op) {
      case Text.StringNormalizer normalizer ->
          Operands.result(normalize(normalizer, operands.tensor(0), operands));
      case Text.StringConcat concat ->
          Operands.result(concat(operands.tensor(0), operands.tensor(1)));
      case Text.StringSplit split -> split(split, operands.tensor(0));
      case Text.RegexFullMatch regex -> Operands.result(match(regex, operands));
      case Text.TfIdfVectorizer vectorizer ->
          Operands.result(Grams.count(vectorizer, operands.tensor(0)));
    };
  }

  private static Locale locale(String name) {
    return name.isEmpty()
        ? Locale.ROOT
        : Locale.forLanguageTag(name.replace('_', '-').replaceFirst("\\..*", ""));
  }

  private static Tensor normalize(Text.StringNormalizer op, Tensor x, Operands operands) {
    if (x.rank() != 1 && !(x.rank() == 2 && x.dim(0) == 1)) {
      throw new IllegalArgumentException("expected [n] or [1, n], not " + x);
    }
    Locale locale = locale(op.locale());
    UnaryOperator<String> change =
        switch (op.caseChange()) {
          case "LOWER" -> s -> s.toLowerCase(locale);
          case "UPPER" -> s -> s.toUpperCase(locale);
          case "NONE" -> s -> s;
          default -> throw operands.unsupported("case change " + op.caseChange());
        };
    UnaryOperator<String> key = op.caseSensitive() ? s -> s : s -> s.toLowerCase(locale);
    Set<String> stopWords = new HashSet<>();
    op.stopWords().forEach(word -> stopWords.add(key.apply(word)));
    List<String> kept = new ArrayList<>();
    for (String text : x.strings()) {
      if (!stopWords.contains(key.apply(text))) {
        kept.add(change.apply(text));
      }
    }
    if (kept.isEmpty()) {
      kept.add("");
    }
    long[] dims = x.dims();
    dims[dims.length - 1] = kept.size();
    return Tensor.ofStrings(kept, dims);
  }

  private static Tensor concat(Tensor a, Tensor b) {
    long[] dims = NdIndex.broadcast(a.dims(), b.dims());
    Tensor left = Moves.expand(a, dims);
    Tensor right = Moves.expand(b, dims);
    Elements result = new Elements(DType.STRING, dims);
    for (long i = 0; i < left.elements(); i++) {
      result.setString(i, left.getString(i) + right.getString(i));
    }
    return result.build();
  }

  private static List<Datum> split(Text.StringSplit op, Tensor x) {
    List<List<String>> all = new ArrayList<>();
    long width = 0;
    for (String text : x.strings()) {
      List<String> parts =
          op.delimiter().isEmpty()
              ? atWhiteSpace(text, op.maxSplit())
              : at(text, op.delimiter(), op.maxSplit());
      all.add(parts);
      width = Math.max(width, parts.size());
    }
    long[] dims = Arrays.copyOf(x.dims(), x.rank() + 1);
    dims[x.rank()] = width;
    Elements parts = new Elements(DType.STRING, dims);
    Tensor counts = Tensor.allocate(DType.INT64, x.dims());
    for (int i = 0; i < all.size(); i++) {
      counts.setLong(i, all.get(i).size());
      for (int k = 0; k < all.get(i).size(); k++) {
        parts.setString(i * width + k, all.get(i).get(k));
      }
    }
    return Operands.result(parts.build(), counts);
  }

  private static List<String> at(String text, String delimiter, long maxSplit) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    int next = text.indexOf(delimiter);
    while (next >= 0 && (maxSplit < 0 || parts.size() < maxSplit)) {
      parts.add(text.substring(from, next));
      from = next + delimiter.length();
      next = text.indexOf(delimiter, from);
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static List<String> atWhiteSpace(String text, long maxSplit) {
    List<String> parts = new ArrayList<>();
    String rest = text.stripLeading();
    while (!rest.isEmpty()) {
      int end = 0;
      while (end < rest.length() && !Character.isWhitespace(rest.charAt(end))) {
        end++;
      }
      if (maxSplit >= 0 && parts.size() == maxSplit) {
        end = rest.length();
      }
      parts.add(rest.substring(0, end));
      rest = rest.substring(end).stripLeading();
    }
    return parts;
  }

  private static Tensor match(Text.RegexFullMatch op, Operands operands) {
    Tensor x = operands.tensor(0);
    Pattern pattern;
    try {
      pattern = Re2.compile(op.pattern());
    } catch (PatternSyntaxException e) {
      throw operands.unsupported("the pattern '" + op.pattern() + "': " + e.getMessage());
    }
    Tensor result = Tensor.allocate(DType.BOOL, x.dims());
    for (long i = 0; i < x.elements(); i++) {
      try {
        result.setLong(i, pattern.matcher(x.getString(i)).matches() ? 1 : 0);
      } catch (StackOverflowError e) {
        throw new IllegalArgumentException(
            "element %d is too long (%d) for the pattern '%s'"
                .formatted(i, x.getString(i).length(), op.pattern()),
            e);
      }
    }
    return result;
  }
}
