package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fluidml.error.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryCsvTest {
  @Test
  void columnsComeInAnyOrderAndOffsetsMayBeMissing() {
    MemoryProblem problem =
        MemoryCsv.parseProblem(
            "size, id, upper, lower, offset, alignment\r\n8,a,3,0,64,64\r\n4,b,2,1,,4\n\n");
    assertEquals(Buffer.of("a", 0, 3, 8).aligned(64).at(64), problem.buffer(0));
    assertEquals(Buffer.of("b", 1, 2, 4).aligned(4), problem.buffer(1));
    assertThrows(
        InvalidInputException.class,
        () -> MemoryCsv.parsePlan("p", MemoryCsv.format(problem)),
        "b has no offset");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id,lower,upper|line 1",
        "id,lower,upper,size,colour|line 1",
        "id,lower,upper,size,size|line 1",
        "id,lower,upper,size;a,0,1|line 2",
        "id,lower,upper,size;a,0,1,x|line 2",
        "id,lower,upper,size;a,0,1,2;b,0,1,-1|line 3",
        "id,lower,upper,size;a,0,99999999999,1|line 2",
        "id,lower,upper,size;a,3,3,1|lower 3 is not below upper 3",
        "id,lower,upper,size;a,0,1,1;;a,1,2,1|id 'a' is that of line 2",
        "id,lower,upper,size,alignment;a,0,1,1,3|alignment 3 is no power of two",
        "id,lower,upper,size,alignment,offset;a,0,1,1,4,6|not a multiple of alignment 4",
        "id,lower,upper,size,offset,alias;a,0,1,1,0,x;b,0,1,1,1,x|alias 'x'",
      })
  void malformedTextIsRefusedByLine(String text, String where) {
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class, () -> MemoryCsv.parseProblem(text.replace(';', '\n')));
    assertTrue(e.getMessage().contains(where), e.getMessage());
  }
}
