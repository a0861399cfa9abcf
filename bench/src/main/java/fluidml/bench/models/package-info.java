/** Networks of common architectures, written as ONNX exporters write them. */
package fluidml.bench.models;
