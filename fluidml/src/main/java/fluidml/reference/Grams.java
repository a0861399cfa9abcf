package fluidml.reference;

import fluidml.graph.op.Text;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts of n-grams. */
final class Grams {
  private Grams() {}

  /** Weighted counts of the pool's n-grams in each row: float32 [outputs] or [rows, outputs]. */
  static Tensor count(Text.TfIdfVectorizer op, Tensor x) {
    if (x.rank() > 2) {
      throw new IllegalArgumentException("expected [n] or [rows, n], not " + x);
    }
    Map<List<Object>, Integer> columns = columns(op);
    long outputs = op.ngramIndexes().stream().mapToLong(i -> i + 1).max().orElse(0);
    long rows = x.rank() == 2 ? x.dim(0) : 1;
    int length = Math.toIntExact(x.rank() == 0 ? 1 : x.dim(-1));
    Tensor result =
        x.rank() == 2
            ? Tensor.allocate(DType.FLOAT32, rows, outputs)
            : Tensor.allocate(DType.FLOAT32, outputs);
    for (long row = 0; row < rows; row++) {
      for (long size = op.minGramLength(); size <= op.maxGramLength(); size++) {
        long skips = size == 1 ? 0 : op.maxSkipCount();
        for (long distance = 1; distance <= skips + 1; distance++) {
          for (long start = 0; start + (size - 1) * distance < length; start++) {
            List<Object> gram = new ArrayList<>();
            for (long k = 0; k < size; k++) {
              gram.add(item(x, row * length + start + k * distance));
            }
            Integer column = columns.get(gram);
            if (column != null) {
              long at = row * outputs + column;
              result.setDouble(at, result.getDouble(at) + 1);
            }
          }
        }
      }
    }
    weigh(op, result, outputs);
    return result;
  }

  private static Object item(Tensor x, long index) {
    return x.dtype() == DType.STRING ? x.getString(index) : (Object) x.getLong(index);
  }

  /** The output column of every n-gram of the pool. */
  private static Map<List<Object>, Integer> columns(Text.TfIdfVectorizer op) {
    List<?> pool = op.stringPool().isEmpty() ? op.integerPool() : op.stringPool();
    Map<List<Object>, Integer> columns = new HashMap<>();
    int gram = 0;
    for (int n = 0; n < op.ngramCounts().size(); n++) {
      int from = Math.toIntExact(op.ngramCounts().get(n));
      int to =
          n + 1 < op.ngramCounts().size()
              ? Math.toIntExact(op.ngramCounts().get(n + 1))
              : pool.size();
      int size = n + 1;
      for (int at = from; at + size <= to; at += size) {
        columns.put(
            List.copyOf(pool.subList(at, at + size)), Math.toIntExact(op.ngramIndexes().get(gram)));
        gram++;
      }
    }
    return columns;
  }

  private static void weigh(Text.TfIdfVectorizer op, Tensor counts, long outputs) {
    if (op.mode().equals("TF")) {
      return;
    }
    for (long i = 0; i < counts.elements(); i++) {
      double weight = op.weights().isEmpty() ? 1 : op.weights().get((int) (i % outputs));
      double count =
          op.mode().equals("IDF") ? Math.min(1, counts.getDouble(i)) : counts.getDouble(i);
      counts.setDouble(i, weight * count);
    }
  }
}
