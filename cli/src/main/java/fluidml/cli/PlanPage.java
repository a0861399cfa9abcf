package fluidml.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** A page that draws a memory plan; everything it needs is in it. */
final class PlanPage {
  private static final String PLACE = "/*DATA*/null";

  private PlanPage() {}

  /**
   * The page.
   *
   * @param json what {@link PlanReport#json} gives
   */
  static String of(String json) {
    try (InputStream template = PlanPage.class.getResourceAsStream("plan.html")) {
      if (template == null) {
        throw new IllegalStateException("the jar lacks plan.html");
      }
      String page = new String(template.readAllBytes(), StandardCharsets.UTF_8);
      // "</script>" inside of a string would end the script.
      return page.replace(PLACE, json.replace("</", "<\\/"));
    } catch (IOException e) {
      throw new IllegalStateException("plan.html cannot be read", e);
    }
  }
}
