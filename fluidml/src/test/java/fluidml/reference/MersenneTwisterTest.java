package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MersenneTwisterTest {
  @Test
  void givesThePublishedSequence() {
    MersenneTwister generator = new MersenneTwister(5489);
    int last = 0;
    for (int i = 0; i < 10_000; i++) {
      last = generator.nextInt();
    }
    assertEquals(4123659995L, Integer.toUnsignedLong(last));
  }

  @Test
  void numbersAreThoseOfNumpy() {
    MersenneTwister generator = new MersenneTwister(0);
    assertEquals(0.5488135039273248, generator.nextDouble());
    assertEquals(0.7151893663724195, generator.nextDouble());
  }
}
