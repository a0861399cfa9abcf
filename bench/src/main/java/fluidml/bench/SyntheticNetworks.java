package fluidml.bench;

import fluidml.memory.Buffer;
import fluidml.memory.MemoryProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Intermediate tensors of networks of any depth: sizes and lifespans, no weights and no data. */
final class SyntheticNetworks {
  private static final long ALIGNMENT = 64;
  private static final int FLOAT = 4;

  /** What the networks are like. */
  enum Form {
    /** Layers of attention and two products, residuals; 1024 wide, 512 positions. */
    TRANSFORMER,
    /** Convolution blocks with residuals, the image shrinks and the channels grow. */
    RESIDUAL,
    /** Down and up again, with skips from every level to its counterpart. */
    UNET,
    /** Four branches of different depth that are concatenated. */
    BRANCHES,
    /** No network: short lifespans, uniform sizes. */
    RANDOM_SHORT,
    /** No network: lifespans from one step to a tenth of all, sizes from 64 bytes to 1 MiB. */
    RANDOM_MIXED,
    /** No network: two random steps each, so that a third are live together. */
    RANDOM_UNIFORM,
    /** No network: lifespans log-uniform from one step to half of all, uniform sizes. */
    RANDOM_LONG
  }

  /**
   * A network.
   *
   * @param problem its intermediate tensors
   * @param operators number of operators
   * @param parameters number of weights that it would have
   */
  record Network(MemoryProblem problem, int operators, long parameters) {}

  private final List<Buffer> rows = new ArrayList<>();
  private long parameters;
  private int step;

  private SyntheticNetworks() {}

  /**
   * Returns a network.
   *
   * @param form what it is like
   * @param operators about how many operators it has
   */
  static Network of(Form form, int operators) {
    SyntheticNetworks network = new SyntheticNetworks();
    switch (form) {
      case TRANSFORMER -> network.transformer(operators);
      case RESIDUAL -> network.residual(operators);
      case UNET -> network.unet(operators);
      case BRANCHES -> network.branches(operators);
      case RANDOM_SHORT, RANDOM_MIXED, RANDOM_UNIFORM, RANDOM_LONG ->
          network.random(form, operators);
    }
    return new Network(MemoryProblem.of(network.rows), network.step, network.parameters);
  }

  /** Adds a tensor that the next operator writes and that is read until some operators later. */
  private void produce(long elements, int lastRead) {
    rows.add(
        Buffer.of("t" + rows.size(), step, step + lastRead + 1, elements * FLOAT)
            .aligned(ALIGNMENT));
    step++;
  }

  private void transformer(int operators) {
    long width = 1024;
    long length = 512;
    long row = width * length;
    while (step < operators) {
      produce(row, 4); // normalised
      produce(row, 3); // query
      produce(row, 2); // key
      produce(row, 1); // value
      produce(row, 1); // context
      produce(row, 1); // projected
      produce(row, 4); // residual
      produce(row, 1); // normalised
      produce(4 * row, 1); // up
      produce(4 * row, 1); // activated
      produce(row, 1); // down
      produce(row, 6); // residual, read until after attention
      parameters += 12 * width * width;
    }
  }

  private void residual(int operators) {
    int stages = 4;
    for (int stage = 0; stage < stages; stage++) {
      long channels = 64L << stage;
      long side = 56L >> stage;
      int end = operators * (stage + 1) / stages;
      while (step < end) {
        produce(channels * side * side, 1);
        produce(channels * side * side, 1);
        produce(4 * channels * side * side, 1);
        produce(4 * channels * side * side, 4);
        parameters += 17 * channels * channels;
      }
    }
  }

  private void unet(int operators) {
    int levels = 5;
    int each = Math.max(2, operators / (2 * levels));
    for (int level = 0; level < levels; level++) {
      stage(level, each, (2 * (levels - level) - 1) * each);
    }
    for (int level = levels - 1; level >= 0; level--) {
      stage(level, each, 1);
    }
  }

  private void stage(int level, int operators, int skip) {
    long channels = 32L << level;
    long side = 256L >> level;
    for (int i = 0; i < operators; i++) {
      produce(channels * side * side, i == operators - 1 ? skip : 1);
      parameters += 9 * channels * channels;
    }
  }

  private void branches(int operators) {
    Random random = new Random(1);
    long side = 35;
    while (step < operators) {
      int[] depth = {1, 2, 3, 4};
      int all = 10;
      for (int d : depth) {
        all -= d;
        for (int i = 1; i <= d; i++) {
          long channels = 32L + 16L * random.nextInt(9);
          produce(channels * side * side, i == d ? all + 1 : 1);
          parameters += 9 * channels * channels;
        }
      }
      produce(256 * side * side, 10);
    }
  }

  private void random(Form form, int count) {
    Random random = new Random(count);
    for (int i = 0; i < count; i++) {
      int lower = random.nextInt(count);
      int upper;
      long units;
      if (form == Form.RANDOM_SHORT) {
        upper = lower + 1 + (int) (-20 * Math.log(1 - random.nextDouble()));
        units = 1L + random.nextInt(1000);
      } else if (form == Form.RANDOM_MIXED) {
        upper = lower + (int) Math.exp(random.nextDouble() * Math.log(Math.max(2, count / 10)));
        units = (long) Math.exp(random.nextDouble() * Math.log(16384));
      } else if (form == Form.RANDOM_LONG) {
        upper = lower + (int) Math.exp(random.nextDouble() * Math.log(Math.max(2, count / 2)));
        units = 1L + random.nextInt(1000);
      } else {
        int other = random.nextInt(count);
        upper = Math.max(lower, other) + 1;
        lower = Math.min(lower, other);
        units = 1L + random.nextInt(1000);
      }
      rows.add(Buffer.of("t" + i, lower, upper, units * ALIGNMENT).aligned(ALIGNMENT));
    }
    step = count;
  }
}
