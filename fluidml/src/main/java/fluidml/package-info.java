/** Public API: load an ONNX model, open a session, run it, close it. */
package fluidml;
