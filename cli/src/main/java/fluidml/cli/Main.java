package fluidml.cli;

import java.io.PrintWriter;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Entry point of {@code bin/fluidml}. */
@Command(
    name = "fluidml",
    description = "Compiles and runs ONNX models on the JVM.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    subcommands = {
      RunCommand.class,
      InspectCommand.class,
      PlanCommand.class,
      VerifyCommand.class,
      CompileCommand.class,
      ProfileCommand.class,
      BenchCommand.class,
      TuneCommand.class,
      AblateCommand.class,
      AllocateCommand.class,
      GenerateCompletion.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success",
      "1:a model does not verify",
      "2:wrong usage",
      "3:no suitable JDK, or no Maven",
      "4:the build failed",
      "5:the model is invalid or not supported",
      "6:an input or another file is invalid, missing or not writable",
      "7:more memory needed than allowed or available",
      "70:internal error"
    },
    synopsisSubcommandLabel = "COMMAND")
public final class Main {
  private Main() {}

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** Returns the parser with all subcommands; executing it returns the exit code. */
  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setExecutionExceptionHandler(Main::failed)
        .setParameterExceptionHandler(Main::misused);
  }

  private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    err.println(command.getCommandSpec().qualifiedName() + ": " + ExitCode.message(failure));
    if (command.getCommand() instanceof ModelCommand model && model.common.verbose) {
      failure.printStackTrace(err);
    }
    return ExitCode.of(failure);
  }

  private static int misused(ParameterException mistake, String[] args) {
    CommandLine command = mistake.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().println(name + ": " + mistake.getMessage());
    command.getErr().println("Try '" + name + " --help'.");
    return ExitCode.USAGE;
  }

  /** Prints the version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "fluidml " + (version == null ? "(development)" : version),
        "Java ${java.version} (${java.vm.name})"
      };
    }
  }
}
