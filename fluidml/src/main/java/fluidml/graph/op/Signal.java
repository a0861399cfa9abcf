package fluidml.graph.op;

import fluidml.tensor.DType;

/** Signal processing and linear algebra beyond products. */
public sealed interface Signal extends Op {
  /** {@code (x, length?, axis?) → spectrum}; the last axis holds real or (real, imaginary). */
  record Dft(boolean inverse, boolean oneSided) implements Signal {}

  /** {@code (signal, frameStep, window?, frameLength?) → spectrogram}. */
  record Stft(boolean oneSided) implements Signal {}

  /** {@code (bins, dftLength, sampleRate, lowHertz, highHertz) → weights}. */
  record MelWeightMatrix(DType dtype) implements Signal {}

  /** Shapes of {@link WindowFunction}. */
  enum WindowKind {
    HANN,
    HAMMING,
    BLACKMAN
  }

  /** {@code (size) → window of that many elements}. */
  record WindowFunction(WindowKind kind, boolean periodic, DType dtype) implements Signal {}

  /** {@code (x) → determinants of the last two axes}. */
  record Determinant() implements Signal {}
}
