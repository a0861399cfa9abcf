package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Which units a warm-up visits. */
class WarmupVisitsTest {
  private static List<WarmupVisits.Visit> visits(long extent, int count) {
    WarmupVisits visits = new WarmupVisits(extent);
    return Stream.generate(visits::next).limit(count).toList();
  }

  @Property(tries = 200)
  void everyVisitRunsUnitsThatExist(@ForAll @LongRange(min = 1, max = 1L << 40) long extent) {
    for (WarmupVisits.Visit visit : visits(extent, 200)) {
      assertTrue(visit.first() >= 0 && visit.first() < visit.end(), () -> visit.toString());
      assertTrue(visit.end() <= extent, () -> visit.toString());
    }
  }

  @Property(tries = 200)
  void beginningAndEndAreSeenSoon(@ForAll @LongRange(min = 1, max = 1L << 40) long extent) {
    List<WarmupVisits.Visit> visits = visits(extent, 5);
    assertTrue(visits.stream().anyMatch(v -> v.first() == 0));
    assertTrue(visits.stream().anyMatch(v -> v.end() == extent));
  }

  @Test
  void smallExtentsAreVisitedAsAWhole() {
    Set<Long> seen = new HashSet<>();
    for (WarmupVisits.Visit visit : visits(20, 25)) {
      for (long unit = visit.first(); unit < visit.end(); unit++) {
        seen.add(unit);
      }
    }
    assertEquals(20, seen.size());
  }

  @Test
  void allCombinationsOccur() {
    Set<String> kinds = new HashSet<>();
    for (WarmupVisits.Visit visit : visits(1000, 200)) {
      kinds.add((visit.end() - visit.first()) + " " + visit.skips() + " " + (visit.first() > 500));
    }
    assertEquals(8, kinds.size(), kinds.toString());
  }
}
