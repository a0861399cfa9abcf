package fluidml.emit.x86;

import fluidml.emit.x86.Assembler.Address;
import fluidml.emit.x86.Assembler.Condition;
import fluidml.emit.x86.Assembler.Label;
import fluidml.emit.x86.Assembler.Register;

/**
 * A function in the System V calling convention that computes a tile: the sums of products of rows
 * of unsigned bytes with a panel of signed bytes, all in registers. Four terms are one step of a
 * dot product; they are four neighbours in a row, and in the panel of each column. The sums of the
 * largest tile and a line of the panel leave two of the 32 registers for elements.
 *
 * <p>Arguments: address of the first row; bytes between rows; address of the panel; address of the
 * sums; steps of a turn; turns; bytes from a turn's last step to the next turn's first in a row.
 */
final class ByteTileCode {
  private static final int VECTOR_BYTES = 64;

  /** Rows that are reached from one register, whose distances scales and two others give. */
  private static final int ROWS_OF_BASE = 5;

  private static final Register[] BASES = {Register.RDI, Register.RAX, Register.R10};
  private static final Register STRIDE = Register.RSI;
  private static final Register THREE_STRIDES = Register.R11;
  private static final Register PANEL = Register.RDX;
  private static final Register SUMS = Register.RCX;
  private static final Register STEPS = Register.R8;
  private static final Register TURNS = Register.R9;

  /** Has the address of the sums first, which waits in memory meanwhile. */
  private static final Register COUNT = SUMS;

  /** Below the stack, where a function that calls no other may write. */
  private static final Address WAITING = Address.of(Register.RSP, -8);

  /** The seventh argument, behind the return address. */
  private static final Address TO_NEXT_TURN = Address.of(Register.RSP, 8);

  private final Assembler assembler = new Assembler();
  private final int rows;
  private final int vectors;

  private ByteTileCode(int rows, int vectors) {
    this.rows = rows;
    this.vectors = vectors;
  }

  /** The bytes of the function for tiles of some rows and vectors of sums. */
  static byte[] of(int rows, int vectors) {
    return new ByteTileCode(rows, vectors).write();
  }

  private byte[] write() {
    assembler.begin();
    assembler.store(WAITING, SUMS);
    assembler.lea(THREE_STRIDES, new Address(STRIDE, STRIDE, 2, 0));
    for (int i = 1; i < bases(); i++) {
      assembler.lea(BASES[i], new Address(STRIDE, STRIDE, 4, 0));
      assembler.add(BASES[i], BASES[i - 1]);
    }
    for (int sum = 0; sum < rows * vectors; sum++) {
      assembler.clear(sum);
    }
    Label turn = new Label();
    Label twoSteps = new Label();
    Label last = new Label();
    Label done = new Label();
    assembler.bind(turn);
    assembler.move(COUNT, STEPS);
    assembler.subtract(COUNT, 2);
    assembler.jump(Condition.LESS, last);
    assembler.bind(twoSteps);
    steps(2);
    assembler.subtract(COUNT, 2);
    assembler.jump(Condition.NOT_LESS, twoSteps);
    assembler.bind(last);
    assembler.add(COUNT, 2);
    assembler.jump(Condition.ZERO, done);
    steps(1);
    assembler.bind(done);
    for (int i = 0; i < bases(); i++) {
      assembler.add(BASES[i], TO_NEXT_TURN);
    }
    assembler.subtract(TURNS, 1);
    assembler.jump(Condition.NOT_ZERO, turn);
    assembler.load(SUMS, WAITING);
    for (int sum = 0; sum < rows * vectors; sum++) {
      assembler.storeVector(Address.of(SUMS, sum * VECTOR_BYTES), sum);
    }
    assembler.end();
    return assembler.bytes();
  }

  private int bases() {
    return Math.ceilDiv(rows, ROWS_OF_BASE);
  }

  private void steps(int count) {
    int line = rows * vectors;
    int element = line + vectors;
    for (int step = 0; step < count; step++) {
      for (int v = 0; v < vectors; v++) {
        int displacement = (step * vectors + v) * VECTOR_BYTES;
        assembler.loadVector(line + v, Address.of(PANEL, displacement));
      }
      for (int row = 0; row < rows; row++) {
        int spread = element + row % 2;
        assembler.broadcast(spread, row(row, step * Integer.BYTES));
        for (int v = 0; v < vectors; v++) {
          assembler.dotProduct(row * vectors + v, spread, line + v);
        }
      }
    }
    for (int i = 0; i < bases(); i++) {
      assembler.add(BASES[i], count * Integer.BYTES);
    }
    assembler.add(PANEL, count * vectors * VECTOR_BYTES);
  }

  private static Address row(int row, int displacement) {
    Register base = BASES[row / ROWS_OF_BASE];
    int strides = row % ROWS_OF_BASE;
    return switch (strides) {
      case 0 -> Address.of(base, displacement);
      case 3 -> new Address(base, THREE_STRIDES, 1, displacement);
      default -> new Address(base, STRIDE, strides, displacement);
    };
  }
}
