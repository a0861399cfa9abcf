package fluidml.bench;

import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What one core can multiply and add at best: twelve sums in registers, as in a micro-kernel. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PeakBenchmark {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Rounds of one call; each is twelve vector fmas. */
  static final int ROUNDS = 100_000;

  /** Floating-point operations of one call. */
  static double flops() {
    return 2.0 * 12 * SPECIES.length() * ROUNDS;
  }

  /** The chains; their sum keeps them alive. */
  @Benchmark
  public float peak() {
    FloatVector factor = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector term = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector s0 = term;
    FloatVector s1 = term;
    FloatVector s2 = term;
    FloatVector s3 = term;
    FloatVector s4 = term;
    FloatVector s5 = term;
    FloatVector s6 = term;
    FloatVector s7 = term;
    FloatVector s8 = term;
    FloatVector s9 = term;
    FloatVector s10 = term;
    FloatVector s11 = term;
    for (int i = 0; i < ROUNDS; i++) {
      s0 = factor.fma(term, s0);
      s1 = factor.fma(term, s1);
      s2 = factor.fma(term, s2);
      s3 = factor.fma(term, s3);
      s4 = factor.fma(term, s4);
      s5 = factor.fma(term, s5);
      s6 = factor.fma(term, s6);
      s7 = factor.fma(term, s7);
      s8 = factor.fma(term, s8);
      s9 = factor.fma(term, s9);
      s10 = factor.fma(term, s10);
      s11 = factor.fma(term, s11);
    }
    FloatVector low = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
    return low.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
  }
}
