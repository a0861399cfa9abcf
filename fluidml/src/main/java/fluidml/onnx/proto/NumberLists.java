package fluidml.onnx.proto;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/** Immutable lists of numbers that take eight or four bytes an element. */
final class NumberLists {
  private NumberLists() {}

  /** Grows as numbers arrive, then becomes a list. */
  static final class Builder {
    private long[] values = new long[8];
    private int size;

    void add(long value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
    }

    List<Long> longs() {
      return size == 0 ? List.of() : new Longs(Arrays.copyOf(values, size));
    }

    /** The numbers as the bit patterns of floats. */
    List<Float> floats() {
      float[] floats = new float[size];
      for (int i = 0; i < size; i++) {
        floats[i] = Float.intBitsToFloat((int) values[i]);
      }
      return size == 0 ? List.of() : new Floats(floats);
    }
  }

  static List<Long> of(long... values) {
    return values.length == 0 ? List.of() : new Longs(values.clone());
  }

  static List<Float> of(float... values) {
    return values.length == 0 ? List.of() : new Floats(values.clone());
  }

  static List<Long> copyLongs(List<Long> values) {
    return values instanceof Longs ? values : of(values.stream().mapToLong(v -> v).toArray());
  }

  static List<Float> copyFloats(List<Float> values) {
    if (values instanceof Floats) {
      return values;
    }
    float[] copy = new float[values.size()];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = values.get(i);
    }
    return of(copy);
  }

  private static final class Longs extends AbstractList<Long> implements RandomAccess {
    private final long[] values;

    Longs(long[] values) {
      this.values = values;
    }

    @Override
    public Long get(int index) {
      return values[index];
    }

    @Override
    public int size() {
      return values.length;
    }
  }

  private static final class Floats extends AbstractList<Float> implements RandomAccess {
    private final float[] values;

    Floats(float[] values) {
      this.values = values;
    }

    @Override
    public Float get(int index) {
      return values[index];
    }

    @Override
    public int size() {
      return values.length;
    }
  }
}
