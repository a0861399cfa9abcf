package fluidml.reference;

import java.util.random.RandomGenerator;

/**
 * The generator MT19937 (Matsumoto and Nishimura, 1998), whose numbers in [0, 1) are those of
 * numpy's {@code RandomState}: what ONNX's own tests draw with a seed.
 */
final class MersenneTwister implements RandomGenerator {
  private static final int SIZE = 624;
  private static final int SHIFT = 397;

  private final int[] state = new int[SIZE];
  private int next = SIZE;

  MersenneTwister(int seed) {
    state[0] = seed;
    for (int i = 1; i < SIZE; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  private void twist() {
    for (int i = 0; i < SIZE; i++) {
      int y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      int odd = (y & 1) != 0 ? 0x9908b0df : 0;
      state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ odd;
    }
    next = 0;
  }

  @Override
  public int nextInt() {
    if (next == SIZE) {
      twist();
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  @Override
  public long nextLong() {
    return ((long) nextInt() << 32) | Integer.toUnsignedLong(nextInt());
  }

  @Override
  public double nextDouble() {
    double high = nextInt() >>> 5;
    double low = nextInt() >>> 6;
    return (high * 0x1p26 + low) * 0x1p-53;
  }
}
