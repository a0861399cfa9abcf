package fluidml.onnx;

import fluidml.graph.Value;
import fluidml.graph.op.Text.RegexFullMatch;
import fluidml.graph.op.Text.StringConcat;
import fluidml.graph.op.Text.StringNormalizer;
import fluidml.graph.op.Text.StringSplit;
import fluidml.graph.op.Text.TfIdfVectorizer;
import java.util.List;
import java.util.Map;

/** Operators on strings. */
final class Texts {
  private Texts() {}

  static void register(Operators to) {
    to.add("StringNormalizer", 10, 1, 1, Texts::stringNormalizer);
    to.add("StringConcat", 20, 2, 2, c -> c.out(new StringConcat(), c.operands()));
    to.add("StringSplit", 20, 1, 1, Texts::stringSplit);
    to.add(
        "RegexFullMatch",
        20,
        1,
        1,
        c -> c.out(new RegexFullMatch(requiredText(c, "pattern")), c.operands()));
    to.add("TfIdfVectorizer", 9, 1, 1, Texts::tfIdfVectorizer);
  }

  private static String requiredText(Call c, String name) {
    return c.attributes()
        .text(name)
        .orElseThrow(() -> c.invalid("attribute '" + name + "' is required"));
  }

  private static List<Value> stringNormalizer(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new StringNormalizer(
            a.choice(
                "case_change_action",
                "NONE",
                Map.of("NONE", "NONE", "LOWER", "LOWER", "UPPER", "UPPER")),
            a.flag("is_case_sensitive", false),
            a.texts("stopwords").orElse(List.of()),
            a.text("locale", "")),
        c.operands());
  }

  private static List<Value> stringSplit(Call c) {
    return c.outExactly(
        new StringSplit(
            c.attributes().text("delimiter", ""), c.attributes().integer("maxsplit", -1)),
        c.operands(),
        2);
  }

  private static List<Value> tfIdfVectorizer(Call c) {
    Attributes a = c.attributes();
    return c.out(
        new TfIdfVectorizer(
            a.choice("mode", "", Map.of("TF", "TF", "IDF", "IDF", "TFIDF", "TFIDF")),
            a.requiredInteger("min_gram_length"),
            a.requiredInteger("max_gram_length"),
            a.requiredInteger("max_skip_count"),
            a.requiredIntegers("ngram_counts"),
            a.requiredIntegers("ngram_indexes"),
            a.integers("pool_int64s", List.of()),
            a.texts("pool_strings").orElse(List.of()),
            a.reals("weights").orElse(List.of())),
        c.operands());
  }
}
