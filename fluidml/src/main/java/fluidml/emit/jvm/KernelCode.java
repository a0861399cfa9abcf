package fluidml.emit.jvm;

import fluidml.emit.CompiledKernel;
import fluidml.emit.x86.ByteTiles;
import fluidml.error.InvalidModelException;
import fluidml.loop.Kernel;
import fluidml.loop.Target;
import fluidml.loop.Verifier;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Code of several kernels as class files, which another process can load.
 *
 * @param procedures class files of procedures that kernels share, by simple name
 * @param kernels the class file of each kernel, in order
 */
public record KernelCode(Map<String, byte[]> procedures, List<byte[]> kernels) {
  /**
   * What emitted code expects of this library: the helpers that it calls, how kernels are called,
   * and which names tell the JIT what a method is.
   */
  public static final int VERSION = version();

  private static int version() {
    Stream<String> called =
        Stream.of(Memory.class, QuarterTurns.class, ByteTiles.class, CompiledKernel.class)
            .flatMap(type -> Stream.of(type.getDeclaredMethods()))
            .filter(method -> !method.isSynthetic())
            .map(Method::toString);
    Stream<String> fallbacks = Stream.of(Fallbacks.class.getDeclaredFields()).map(Field::toString);
    return Stream.of(called, fallbacks, Stream.of(KernelMethods.VECTORS))
        .flatMap(all -> all)
        .sorted()
        .toList()
        .hashCode();
  }

  /** Copies the collections. */
  public KernelCode {
    procedures = Map.copyOf(procedures);
    kernels = List.copyOf(kernels);
  }

  /**
   * The code of kernels for a target.
   *
   * @param form what it calls, where methods do not get longer than C2 compiles
   * @throws fluidml.error.VerificationException as {@link KernelCompiler#compile}
   */
  public static KernelCode of(List<Kernel> kernels, Target target, CallForm form) {
    Map<String, byte[]> procedures = new TreeMap<>();
    SharedProcedures collected = new SharedProcedures(procedures::put);
    List<byte[]> classes = new ArrayList<>();
    for (Kernel kernel : kernels) {
      Verifier.verify(kernel, target);
      classes.add(ClassEmitter.emit(kernel, target, form, collected));
    }
    return new KernelCode(procedures, classes);
  }

  /**
   * Loads the classes, after a look at what they refer to: vectors, memory, arithmetic, each other,
   * and nothing else of the platform or the program.
   *
   * @param where the file they come from, for messages
   * @return running code of each kernel, in order
   * @throws InvalidModelException if a class is malformed or refers to something else
   */
  public List<CompiledKernel> load(String where) {
    List<CompiledKernel> loaded = new ArrayList<>();
    try {
      procedures.forEach(
          (name, bytes) -> {
            if (!SharedProcedures.isNamed(name, bytes)) {
              throw new InvalidModelException(where, "the class " + name + " has another name");
            }
            ClassReferences.check(where, name, bytes);
            SharedProcedures.define(name, bytes);
          });
      for (byte[] bytes : kernels) {
        ClassReferences.check(where, "", bytes);
        loaded.add(KernelCompiler.instantiate(bytes));
      }
    } catch (ReflectiveOperationException
        | LinkageError
        | IllegalArgumentException
        | ClassCastException e) {
      throw new InvalidModelException(where, "a class of a kernel cannot be loaded: " + e, e);
    }
    return loaded;
  }
}
