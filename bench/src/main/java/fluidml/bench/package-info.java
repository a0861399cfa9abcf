/** Benchmarks: JMH kernels and the end-to-end comparison with ONNX Runtime. */
package fluidml.bench;
