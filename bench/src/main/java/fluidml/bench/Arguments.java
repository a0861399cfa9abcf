package fluidml.bench;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Parses arguments that commands share. */
final class Arguments {
  private Arguments() {}

  /**
   * Numbers for symbolic extents.
   *
   * @param texts {@code NAME=N} each
   * @throws IllegalArgumentException naming the text that has another form
   */
  static Map<String, Long> dims(List<String> texts) {
    Map<String, Long> dims = new TreeMap<>();
    for (String text : texts) {
      int at = text.indexOf('=');
      if (at < 1 || !text.substring(at + 1).matches("[0-9]{1,12}")) {
        throw new IllegalArgumentException("'" + text + "' is not NAME=NUMBER");
      }
      dims.put(text.substring(0, at), Long.parseLong(text.substring(at + 1)));
    }
    return dims;
  }
}
