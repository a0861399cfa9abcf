package fluidml.conformance;

import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.error.UnsupportedModelException;
import fluidml.graph.Value;
import fluidml.reference.Datum;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * This library.
 *
 * @param name the name in tables
 * @param gaps the name of the list of known gaps
 * @param options how models are compiled and run
 * @param saved whether models are saved and what was saved is run
 */
record FluidmlEngine(String name, String gaps, Options options, boolean saved) implements Engine {
  @Override
  public Loaded load(Path path) throws IOException, RefusedException {
    try {
      Model model = saved ? saved(path) : Model.load(path, options);
      try {
        return new LoadedModel(model, model.newSession());
      } catch (RuntimeException | Error e) {
        model.close();
        throw e;
      }
    } catch (UnsupportedModelException e) {
      throw new RefusedException(e.getMessage(), e);
    }
  }

  private Model saved(Path path) throws IOException {
    Path file = Files.createTempFile("conformance", ".fluidml");
    try (Model compiled = Model.load(path, options)) {
      compiled.save(file);
      return Model.load(file, options);
    } finally {
      Files.delete(file);
    }
  }

  private record LoadedModel(Model model, Session session) implements Loaded {
    @Override
    public Map<String, Datum> run(Map<String, Datum> inputs) throws RefusedException {
      Map<String, Datum> data = new LinkedHashMap<>();
      for (Value input : model.inputs()) {
        data.put(input.name(), inputs.getOrDefault(input.name(), Datum.absent()));
      }
      try {
        return session.runData(data);
      } catch (UnsupportedModelException e) {
        throw new RefusedException(e.getMessage(), e);
      }
    }

    @Override
    public List<Fallback> fallbacks() {
      return model.program().stream()
          .flatMap(program -> program.fallbacks().stream())
          .map(step -> new Fallback(step.label(), step.reason()))
          .toList();
    }

    @Override
    public void close() {
      session.close();
      model.close();
    }
  }
}
