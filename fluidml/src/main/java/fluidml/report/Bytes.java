package fluidml.report;

import fluidml.error.InvalidInputException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes as people write them; units are powers of 1024. */
public final class Bytes {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})([KMGT]?)(?:i?B)?");
  private static final String UNITS = "KMGT";

  private Bytes() {}

  /** A size with three significant digits and its unit, e.g. {@code 1.5 MiB}. */
  public static String format(long bytes) {
    if (Math.abs(bytes) < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    while (Math.abs(value) >= 1023.5 && unit < UNITS.length() - 1) {
      value /= 1024;
      unit++;
    }
    String digits = Math.abs(value) < 10 ? "%.2f" : Math.abs(value) < 100 ? "%.1f" : "%.0f";
    return String.format(Locale.ROOT, digits, value) + " " + UNITS.charAt(unit) + "iB";
  }

  /**
   * Reads a size: a number with an optional K, M, G or T, e.g. {@code 512M}.
   *
   * @throws InvalidInputException if the text is no size or does not fit 63 bits
   */
  public static long parse(String text) {
    Matcher matcher = SIZE.matcher(text.trim().toUpperCase(Locale.ROOT).replace("IB", "B"));
    if (!matcher.matches()) {
      throw new InvalidInputException(text, "not a size in bytes; write for example 512M or 2G");
    }
    try {
      String unit = matcher.group(2);
      long factor = unit.isEmpty() ? 1 : 1L << (10 * (UNITS.indexOf(unit) + 1));
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), factor);
    } catch (ArithmeticException e) {
      throw new InvalidInputException(text, "more than 2^63 bytes");
    }
  }
}
