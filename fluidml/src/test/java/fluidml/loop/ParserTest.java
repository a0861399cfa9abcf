package fluidml.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidInputException;
import fluidml.error.VerificationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernel text: prints as it was read, and says where it is wrong. */
class ParserTest {
  private static final String EVERYTHING =
      """
      kernel "say \\"all\\"" (x: f32 read, h: f16 read, m: bool read, i: i8 write, y: f32 read_write, \
      t: f64 scratch[$n * 8 + 64]) sizes(n, stride) parallel floor_div($n + 15, 16) entry main {
        proc helper(a, b) {
          let %v: f32x16 = x[a + b * 16; x16; first_x16($n - a)]
          let %w: f32x16 = fma(%v, h[a; x16], splat_x16(x[b]))
          let %q: i32x16 = bits_i32(%w)
          let %k: boolx16 = and(%v < %w, not(m[a; x16]))
          var %s: f32x16 = select(%k, reverse(rotate_3(%w)), -1.5:f32x16)
          %s = min(%s, Infinity:f32x16)
          y[a] = %s
          y[a; %k] = max(%s, 0x7fc00001:f32x16)
          i[a; first_x16(3)] = xor(zip_upper(%q, zip_lower(%q, iota_i32x16())), unzip_odd(%q, unzip_even(%q, %q))) + shl(%q, 3:i32x16)
          y[b] = lanes_add(%s) - (1.0E-5:f32 - lanes_max(%v)) / 2.0:f32
        }
        proc main(begin, end) {
          for u = begin to end step 1 {
            for j = 0 to 4 step 2 unrolled {
              call helper(u * 16 + j, (u - 1) * $stride)
            }
            if u == -1 {
              t[0] = math_pow(to_f64(y[0]), 2.0:f64)
            } else {
              {
                t[1; true] = neg(t[u; u < 3])
              }
            }
          }
        }
      }
      """;

  @Test
  void printsWhatItRead() {
    Kernel kernel = Parser.parse(EVERYTHING);
    String printed = Printer.print(kernel);
    assertEquals(kernel, Parser.parse(printed));
    assertEquals(printed, Printer.print(Parser.parse(printed)));
    assertEquals("say \"all\"", kernel.name());
  }

  @Test
  void fingerprintIgnoresTheNameOnly() {
    Kernel kernel = Parser.parse(EVERYTHING);
    assertEquals(kernel.fingerprint(), kernel.withName("other").fingerprint());
    Kernel changed = Parser.parse(EVERYTHING.replace("rotate_3", "rotate_4"));
    assertNotEquals(kernel.fingerprint(), changed.fingerprint());
  }

  @Test
  void extentsAreEvaluatedFromSizes() {
    Kernel kernel = Parser.parse(EVERYTHING);
    assertEquals(2, kernel.parallelExtent(new long[] {17, 0}));
    assertEquals(192, kernel.scratchBytes(new long[] {9, 0}));
  }

  @ParameterizedTest
  @CsvSource({
    "rotate_3(%w), rotate_3(%zz)",
    "proc helper, prok helper",
    "f32x16 = x, f33x16 = x",
    "step 2, step two",
    "' 2.0:f64', ' 2.0:f64 ?'"
  })
  void namesTheLineOfAnError(String right, String wrong) {
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class, () -> Parser.parse(EVERYTHING.replace(right, wrong)));
    assertTrue(e.getMessage().contains("line "), e.getMessage());
  }

  /** One broken rule each: the statement stands alone in a procedure of a kernel. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "x[0] = 1.0:f32",
        "y[0] = 1.0:f64",
        "y[0] = z[0]",
        "let %a: f32x4 = x[0]",
        "let %a: f32 = x[0] let %a: f32 = x[0]",
        "let %a: f32 = x[0] %a = 1.0:f32",
        "let %a: f32x3 = x[0]",
        "let %a: f32x32 = 0.0:f32x32",
        "let %a: f32 = x[b]",
        "let %a: f32 = x[1.0:f32]",
        "let %a: f32 = x[0; x4; first_x8(3)]",
        "let %a: i32x4 = 3:i32x4 / 2:i32x4",
        "let %a: f32 = and(1.0:f32, 1.0:f32)",
        "let %a: f32 = 1.0:f32 + 1.0:f64",
        "let %a: f32 = to_f32(1.0:f32)",
        "let %a: f32 = bits_f32(3)",
        "let %a: f32x4 = splat_x4(0.0:f32x4)",
        "let %a: f32 = lanes_and(0.0:f32x4)",
        "let %a: f32x4 = rotate_4(0.0:f32x4)",
        "let %a: f64 = math_pow(1.0:f64)",
        "for p = 0 to 4 step 1 { }",
        "for i = 0 to p step 1 unrolled { }",
        "for i = 0 to 4 step 0 { }",
        "if p { }",
        "call later(p)",
        "call main(p)",
        "for i = 0 to 4 step 1 { let %a: f32 = x[i] } y[0] = %a"
      })
  void verifierRefuses(String statement) {
    String text =
        "kernel \"k\"(x: f32 read, y: f32 write) sizes() parallel 1 entry main"
            + " { proc main(p, q) { "
            + statement
            + " } proc later(p) { } }";
    RuntimeException e = assertThrows(RuntimeException.class, () -> Parser.parse(text));
    assertTrue(
        e instanceof VerificationException || e instanceof InvalidInputException, e.toString());
  }
}
