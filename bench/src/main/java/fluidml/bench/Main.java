package fluidml.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Entry point of {@code bin/bench}. */
@Command(
    name = "bench",
    description = "Measures kernels and models.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:success", "1:the command failed", "2:wrong usage"},
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      CompareCommand.class,
      TurnsCommand.class,
      ModelsCommand.class,
      OperatorsCommand.class,
      RooflineCommand.class,
      BindCommand.class,
      SoakCommand.class,
      GemmCommand.class,
      LayoutCommand.class,
      PlanCommand.class,
      MemoryCommand.class,
      AllocatorsCommand.class,
      EnergyCommand.class
    })
public final class Main {
  private Main() {}

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  /** Returns the parser with all subcommands; executing it returns the exit code. */
  static CommandLine commandLine() {
    return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  /** Prints the version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "bench " + (version == null ? "(development)" : version),
        "Java ${java.version} (${java.vm.name})"
      };
    }
  }
}
