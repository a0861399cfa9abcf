package fluidml.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DimTest {
  private static final List<String> NAMES = List.of("b", "s", "t");

  @Provide
  Arbitrary<Dim> dims() {
    Arbitrary<Dim> leaf =
        Arbitraries.oneOf(
            Arbitraries.integers().between(-6, 12).map(Dim::of),
            Arbitraries.of(NAMES).map(Dim::symbol));
    return Arbitraries.recursive(
        () -> leaf,
        inner ->
            Combinators.combine(inner, leaf, Arbitraries.integers().between(0, 6))
                .as(DimTest::combine),
        0,
        4);
  }

  private static Dim combine(Dim a, Dim b, int operation) {
    return switch (operation) {
      case 0 -> a.plus(b);
      case 1 -> a.minus(b);
      case 2 -> a.times(b);
      case 3 -> a.floorDiv(3);
      case 4 -> a.mod(Dim.of(4));
      case 5 -> a.min(b);
      default -> a.max(b);
    };
  }

  private static ToLongFunction<String> values(int... values) {
    return name -> values[NAMES.indexOf(name)];
  }

  @Property(tries = 2000)
  void operationsCommuteWithEvaluation(
      @ForAll("dims") Dim a,
      @ForAll("dims") Dim b,
      @ForAll @IntRange(max = 9) int x,
      @ForAll @IntRange(max = 9) int y,
      @ForAll @IntRange(max = 9) int z) {
    ToLongFunction<String> at = values(x, y, z);
    long left = a.evaluate(at);
    long right = b.evaluate(at);
    assertEquals(left + right, a.plus(b).evaluate(at));
    assertEquals(left - right, a.minus(b).evaluate(at));
    assertEquals(left * right, a.times(b).evaluate(at));
    assertEquals(Math.min(left, right), a.min(b).evaluate(at));
    assertEquals(Math.max(left, right), a.max(b).evaluate(at));
    if (right != 0 && divisible(b)) {
      assertEquals(Math.floorDiv(left, right), a.floorDiv(b).evaluate(at), a + " / " + b);
      assertEquals(Math.floorMod(left, right), a.mod(b).evaluate(at), a + " mod " + b);
    }
    if (right > 0 && divisible(b)) {
      assertEquals(Math.ceilDiv(left, right), a.ceilDiv(b).evaluate(at), a + " / " + b);
    }
  }

  /** Quotients are defined where no divisor inside is 0. */
  private static boolean divisible(Dim b) {
    return b.isConstant() || b.symbols().size() == 1;
  }

  @Property(tries = 1000)
  void boundsHold(
      @ForAll("dims") Dim a,
      @ForAll @IntRange(max = 20) int x,
      @ForAll @IntRange(max = 20) int y,
      @ForAll @IntRange(max = 20) int z) {
    long value = a.evaluate(values(x, y, z));
    assertTrue(a.lowerBound() <= value && value <= a.upperBound(), () -> a + " = " + value);
  }

  @Property(tries = 1000)
  void textReadsBack(@ForAll("dims") Dim a, @ForAll("dims") Dim b) {
    assertEquals(a, DimParser.parse(a.toString()));
    Shape shape = Shape.of(a, b);
    assertEquals(shape, DimParser.parseShape(shape.toString()));
  }

  @Property(tries = 1000)
  void exactDivisionUndoesProducts(@ForAll("dims") Dim a, @ForAll("dims") Dim b) {
    if (!b.is(0)) {
      assertEquals(a, a.times(b).divideExactly(b).orElseThrow());
    }
  }

  @Property(tries = 500)
  void substitutionCommutesWithEvaluation(
      @ForAll("dims") Dim a, @ForAll @IntRange(max = 9) int x, @ForAll @IntRange(max = 9) int y) {
    Dim replaced = a.substitute(Map.of("b", Dim.symbol("s").plus(2), "t", Dim.of(y)));
    assertEquals(a.evaluate(values(x + 2, x, y)), replaced.evaluate(values(0, x, 0)));
    assertFalse(replaced.symbols().contains("t"));
  }

  @Test
  void normalForms() {
    Dim s = Dim.symbol("s");
    Dim b = Dim.symbol("b");
    assertEquals(s.times(2).plus(2), s.plus(1).times(2));
    assertEquals(s.plus(2), s.times(2).plus(5).floorDiv(2));
    assertEquals(s.plus(3).floorDiv(4), s.plus(3).floorDiv(2).floorDiv(2));
    assertEquals(b, b.times(s).plus(b).floorDiv(s.plus(1)));
    assertEquals(s, s.max(Dim.ZERO));
    assertEquals(s, s.max(s.min(b)));
    assertEquals(s.plus(1), s.plus(1).max(Dim.ONE));
    assertEquals("div(s+1,2)", s.plus(-1).floorDiv(2).plus(1).toString());
    assertEquals(Set.of("b", "s"), b.plus(s.floorDiv(2)).symbols());
    assertTrue(s.mayEqual(b));
    assertFalse(s.plus(2).mayEqual(Dim.ONE));
  }

  @Test
  void divisionByZeroIsRefused() {
    Dim s = Dim.symbol("s");
    for (Dim dim : List.of(Dim.of(7), s, s.times(2).plus(3))) {
      assertThrows(ArithmeticException.class, () -> dim.floorDiv(0));
      assertThrows(ArithmeticException.class, () -> dim.ceilDiv(Dim.ZERO));
    }
  }

  @Test
  void textThatIsNoDimIsRefused() {
    for (String text : List.of("", "2*", "s s)", "div(s)", "foo(s,2)", "9s", "[1,2", "s+")) {
      assertThrows(IllegalArgumentException.class, () -> DimParser.parse(text), text);
    }
    assertThrows(IllegalArgumentException.class, () -> DimParser.parseShape("[1,2]x"));
    assertThrows(IllegalArgumentException.class, () -> Dim.symbol("a b"));
  }

  @Test
  void overflowIsAnException() {
    Dim large = Dim.of(Long.MAX_VALUE);
    assertThrows(ArithmeticException.class, () -> large.plus(1));
    assertThrows(ArithmeticException.class, () -> large.times(2));
    assertEquals(Long.MAX_VALUE, large.lowerBound());
  }
}
