import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Formats Java sources with google-java-format, or checks that they are formatted.
 *
 * <p>Usage: {@code Format.java (apply|check) FILE_OR_DIRECTORY...}. Exit code 0: all formatted; 1:
 * {@code check} found files that are not, or a file does not parse; 2: wrong usage.
 */
public final class Format {
  private static final Set<String> SKIPPED = Set.of("target", ".git");

  private Format() {}

  /** Runs the command line described on the class. */
  public static void main(String[] args) throws IOException {
    if (args.length < 2 || !(args[0].equals("apply") || args[0].equals("check"))) {
      System.err.println("usage: Format.java (apply|check) FILE_OR_DIRECTORY...");
      System.exit(2);
    }
    boolean apply = args[0].equals("apply");
    List<Path> files = new ArrayList<>();
    for (String arg : List.of(args).subList(1, args.length)) {
      collect(Path.of(arg), files);
    }
    List<String> complaints =
        files.parallelStream().map(f -> format(f, apply)).filter(s -> !s.isEmpty()).toList();
    complaints.forEach(System.err::println);
    if (!complaints.isEmpty()) {
      System.err.println("Run bin/format to format all sources.");
      System.exit(1);
    }
  }

  private static void collect(Path root, List<Path> files) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
            return SKIPPED.contains(String.valueOf(dir.getFileName()))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Returns a complaint about the file, or an empty string. */
  private static String format(Path file, boolean apply) {
    try {
      String source = Files.readString(file);
      String formatted = new Formatter().formatSourceAndFixImports(source);
      if (formatted.equals(source)) {
        return "";
      }
      if (apply) {
        Files.writeString(file, formatted);
        System.out.println("formatted " + file);
        return "";
      }
      return "not formatted: " + file;
    } catch (FormatterException e) {
      return "does not parse: " + file + ": " + e.getMessage();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
