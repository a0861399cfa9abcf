package fluidml.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MemoryTablesTest {
  @Test
  void showsWhatIsLiveWhereAfterEachStep() {
    MemoryProblem problem = PlannersTest.OPTIMIUM;
    MemoryTables tables = MemoryTables.of(problem, Planners.tables().plan(problem));
    assertEquals(
        """
        step 0: 200 bytes live, allocated [A, B]
          [0, 100) A
          [100, 200) B
        step 1: 200 bytes live, released [A], allocated [C]
          [0, 100) C
          [100, 200) B
        step 2: 200 bytes live, released [B], allocated [E]
          [0, 100) C
          [100, 200) E
        step 3: 300 bytes live, allocated [D]
          [0, 100) C
          [100, 200) E
          [200, 300) D
        step 4: 300 bytes live, released [C], allocated [F]
          [0, 100) F
          [100, 200) E
          [200, 300) D
        """,
        tables.allocationText());
    assertEquals(
        """
        buffer,lower,upper,offset,bytes
        A,0,1,0,100
        B,0,2,100,100
        C,1,4,0,100
        E,2,5,100,100
        D,3,5,200,100
        F,4,5,0,100
        arena 300 of 600 bytes
        """,
        tables.planText());
  }
}
