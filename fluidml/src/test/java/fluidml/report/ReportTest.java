package fluidml.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.InvalidInputException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
  @Test
  void tablesAlignTheirColumns() {
    Table table = new Table().left("name").right("ms");
    table.row("a", 1);
    table.row("longer", "12.5");
    assertEquals("name      ms\na          1\nlonger  12.5\n", table.render());
    assertThrows(IllegalArgumentException.class, () -> table.row("one cell"));
  }

  @Test
  void sizesAreReadAndWritten() {
    assertEquals(512L << 20, Bytes.parse("512M"));
    assertEquals(2L << 30, Bytes.parse("2GiB"));
    assertEquals(100, Bytes.parse("100"));
    assertEquals("1.50 MiB", Bytes.format(3 << 19));
    assertEquals("999 B", Bytes.format(999));
    for (String text : new String[] {"", "-1", "1X", "1.5M", "9999999999T"}) {
      assertThrows(InvalidInputException.class, () -> Bytes.parse(text), text);
    }
  }

  @Test
  void quantilesAreOfTheNearestRank() {
    long[] nanos = new long[100];
    for (int i = 0; i < 100; i++) {
      nanos[i] = 100L - i;
    }
    LatencyStatistics s = LatencyStatistics.of(nanos);
    assertEquals(new LatencyStatistics(100, 1, 50, 90, 99, 100, 50.5), s);
    assertEquals(7, LatencyStatistics.of(new long[] {7}).p99());
    assertThrows(IllegalArgumentException.class, () -> LatencyStatistics.of(new long[0]));
  }

  @Test
  void tracesBeginAtZeroAndQuoteText() {
    ChromeTrace trace = new ChromeTrace();
    trace.thread(1, "steps");
    trace.add("b\"\n", "Call", 1, 5_000, 1_500, Map.of("node", "n"));
    trace.add("a", "Call", 1, 2_000, 1_000, Map.of());
    assertEquals(
        """
        {"displayTimeUnit":"ms","traceEvents":[
        {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"steps"}},
        {"ph":"X","pid":1,"tid":1,"ts":3.000,"dur":1.500,"name":"b\\"\\u000a","cat":"Call",\
        "args":{"node":"n"}},
        {"ph":"X","pid":1,"tid":1,"ts":0.000,"dur":1.000,"name":"a","cat":"Call","args":{}}
        ]}
        """,
        trace.json());
  }
}
