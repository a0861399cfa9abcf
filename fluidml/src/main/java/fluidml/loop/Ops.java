package fluidml.loop;

import java.util.Locale;

/** Names of operations as text. */
final class Ops {
  private Ops() {}

  static String text(Enum<?> op) {
    return op.name().toLowerCase(Locale.ROOT);
  }

  static <E extends Enum<E>> E parse(Class<E> type, String text) {
    return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
  }
}
