package fluidml.layout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.InvalidInputException;
import fluidml.error.VerificationException;
import fluidml.layout.SequenceDynamicProgram.Vote;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cases small enough to be solved by hand. */
class TextbookTest {
  /** Two conversions of 3 would eat what the second operator gains by columns. */
  private static final String CHAIN =
      """
      value x row,column store 0,inf
      convert x row column 3
      convert x column row 3
      value y row,column
      convert y row column 3
      convert y column row 3
      value z row,column store 0,inf
      convert z row column 3
      convert z column row 3
      operator first reads x writes y
      variant first rows 5 row row
      variant first turn 6 row column
      operator second reads y writes z
      variant second rows 9 row row
      variant second columns 4 column row
      """;

  /** A diamond: the left arm gains by columns, the right one by rows; the head can give either. */
  private static final String DIAMOND =
      """
      value x row,column store 0,inf
      convert x row column 2
      convert x column row 2
      value y row,column
      convert y row column 2
      convert y column row 2
      value l row
      value r row
      value z row
      operator head reads x writes y
      variant head rows 1 row row
      variant head turn 1 row column
      operator left reads y writes l
      variant left rows 20 row row
      variant left columns 10 column row
      operator right reads y writes r
      variant right rows 6 row row
      variant right columns 13 column row
      operator tail reads l,r writes z
      variant tail rows 1 row,row row
      """;

  @Test
  void dynamicProgramTurnsWhereTheTurnIsCheapest() {
    LayoutProblem problem = LayoutText.parse(CHAIN);
    SequenceDynamicProgram.Result result =
        SequenceDynamicProgram.solve(problem, Sequences.of(problem).getFirst());
    assertEquals(List.of(1, 1), result.variants());
    assertEquals(10, result.cost());
    assertEquals(1, result.linkLayouts().getFirst().layout());
    assertEquals(14, new DefaultSolver().solve(problem).cost());
  }

  @Test
  void diamondIsCutIntoTheHeavierArmAndTheRest() {
    LayoutProblem problem = LayoutText.parse(DIAMOND);
    assertEquals(List.of(List.of(0, 1, 3), List.of(2)), Sequences.of(problem));
  }

  @Test
  void theHeavierWishWinsAndTheLoserConverts() {
    LayoutProblem problem = LayoutText.parse(DIAMOND);
    SequenceSolver.Trace trace = new SequenceSolver().trace(problem);
    LayoutSolution solution = trace.solution();
    assertEquals(1, solution.layouts().get(1), "columns: 1 + 10 against 6");
    assertEquals(1 + 10 + 2 + 6 + 1, solution.cost());
    assertEquals(1, solution.conversions(problem).size());
    LayoutSolution global = new GlobalSolver(Duration.ofSeconds(1)).solve(problem);
    assertEquals(20, global.cost());
    assertEquals(20, global.lowerBound());
    assertEquals(28, new DefaultSolver().solve(problem).cost());
  }

  @Test
  void votesAreWeighted() {
    LayoutProblem problem = LayoutText.parse(DIAMOND);
    List<Vote> votes = List.of(new Vote(0, 1, 0, 3), new Vote(1, 1, 1, 2), new Vote(2, 1, 1, 2));
    assertArrayEquals(new int[] {0, 1, 0, 0, 0}, MajorityVote.count(problem, votes));
    List<Vote> forbidden = List.of(new Vote(0, 0, 1, 9));
    assertArrayEquals(new int[5], MajorityVote.count(problem, forbidden));
  }

  @Test
  void mistakesAreNamed() {
    InvalidInputException unknown =
        assertThrows(InvalidInputException.class, () -> LayoutText.parse("value a x\nturn a"));
    assertEquals("'line 2': unknown word 'turn'", unknown.getMessage());
    assertThrows(
        VerificationException.class,
        () -> LayoutText.parse("value a x\noperator o reads a writes a\nvariant o v 1 x x"));
    LayoutProblem problem = LayoutText.parse(CHAIN);
    LayoutSolution right = new DefaultSolver().solve(problem);
    LayoutSolution wrong =
        new LayoutSolution("", right.variants(), right.layouts(), right.cost() - 1, 0);
    assertThrows(VerificationException.class, () -> SolutionValidator.check(problem, wrong));
  }
}
