package fluidml.cli;

import fluidml.error.FluidmlException;
import fluidml.error.IncompatibleModelException;
import fluidml.error.InvalidInputException;
import fluidml.error.InvalidModelException;
import fluidml.error.KernelFailureException;
import fluidml.error.MemoryLimitException;
import fluidml.error.UnsupportedModelException;
import java.io.IOException;

/** What the command line ends with; 3 and 4 come from the launcher. */
final class ExitCode {
  static final int OK = 0;
  static final int NOT_VERIFIED = 1;
  static final int USAGE = 2;
  static final int MODEL = 5;
  static final int INPUT = 6;
  static final int MEMORY = 7;
  static final int INTERNAL = 70;

  private ExitCode() {}

  /** The exit code for a failure. */
  static int of(Throwable failure) {
    return switch (failure) {
      case InvalidModelException _, UnsupportedModelException _, IncompatibleModelException _ ->
          MODEL;
      case InvalidInputException _, IOException _ -> INPUT;
      case MemoryLimitException _, OutOfMemoryError _ -> MEMORY;
      case KernelFailureException kernel ->
          kernel.getCause() instanceof FluidmlException cause
              ? of(cause)
              : kernel.getCause() == null ? INPUT : INTERNAL;
      default -> INTERNAL;
    };
  }

  /** One line for people. */
  static String message(Throwable failure) {
    String text =
        switch (failure) {
          case FluidmlException e -> e.getMessage();
          case IOException e -> e.getClass().getSimpleName() + ": " + e.getMessage();
          case OutOfMemoryError e ->
              "the Java heap is full (" + e.getMessage() + "); set FLUIDML_JAVA_OPTS=-Xmx…";
          default -> "internal error: " + failure + "; --verbose shows where";
        };
    return text.replaceAll("\\s*\\R\\s*", " ");
  }
}
