package fluidml.graph.op;

import java.util.List;

/** Ops on strings. */
public sealed interface Text extends Op {
  /** {@code (x) → x in another case, without stop words}; case LOWER, UPPER or NONE. */
  record StringNormalizer(
      String caseChange, boolean caseSensitive, List<String> stopWords, String locale)
      implements Text {
    public StringNormalizer {
      stopWords = List.copyOf(stopWords);
    }
  }

  /** {@code (a, b) → a followed by b}, broadcast. */
  record StringConcat() implements Text {}

  /**
   * {@code (x) → (parts, int64 counts)}; an empty delimiter splits at white space; maxSplit −1: no
   * limit.
   */
  record StringSplit(String delimiter, long maxSplit) implements Text {}

  /** {@code (x) → bool}, with RE2's syntax. */
  record RegexFullMatch(String pattern) implements Text {}

  /**
   * {@code (x) → float32 counts of n-grams}; attributes as ONNX defines them, string or integer
   * pool.
   */
  record TfIdfVectorizer(
      String mode,
      long minGramLength,
      long maxGramLength,
      long maxSkipCount,
      List<Long> ngramCounts,
      List<Long> ngramIndexes,
      List<Long> integerPool,
      List<String> stringPool,
      List<Double> weights)
      implements Text {
    public TfIdfVectorizer {
      ngramCounts = List.copyOf(ngramCounts);
      ngramIndexes = List.copyOf(ngramIndexes);
      integerPool = List.copyOf(integerPool);
      stringPool = List.copyOf(stringPool);
      weights = List.copyOf(weights);
    }
  }
}
