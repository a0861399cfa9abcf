package fluidml.conformance;

import java.io.Console;
import java.util.Optional;

/** A line on a terminal that says how far a run is; nothing is printed elsewhere. */
final class Progress {
  private static final String CLEAR = "\r\u001b[K";

  private final int total;
  private final boolean visible;
  private int done;

  /** Progress over a number of steps. */
  Progress(int total) {
    this.total = total;
    this.visible = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
  }

  /** Names the step that begins. */
  void step(String label) {
    if (visible) {
      System.err.printf("%s%d/%d %s", CLEAR, done, total, label);
    }
    done++;
  }

  /** Removes the line. */
  void end() {
    if (visible) {
      System.err.print(CLEAR);
    }
  }
}
