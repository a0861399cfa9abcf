package fluidml.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Draws kernels below the roofs of the machine. */
final class RooflinePicture {
  /** Kernels with a number of their own in the picture. */
  private static final int NUMBERED = 12;

  /** Kernels with a smaller share of the time are not drawn. */
  private static final double LEAST = 0.0005;

  private RooflinePicture() {}

  /**
   * Intensity against achieved arithmetic, both logarithmic; the area of a disc is the kernel's
   * share of the time, its number its place in the table. What takes next to no time is left out.
   */
  static String svg(MachineLimits limits, List<Roofline.Kernel> kernels) {
    double all = kernels.stream().mapToDouble(Roofline.Kernel::nanos).sum();
    List<Roofline.Kernel> shown =
        kernels.stream().filter(k -> k.flops() > 0 && k.nanos() >= LEAST * all).toList();
    List<LogPlot.Disc> discs = new ArrayList<>();
    for (Roofline.Kernel k : shown) {
      int place = kernels.indexOf(k) + 1;
      String label =
          String.format(
              Locale.ROOT,
              "%d: %s %s: %.3f ms, %.0f %% of the limit",
              place,
              k.name(),
              k.shapes(),
              k.nanos() / 1e6,
              100 * k.fraction(limits));
      String mark = place <= NUMBERED ? Integer.toString(place) : "";
      discs.add(new LogPlot.Disc(k.intensity(), k.gflops(), k.nanos() / all, label, mark));
    }
    double low = shown.stream().mapToDouble(Roofline.Kernel::intensity).min().orElse(1) / 2;
    double high = shown.stream().mapToDouble(Roofline.Kernel::intensity).max().orElse(10) * 2;
    Map<String, List<double[]>> roofs = new LinkedHashMap<>();
    double peak = limits.gflops();
    roofs.put("tensors' bandwidth", roof(peak, limits.tensorGigabytes(), low, high));
    roofs.put("weights' bandwidth", roof(peak, limits.weightGigabytes(), low, high));
    if (limits.byteGops() > 0) {
      roofs.put("products of bytes", roof(limits.byteGops(), limits.tensorGigabytes(), low, high));
    }
    return LogPlot.svg("FLOP per byte", "GFLOP/s", roofs, discs);
  }

  private static List<double[]> roof(double peak, double bandwidth, double low, double high) {
    double ridge = Math.clamp(peak / bandwidth, low, high);
    return List.of(
        new double[] {low, Math.min(peak, low * bandwidth)},
        new double[] {ridge, Math.min(peak, ridge * bandwidth)},
        new double[] {high, Math.min(peak, high * bandwidth)});
  }

  /** A page with the picture and the table. */
  static String page(String title, String summary, String picture, String table) {
    return """
    <!DOCTYPE html>
    <html lang='en'><head><meta charset='utf-8'><title>Roofline of %1$s</title>
    <style>body{font-family:sans-serif;margin:2em}pre{font-size:12px}</style></head>
    <body><h1>Roofline of %1$s</h1><p>%2$s</p>
    <p>Discs are kernels, their area the share of the time, their number the row below.</p>
    %3$s<pre>%4$s</pre></body></html>
    """
        .formatted(
            LogPlot.escaped(title), LogPlot.escaped(summary), picture, LogPlot.escaped(table));
  }
}
