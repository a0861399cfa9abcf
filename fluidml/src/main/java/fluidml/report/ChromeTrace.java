package fluidml.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A timeline in the Trace Event Format that {@code chrome://tracing} and Perfetto read: complete
 * events on named threads.
 */
public final class ChromeTrace {
  private final List<String> events = new ArrayList<>();
  private long origin = Long.MAX_VALUE;
  private final List<Event> complete = new ArrayList<>();

  private record Event(
      String name, String category, int thread, long begin, long nanos, Map<String, String> args) {}

  /** Names a thread of the timeline. */
  public void thread(int thread, String name) {
    events.add(
        "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":%s}}"
            .formatted(thread, quote(name)));
  }

  /**
   * Adds a bar.
   *
   * @param name what ran
   * @param category groups and colours bars
   * @param thread the row
   * @param begin start in nanoseconds of any clock; the earliest becomes 0
   * @param nanos duration
   * @param args shown when the bar is selected
   */
  public void add(
      String name, String category, int thread, long begin, long nanos, Map<String, String> args) {
    complete.add(new Event(name, category, thread, begin, nanos, Map.copyOf(args)));
    origin = origin == Long.MAX_VALUE || begin - origin < 0 ? begin : origin;
  }

  /** The trace as JSON. */
  public String json() {
    StringBuilder text = new StringBuilder("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    List<String> all = new ArrayList<>(events);
    for (Event e : complete) {
      all.add(
          String.format(
              Locale.ROOT,
              "{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":%s,\"cat\":%s,"
                  + "\"args\":%s}",
              e.thread,
              (e.begin - origin) / 1e3,
              e.nanos / 1e3,
              quote(e.name),
              quote(e.category),
              object(e.args)));
    }
    return text.append(String.join(",\n", all)).append("\n]}\n").toString();
  }

  private static String object(Map<String, String> entries) {
    List<String> fields = new ArrayList<>();
    entries.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> fields.add(quote(e.getKey()) + ":" + quote(e.getValue())));
    return "{" + String.join(",", fields) + "}";
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
