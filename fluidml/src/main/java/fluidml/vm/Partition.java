package fluidml.vm;

/** The static, balanced partition of an index range into contiguous parts. */
public final class Partition {
  private Partition() {}

  /**
   * Returns the first index of a part; {@code begin(extent, parts, part + 1)} is the end of it.
   * Sizes differ by at most one, larger parts come first.
   *
   * @param extent number of indices, zero or more
   * @param parts number of parts, at least one
   * @param part the part, from zero to {@code parts} inclusive
   */
  public static long begin(long extent, int parts, int part) {
    return part * (extent / parts) + Math.min(part, extent % parts);
  }
}
