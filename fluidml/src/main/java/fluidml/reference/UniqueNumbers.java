package fluidml.reference;

import fluidml.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The distinct elements of a tensor of real numbers. A hash table finds them in order of first
 * occurrence; only these are sorted. Zeros of either sign are equal, as are all NaN.
 */
final class UniqueNumbers {
  /** An odd number whose products spread keys over the high bits: 2⁶⁴ over the golden ratio. */
  private static final long SPREAD = 0x9e3779b97f4a7c15L;

  private final Tensor x;

  /** For each element the number of its group of equal elements. */
  private final int[] groupOf;

  /** Of each group its key, the place of its first element, and how many it has. */
  private long[] keys = new long[64];

  private int[] first = new int[64];
  private int[] sizes = new int[64];

  /** Numbers of groups plus one by their keys' hashes; 0 where there is none. */
  private int[] table = new int[128];

  private int groups;

  /** Finds the groups of equal elements. */
  UniqueNumbers(Tensor x) {
    this.x = x;
    long[] elements = new long[Math.toIntExact(x.elements())];
    OrderKeys.read(x, 0, 1, elements);
    groupOf = new int[elements.length];
    for (int i = 0; i < elements.length; i++) {
      int group = find(elements[i]);
      if (group == groups) {
        add(elements[i], i);
      }
      groupOf[i] = group;
      sizes[group]++;
    }
  }

  /**
   * Values, index of the first occurrence of each, inverse, and counts; of the last three those
   * that are wanted.
   *
   * @param sorted ascending (NaN last) instead of in order of first occurrence
   * @param wanted whether a result, by its number, is
   */
  List<Datum> unique(boolean sorted, IntPredicate wanted) {
    int[] order = new int[groups];
    int[] rank = new int[groups];
    long[] ascending = Arrays.copyOf(keys, groups);
    if (sorted) {
      Arrays.sort(ascending);
    }
    for (int i = 0; i < groups; i++) {
      order[i] = sorted ? find(ascending[i]) : i;
      rank[order[i]] = i;
    }
    Elements values = new Elements(x.dtype(), groups);
    for (int i = 0; i < groups; i++) {
      values.copy(i, x, first[order[i]]);
    }
    return List.of(
        Datum.of(values.build()),
        wanted.test(1) ? numbers(first, order) : Datum.absent(),
        wanted.test(2) ? numbers(rank, groupOf) : Datum.absent(),
        wanted.test(3) ? numbers(sizes, order) : Datum.absent());
  }

  /** The numbers at some places. */
  private static Datum numbers(int[] numbers, int[] places) {
    long[] picked = new long[places.length];
    for (int i = 0; i < picked.length; i++) {
      picked[i] = numbers[places[i]];
    }
    return Datum.of(Tensor.ofLongs(picked));
  }

  /** The group of a key; the number of groups if it has none. */
  private int find(long key) {
    int slot = slot(key);
    while (table[slot] != 0) {
      int group = table[slot] - 1;
      if (keys[group] == key) {
        return group;
      }
      slot = (slot + 1) & (table.length - 1);
    }
    return groups;
  }

  private int slot(long key) {
    return (int)
        (((key ^ (key >>> 32)) * SPREAD) >>> (Integer.numberOfLeadingZeros(table.length) + 33));
  }

  private void add(long key, int place) {
    if (groups == keys.length) {
      keys = Arrays.copyOf(keys, 2 * groups);
      first = Arrays.copyOf(first, 2 * groups);
      sizes = Arrays.copyOf(sizes, 2 * groups);
      table = new int[2 * table.length];
      for (int group = 0; group < groups; group++) {
        enter(group);
      }
    }
    keys[groups] = key;
    first[groups] = place;
    enter(groups);
    groups++;
  }

  private void enter(int group) {
    int slot = slot(keys[group]);
    while (table[slot] != 0) {
      slot = (slot + 1) & (table.length - 1);
    }
    table[slot] = group + 1;
  }
}
