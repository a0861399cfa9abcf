package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.Value;
import fluidml.graph.op.Contraction;
import fluidml.graph.op.Control;
import fluidml.graph.op.Elementwise;
import fluidml.graph.op.Generation;
import fluidml.graph.op.Indexing;
import fluidml.graph.op.Learning;
import fluidml.graph.op.Movement;
import fluidml.graph.op.Normalization;
import fluidml.graph.op.Op;
import fluidml.graph.op.Quantization;
import fluidml.graph.op.Recurrent;
import fluidml.graph.op.Reduction;
import fluidml.graph.op.SequenceOp;
import fluidml.graph.op.Signal;
import fluidml.graph.op.Text;
import fluidml.graph.op.Vision;
import fluidml.tensor.Dim;
import java.util.List;

/**
 * Types of the results of a node, from the types and known contents of its operands.
 *
 * <p>Element types follow ONNX. Extents are expressions of the operands' symbols wherever the op
 * allows it; an extent that depends on data gets a new symbol, named after the op and unique within
 * the graph; a result whose rank depends on data is unranked. {@link Broadcast} says how symbolic
 * extents broadcast. Extents that must agree and may agree are taken to agree.
 */
public final class TypeInference {
  private TypeInference() {}

  /**
   * The types of the results.
   *
   * @param nodeName for messages
   * @param outputs how many results are asked for
   * @param contents what is known of the operands' elements
   * @throws fluidml.error.InvalidModelException if the operands do not fit the op
   */
  public static List<Type> infer(
      String nodeName, Op op, List<Value> inputs, int outputs, Contents contents) {
    Site site = new Site(nodeName, op, inputs, outputs, contents);
    try {
      List<Type> types = infer(site, op);
      types.forEach(type -> checkExtents(site, type));
      return types;
    } catch (ArithmeticException e) {
      throw site.error("an extent does not fit 64 bits", e);
    }
  }

  private static void checkExtents(Site site, Type type) {
    if (type instanceof Type.TensorType tensor && tensor.shape().isPresent()) {
      for (Dim dim : tensor.shape().get().dims()) {
        if (dim.upperBound() < 0) {
          throw site.error("a result would have the extents " + tensor.shape().get());
        }
      }
    }
  }

  private static List<Type> infer(Site site, Op op) {
    return switch (op) {
      case Elementwise elementwise -> ElementwiseTypes.infer(site, elementwise);
      case Contraction contraction -> ContractionTypes.infer(site, contraction);
      case Reduction reduction -> ReductionTypes.infer(site, reduction);
      case Normalization normalization -> NormalizationTypes.infer(site, normalization);
      case Movement movement -> MovementTypes.infer(site, movement);
      case Indexing indexing -> IndexingTypes.infer(site, indexing);
      case Generation generation -> GenerationTypes.infer(site, generation);
      case Control control -> ControlTypes.infer(site, control);
      case SequenceOp sequence -> SequenceTypes.infer(site, sequence);
      case Quantization quantization -> QuantizationTypes.infer(site, quantization);
      case Recurrent recurrent -> RecurrentTypes.infer(site, recurrent);
      case Vision vision -> VisionTypes.infer(site, vision);
      case Signal signal -> SignalTypes.infer(site, signal);
      case Text text -> TextTypes.infer(site, text);
      case Learning learning -> LearningTypes.infer(site, learning);
    };
  }
}
