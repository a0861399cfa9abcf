package fluidml.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class PartitionPropertyTest {
  @Property(tries = 300)
  void partsAreBalancedAndCoverTheExtent(
      @ForAll @LongRange(min = 0, max = 1L << 50) long extent,
      @ForAll @IntRange(min = 1, max = 1024) int parts) {
    assertEquals(0, Partition.begin(extent, parts, 0));
    assertEquals(extent, Partition.begin(extent, parts, parts));
    for (int part = 0; part < parts; part++) {
      long length = Partition.begin(extent, parts, part + 1) - Partition.begin(extent, parts, part);
      assertTrue(length == extent / parts || length == extent / parts + 1);
    }
  }
}
