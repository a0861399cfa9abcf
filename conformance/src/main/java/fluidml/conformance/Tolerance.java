package fluidml.conformance;

/** How close an output must come to what is expected. */
sealed interface Tolerance {
  /** Every element: {@code |a - e| <= absolute + relative * |e|}. */
  record Elementwise(double relative, double absolute) implements Tolerance {}

  /** Every element: {@code |a - e| <= bound * max(1, max |e|)}. */
  record ToLargest(double bound) implements Tolerance {}

  /** The cosine of the angle between both outputs is at least a bound. */
  record Cosine(double bound) implements Tolerance {}

  /** What ONNX's backend runner uses. */
  Tolerance BACKEND_TESTS = new Elementwise(1e-3, 1e-7);
}
