package fluidml.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Re2Test {
  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "(www.|)[\\w.]+\\.(com|net) ~ www.example.com ~ true",
        "(?P<first_name>a+)b{2}?    ~ aabb            ~ true",
        "[[:alpha:]_]+              ~ ab_c            ~ true",
        "[[:^digit:]]+              ~ a1              ~ false",
        "[]a[&&b]+                  ~ ][&ab           ~ true",
        "a{,2}                      ~ a{,2}           ~ true",
        "\\pN\\p{Greek}             ~ 7λ              ~ true",
        "\\Qa.b\\E*                 ~ a.bbb           ~ true",
        "(?i)straße                 ~ STRAßE          ~ true",
        "a\\101                     ~ aA              ~ true",
        "x$                         ~ x               ~ true",
      })
  void readsWhatRe2Reads(String pattern, String text, boolean matches) {
    assertEquals(matches, Re2.compile(pattern).matcher(text).matches());
  }

  @Test
  void agreesOnWhiteSpace() {
    assertTrue(Re2.compile(".").matcher("\r").matches());
    assertTrue(Re2.compile("[\\s]").matcher(" ").matches());
    assertFalse(Re2.compile("\\s").matcher("\013").matches());
    assertFalse(Re2.compile("[^\\S]").matcher("\013").matches());
    assertFalse(Re2.compile("a$").matcher("a\n").matches());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a)\\1", "a(?=b)", "(?<!a)b", "a++", "(?>a)", "(?U)a+", "\\C", "[a", "\\R", "a**"
      })
  void refusesWhatRe2Refuses(String pattern) {
    assertThrows(PatternSyntaxException.class, () -> Re2.compile(pattern));
  }
}
