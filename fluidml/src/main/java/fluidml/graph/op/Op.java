package fluidml.graph.op;

/**
 * What a node computes: a closed set of immutable records, grouped by theme. Every attribute is a
 * typed component; ONNX attribute maps and opset versions end in the importer.
 *
 * <p>A record's Javadoc lists its operands ({@code ?} marks optional ones) and results. Shapes and
 * types follow the ONNX operator of that name unless said otherwise.
 */
public sealed interface Op
    permits Elementwise,
        Contraction,
        Reduction,
        Normalization,
        Movement,
        Indexing,
        Generation,
        Control,
        SequenceOp,
        Quantization,
        Recurrent,
        Vision,
        Signal,
        Text,
        Learning {
  /** The name printed for this op: the record's simple name. */
  default String mnemonic() {
    return getClass().getSimpleName();
  }
}
