/** ONNX backend tests run against every engine. */
package fluidml.conformance;
