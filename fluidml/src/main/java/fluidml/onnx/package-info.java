/**
 * ONNX files in and out: a reader on memory-mapped files, a writer, and the importer that turns a
 * model into a {@code fluidml.graph} graph. Opset versions, attribute maps and function bodies end
 * here.
 */
package fluidml.onnx;
