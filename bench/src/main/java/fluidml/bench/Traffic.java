package fluidml.bench;

import fluidml.Model;
import fluidml.graph.Value;
import fluidml.lower.Argument;
import fluidml.lower.LoweredProgram;
import fluidml.lower.Step;
import fluidml.lower.Storage;
import fluidml.tensor.Dim;
import fluidml.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The bytes that a run moves if nothing stays in a cache from step to step. */
final class Traffic {
  private Traffic() {}

  /**
   * The sum over all steps of the buffers that each reads or writes, weights included, each once.
   *
   * @return −1 if an extent is not known from the inputs, or the engine is not compiled
   */
  static long bytes(Model model, Map<String, Tensor> inputs) {
    if (model.program().isEmpty()) {
      return -1;
    }
    LoweredProgram program = model.program().get();
    Map<String, Long> symbols = new HashMap<>();
    for (Value input : program.graph().inputs()) {
      Tensor tensor = inputs.get(input.name());
      for (int axis = 0; tensor != null && axis < tensor.rank(); axis++) {
        for (String symbol : input.shape().dim(axis).symbols()) {
          if (input.shape().dim(axis).equals(Dim.symbol(symbol))) {
            symbols.put(symbol, tensor.dim(axis));
          }
        }
      }
    }
    long sum = 0;
    for (Step step : program.steps()) {
      Set<Value> touched = new HashSet<>(step.roots(program.storage()));
      if (step instanceof Step.Call call) {
        for (Argument argument : call.call().arguments()) {
          if (argument instanceof Argument.Packed packed) {
            touched.add(packed.source());
          }
        }
      }
      for (Value value : touched) {
        Dim bytes = Storage.bytes(value);
        if (!symbols.keySet().containsAll(bytes.symbols())) {
          return -1;
        }
        sum += bytes.evaluate(symbols::get);
      }
    }
    return sum;
  }
}
