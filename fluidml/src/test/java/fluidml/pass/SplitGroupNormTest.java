package fluidml.pass;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class SplitGroupNormTest {
  @TestFactory
  Stream<DynamicTest> cases() throws IOException {
    return PassCases.of(new SplitGroupNorm());
  }
}
