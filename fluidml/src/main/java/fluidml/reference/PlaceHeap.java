package fluidml.reference;

/** Places by their keys. The smallest key is on top, of equal ones that of the smallest place. */
final class PlaceHeap {
  private final long[] keys;
  private final int[] places;
  private int size;

  /** An empty heap. */
  PlaceHeap(int capacity) {
    keys = new long[capacity];
    places = new int[capacity];
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Removes all. */
  void clear() {
    size = 0;
  }

  /** The key on top. */
  long key() {
    return keys[0];
  }

  /** The place on top. */
  int place() {
    return places[0];
  }

  /** Adds a place; there must be room. */
  void add(long key, int place) {
    int at = size++;
    while (at > 0 && isBefore(key, place, (at - 1) / 2)) {
      move((at - 1) / 2, at);
      at = (at - 1) / 2;
    }
    set(at, key, place);
  }

  /** Removes the place on top. */
  int remove() {
    int top = places[0];
    size--;
    replace(keys[size], places[size]);
    return top;
  }

  /** Puts another place where the one on top was. */
  void replace(long key, int place) {
    int at = 0;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && isBefore(keys[child + 1], places[child + 1], child)) {
        child++;
      }
      if (isBefore(key, place, child)) {
        break;
      }
      move(child, at);
      at = child;
    }
    set(at, key, place);
  }

  private boolean isBefore(long key, int place, int other) {
    return key != keys[other] ? key < keys[other] : place < places[other];
  }

  private void move(int from, int to) {
    set(to, keys[from], places[from]);
  }

  private void set(int at, long key, int place) {
    keys[at] = key;
    places[at] = place;
  }
}
