package fluidml.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import fluidml.Model;
import fluidml.Options;
import fluidml.Session;
import fluidml.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A model that an engine has loaded, with its inputs; every call runs it once. */
interface RunnableModel extends Runnable, AutoCloseable {
  @Override
  void close();

  /** A model on this engine. */
  final class Fluidml implements RunnableModel {
    private final Model model;
    private final Session session;
    private final Session.BoundRun run;

    /** Loads a model; public, as the class loader of another build creates it by reflection. */
    public Fluidml(Path path, int threads, Map<String, Long> dims) {
      model = Model.load(Inputs.modelFile(path), Options.defaults().withThreads(threads));
      session = model.newSession();
      Map<String, Tensor> inputs = Inputs.of(path, model.inputs(), dims);
      run = session.bind(inputs, Inputs.offHeap(session.run(inputs)));
    }

    @Override
    public void run() {
      run.run();
    }

    @Override
    public void close() {
      session.close();
      model.close();
    }
  }

  /** A model on ONNX Runtime. */
  final class OtherEngine implements RunnableModel {
    private final OrtSession session;
    private final Map<String, OnnxTensor> tensors;

    OtherEngine(Path path, int threads, Map<String, Long> dims) throws OrtException {
      Map<String, Tensor> inputs = OnnxRuntimeWorker.inputs(path, dims);
      try (OrtSession.SessionOptions options = OnnxRuntime.options(threads)) {
        session =
            OnnxRuntime.environment().createSession(Inputs.modelFile(path).toString(), options);
      }
      tensors = OnnxRuntime.tensors(inputs);
    }

    @Override
    public void run() {
      OnnxRuntimeWorker.run(session, tensors);
    }

    @Override
    public void close() {
      tensors.values().forEach(OnnxTensor::close);
      try {
        session.close();
      } catch (OrtException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A model on another build of this engine, whose classes are loaded beside those of this one. */
  final class OtherBuild implements RunnableModel {
    private final URLClassLoader loader;
    private final Runnable model;

    /**
     * Loads a model.
     *
     * @param jar the library's jar of the other build
     * @throws ReflectiveOperationException if that build's interface is another one
     */
    OtherBuild(Path jar, Path path, int threads, Map<String, Long> dims)
        throws IOException, ReflectiveOperationException {
      loader = new URLClassLoader("other build", urls(jar), ClassLoader.getPlatformClassLoader());
      try {
        model =
            (Runnable)
                loader
                    .loadClass(Fluidml.class.getName())
                    .getConstructor(Path.class, int.class, Map.class)
                    .newInstance(path, threads, dims);
      } catch (InvocationTargetException e) {
        throw new IllegalStateException(jar + " does not load " + path, e.getCause());
      }
    }

    /** The other library first, then everything else that this process runs. */
    private static URL[] urls(Path jar) throws MalformedURLException {
      List<URL> urls = new ArrayList<>();
      urls.add(jar.toUri().toURL());
      String all = System.getProperty("java.class.path");
      for (String entry : all.split(File.pathSeparator, -1)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      return urls.toArray(URL[]::new);
    }

    @Override
    public void run() {
      model.run();
    }

    @Override
    public void close() {
      try (loader) {
        ((AutoCloseable) model).close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** The library's jar of a checkout that was built, or the jar itself. */
  static Path library(Path build) throws IOException {
    if (!Files.isDirectory(build)) {
      return build;
    }
    Path libraries = build.resolve(Path.of("bench", "target", "lib"));
    if (Files.isDirectory(libraries)) {
      try (Stream<Path> jars = Files.list(libraries)) {
        for (Path jar : jars.toList()) {
          if (jar.getFileName().toString().matches("fluidml-[0-9].*\\.jar")) {
            return jar;
          }
        }
      }
    }
    throw new IOException(
        build
            + " holds no "
            + Path.of("bench", "target", "lib")
            + "/fluidml-VERSION.jar:"
            + " run bin/bench --version there, or name a jar");
  }
}
