package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import java.util.List;
import java.util.function.IntFunction;

/** Procedures that differ in how many rows they compute. */
final class Heights {
  private Heights() {}

  /** Calls {@code multiply1}, {@code multiply2}, …, by the number of rows. */
  static void multiply(BodyBuilder b, int most, Expr rows, List<Expr> arguments) {
    call(b, height -> "multiply" + height, 1, most, rows, arguments);
  }

  /**
   * Calls the procedure for a number of rows.
   *
   * @param name of the procedure for a number
   * @param least the smallest number there is a procedure for
   * @param most the largest one
   * @param rows at least {@code least}, at most {@code most}
   */
  static void call(
      BodyBuilder b,
      IntFunction<String> name,
      int least,
      int most,
      Expr rows,
      List<Expr> arguments) {
    Runnable call = () -> b.call(name.apply(most), arguments.toArray(Expr[]::new));
    if (most == least) {
      call.run();
    } else {
      b.when(
          rows.eq(Exprs.index(most)), call, () -> call(b, name, least, most - 1, rows, arguments));
    }
  }
}
