package fluidml.onnx.proto;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Key–value pairs that keep the file's order. */
final class Props {
  private Props() {}

  static Map<String, String> copy(Map<String, String> props) {
    return props.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(props));
  }
}
