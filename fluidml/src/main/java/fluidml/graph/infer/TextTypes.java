package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Text;
import fluidml.graph.op.Text.RegexFullMatch;
import fluidml.graph.op.Text.StringConcat;
import fluidml.graph.op.Text.StringNormalizer;
import fluidml.graph.op.Text.StringSplit;
import fluidml.graph.op.Text.TfIdfVectorizer;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of the ops on strings. */
final class TextTypes {
  private TextTypes() {}

  static List<Type> infer(Site site, Text op) {
    return switch (op) {
      case StringNormalizer normalizer -> {
        site.arity(1, 1);
        site.requireType(0, DType.STRING);
        Optional<Shape> x = site.rank(0, 1, 2);
        yield site.one(
            DType.STRING,
            normalizer.stopWords().isEmpty() ? x : x.map(s -> s.withDim(-1, site.fresh())));
      }
      case StringConcat _ -> {
        site.arity(2, 2);
        site.requireType(0, DType.STRING);
        site.requireType(1, DType.STRING);
        yield site.one(DType.STRING, site.broadcast(List.of(site.shape(0), site.shape(1))));
      }
      case StringSplit _ -> {
        site.arity(1, 1);
        site.requireType(0, DType.STRING);
        Optional<Shape> parts =
            site.shape(0)
                .map(
                    s -> {
                      List<Dim> dims = new ArrayList<>(s.dims());
                      dims.add(site.fresh());
                      return new Shape(dims);
                    });
        yield site.firstOf(
            new Type.TensorType(DType.STRING, parts),
            new Type.TensorType(DType.INT64, site.shape(0)));
      }
      case RegexFullMatch _ -> {
        site.arity(1, 1);
        site.requireType(0, DType.STRING);
        yield site.one(DType.BOOL, site.shape(0));
      }
      case TfIdfVectorizer vectorizer -> {
        site.arity(1, 1);
        Dim width =
            Dim.of(
                vectorizer.ngramIndexes().stream().mapToLong(Long::longValue).max().orElse(-1) + 1);
        yield site.one(
            DType.FLOAT32,
            site.rank(0, 1, 2).map(s -> s.rank() == 1 ? Shape.of(width) : s.withDim(1, width)));
      }
    };
  }
}
