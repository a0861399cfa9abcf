package fluidml.emit.x86;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fluidml.emit.x86.Assembler.Address;
import fluidml.emit.x86.Assembler.Condition;
import fluidml.emit.x86.Assembler.Label;
import fluidml.emit.x86.Assembler.Register;
import fluidml.loop.Stmt.ByteTile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

final class ByteTilesTest {
  private static void assertCode(String expected, Consumer<Assembler> instructions) {
    Assembler assembler = new Assembler();
    instructions.accept(assembler);
    assertEquals(expected.replace(" ", ""), HexFormat.of().formatHex(assembler.bytes()));
  }

  /** As GNU's assembler encodes them, but for displacements of zero, which are written out. */
  @Test
  void integersAreEncoded() {
    assertCode("48 89 4c 24 f8", a -> a.store(Address.of(Register.RSP, -8), Register.RCX));
    assertCode("48 8b 4c 24 f8", a -> a.load(Register.RCX, Address.of(Register.RSP, -8)));
    assertCode("4c 03 54 24 08", a -> a.add(Register.R10, Address.of(Register.RSP, 8)));
    assertCode(
        "4c 8d 5c 76 00", a -> a.lea(Register.R11, new Address(Register.RSI, Register.RSI, 2, 0)));
    assertCode("4c 89 c1", a -> a.move(Register.RCX, Register.R8));
    assertCode("49 01 c2", a -> a.add(Register.R10, Register.RAX));
    assertCode("48 81 e9 02 00 00 00", a -> a.subtract(Register.RCX, 2));
    assertCode("49 81 c2 08 00 00 00", a -> a.add(Register.R10, 8));
  }

  @Test
  void vectorsAreEncoded() {
    assertCode("62 01 25 40 ef db", a -> a.clear(27));
    assertCode("62 61 7e 48 6f 6a 01", a -> a.loadVector(29, Address.of(Register.RDX, 64)));
    assertCode("62 f1 7e 48 6f 82 41 00 00 00", a -> a.loadVector(0, Address.of(Register.RDX, 65)));
    assertCode("62 61 7e 48 7f 59 1b", a -> a.storeVector(Address.of(Register.RCX, 0x6c0), 27));
    assertCode(
        "62 02 7d 48 58 7c 1a 01",
        a -> a.broadcast(31, new Address(Register.R10, Register.R11, 1, 4)));
    assertCode("62 02 05 40 50 df", a -> a.dotProduct(27, 31, 31));
    assertCode("62 12 0d 40 50 c4", a -> a.dotProduct(8, 30, 28));
  }

  @Test
  void jumpsGoForwardsAndBackwards() {
    assertCode(
        "0f 84 06 00 00 00 0f 8d fa ff ff ff",
        a -> {
          Label end = new Label();
          Label here = new Label();
          a.jump(Condition.ZERO, end);
          a.bind(here);
          a.jump(Condition.NOT_LESS, here);
          a.bind(end);
        });
  }

  private static MemorySegment bytes(Arena arena, Random random, long size) {
    byte[] bytes = new byte[Math.toIntExact(size)];
    random.nextBytes(bytes);
    return arena.allocate(size, 64).copyFrom(MemorySegment.ofArray(bytes));
  }

  /** Machine code, the same in Java, and the definition. */
  @Property(tries = 300)
  void tilesAreSumsOfProducts(@ForAll long seed) {
    Random random = new Random(seed);
    int rows = 1 + random.nextInt(ByteTile.MOST_ROWS);
    int vectors = 1 + random.nextInt(ByteTile.MOST_VECTORS);
    int columns = vectors * ByteTile.LANES;
    int steps = random.nextInt(9);
    int turns = 1 + random.nextInt(4);
    int rowStride = random.nextInt(70);
    int turnStride = random.nextInt(200);
    int last = (rows - 1) * rowStride + (turns - 1) * turnStride + 4 * steps;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment left = bytes(arena, random, Math.max(1, last));
      MemorySegment panel = bytes(arena, random, Math.max(1, 4 * steps * turns * columns));
      int[] expected = new int[rows * columns];
      for (int i = 0; i < expected.length; i++) {
        for (int k = 0; k < 4 * steps * turns; k++) {
          int turn = k / (4 * steps);
          int at = i / columns * rowStride + turn * turnStride + k % (4 * steps);
          int place = (k / 4 * columns + i % columns) * 4 + k % 4;
          expected[i] +=
              (left.get(ValueLayout.JAVA_BYTE, at) & 0xff)
                  * panel.get(ValueLayout.JAVA_BYTE, place);
        }
      }
      MemorySegment sums = arena.allocate(4L * expected.length + 64, 64);
      for (Tiles tiles : List.<Tiles>of(ByteTiles::multiply, ByteTiles::multiplyInJava)) {
        sums.fill((byte) 0x7f);
        tiles.multiply(
            rows,
            vectors,
            left.address(),
            rowStride,
            turnStride,
            panel.address(),
            sums.address(),
            steps,
            turns);
        assertSums(expected, sums);
      }
    }
  }

  /** {@link ByteTiles#multiply}. */
  @FunctionalInterface
  private interface Tiles {
    void multiply(
        long rows,
        long vectors,
        long left,
        long rowStride,
        long turnStride,
        long panel,
        long sums,
        long steps,
        long turns);
  }

  private static void assertSums(int[] expected, MemorySegment sums) {
    long bytes = 4L * expected.length;
    assertArrayEquals(expected, sums.asSlice(0, bytes).toArray(ValueLayout.JAVA_INT));
    for (long i = bytes; i < bytes + 64; i++) {
      assertEquals(0x7f, sums.get(ValueLayout.JAVA_BYTE, i));
    }
  }

  @Test
  void machineCodeRunsWhereTheProcessorHasDotProducts() {
    assumeTrue(Processor.hasByteProducts(), "this machine has no AVX-512 VNNI");
    assertEquals(true, ByteTiles.isFast());
  }
}
