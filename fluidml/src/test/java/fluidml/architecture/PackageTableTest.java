package fluidml.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Freezes which package of the library may use which: the table of ARCHITECTURE.md.
 *
 * <p>A package may use itself (with its sub-packages), the packages its row names, the Java
 * platform and the Vector API; nothing else, so neither a third-party library nor the public API on
 * top.
 */
class PackageTableTest {
  private static final SequencedMap<String, List<String>> TABLE = new LinkedHashMap<>();

  static {
    TABLE.put("error", List.of());
    TABLE.put("file", List.of());
    TABLE.put("tensor", List.of("error"));
    TABLE.put("memory", List.of("error"));
    TABLE.put("layout", List.of("error"));
    TABLE.put("graph", List.of("tensor", "error"));
    TABLE.put("onnx", List.of("graph", "tensor", "error"));
    TABLE.put("reference", List.of("graph", "tensor", "error"));
    TABLE.put("pass", List.of("graph", "reference", "tensor", "error"));
    TABLE.put("loop", List.of("graph", "layout", "tensor", "error"));
    TABLE.put("lower", List.of("graph", "layout", "loop", "tensor", "error"));
    TABLE.put("emit", List.of("loop", "tensor", "error"));
    TABLE.put("saved", List.of("emit", "graph", "loop", "lower", "tensor", "file", "error"));
    TABLE.put(
        "vm",
        List.of(
            "memory", "layout", "loop", "lower", "emit", "graph", "reference", "tensor", "error"));
    TABLE.put(
        "tune",
        List.of(
            "vm",
            "memory",
            "layout",
            "loop",
            "lower",
            "emit",
            "graph",
            "reference",
            "tensor",
            "file",
            "error"));
    TABLE.put(
        "report", List.of("memory", "layout", "graph", "loop", "lower", "vm", "tensor", "error"));
  }

  private static final JavaClasses LIBRARY =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .withImportOption((ImportOption) location -> !location.contains("/test-classes/"))
          .importPackages("fluidml");

  static Stream<String> packages() {
    return TABLE.sequencedKeySet().stream();
  }

  /**
   * Packages of the JDK beyond {@code java.base} and the Vector API, and the one room that uses
   * each.
   */
  private static final Map<String, List<String>> PLATFORM_EXTRAS =
      Map.of(
          "emit",
          List.of(
              "javax.management..",
              "com.sun.management..",
              "jdk.internal.vm.vector..",
              "jdk.internal.misc.."),
          "reference",
          List.of("javax.imageio.."));

  @ParameterizedTest
  @MethodSource("packages")
  void usesOnlyWhatItsRowNames(String name) {
    List<String> allowed = new ArrayList<>(List.of("java..", "jdk.incubator.vector.."));
    allowed.addAll(PLATFORM_EXTRAS.getOrDefault(name, List.of()));
    allowed.add("fluidml." + name + "..");
    TABLE.get(name).forEach(used -> allowed.add("fluidml." + used + ".."));
    classes()
        .that()
        .resideInAPackage("fluidml." + name + "..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(String[]::new))
        .because("row " + name + " of the package table in ARCHITECTURE.md names its dependencies")
        .allowEmptyShould(true)
        .check(LIBRARY);
  }

  /** Code that needs JVM flags is only loaded where they were given. */
  @Test
  void internalsOfThePlatformAreUsedInOnePlace() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("fluidml.emit.jvm.Fallbacks")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.internal..")
        .check(LIBRARY);
  }

  @Test
  void facadeUsesOnlyTheLibraryAndThePlatform() {
    classes()
        .that()
        .resideInAPackage("fluidml")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("fluidml..", "java..", "javax.management..", "jdk.incubator.vector..")
        .because("the library has no run-time dependency besides the JDK")
        .allowEmptyShould(true)
        .check(LIBRARY);
  }

  @Test
  void everyPackageHasItsRow() {
    List<String> unknown =
        LIBRARY.stream()
            .map(JavaClass::getPackageName)
            .distinct()
            .filter(name -> !name.equals("fluidml") && !TABLE.containsKey(room(name)))
            .sorted()
            .toList();
    assertEquals(List.of(), unknown, "packages without a row in the package table");
  }

  @Test
  void rowsNameOnlyRowsAbove() {
    List<String> above = new ArrayList<>();
    for (Map.Entry<String, List<String>> row : TABLE.sequencedEntrySet()) {
      List<String> below = row.getValue().stream().filter(used -> !above.contains(used)).toList();
      assertEquals(List.of(), below, "row " + row.getKey() + " uses rows below it");
      above.add(row.getKey());
    }
  }

  /** Returns {@code emit} for {@code fluidml.emit.jvm}. */
  private static String room(String packageName) {
    String inner = packageName.substring("fluidml.".length());
    int dot = inner.indexOf('.');
    return dot < 0 ? inner : inner.substring(0, dot);
  }
}
