package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.ScalarType;
import fluidml.loop.Type;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/**
 * What is multiplied: for every batch, {@code product[row, column] = Σ_k left[row, k] · right[k,
 * column]}. All expressions are I64 and combine sizes of the kernel.
 *
 * @param batches number of products
 * @param rows rows of each product
 * @param columns columns of each product
 * @param depth length of the sum; 0 gives products of zeros
 */
public record Contraction(
    Expr batches, Expr rows, Expr columns, Expr depth, Left left, Right right) {

  /** The element index where the operand of a batch begins. */
  @FunctionalInterface
  public interface BatchOffset extends BiFunction<BodyBuilder, Expr, Expr> {

    /** Batches at equal distances; 0 for an operand that all share. */
    static BatchOffset strided(Expr stride) {
      return (_, batch) -> batch.times(stride);
    }
  }

  /**
   * The left operand, read where it lies, one element at a time.
   *
   * @param rowStride elements between rows
   * @param depthStride elements between neighbours along the sum; best a constant 1
   * @param transform applied to every loaded element, for example a conversion or a zero point; its
   *     type is the accumulator's
   */
  public record Left(
      Buffer buffer,
      BatchOffset offset,
      Expr rowStride,
      Expr depthStride,
      UnaryOperator<Expr> transform) {

    /** A left operand used as it is. */
    public Left(Buffer buffer, BatchOffset offset, Expr rowStride, Expr depthStride) {
      this(buffer, offset, rowStride, depthStride, UnaryOperator.identity());
    }
  }

  /** The right operand. */
  public sealed interface Right {
    /** Where it lies. */
    Buffer buffer();

    /** Where the operand of a batch begins. */
    BatchOffset offset();

    /** Applied to every loaded vector; its type is the accumulator's. */
    UnaryOperator<Expr> transform();
  }

  /** A right operand that was packed as {@link Panels}, every batch on its own. */
  public record Packed(Buffer buffer, BatchOffset offset, UnaryOperator<Expr> transform)
      implements Right {
    /** Panels used as they are. */
    public Packed(Buffer buffer, BatchOffset offset) {
      this(buffer, offset, UnaryOperator.identity());
    }
  }

  /**
   * A right operand of any strides, packed into scratch panel by panel while the kernel runs. Fast
   * when one of the strides is a constant 1.
   *
   * @param depthStride elements between neighbours along the sum
   * @param columnStride elements between columns
   */
  public record Strided(
      Buffer buffer,
      BatchOffset offset,
      Expr depthStride,
      Expr columnStride,
      UnaryOperator<Expr> transform)
      implements Right {
    /** A right operand used as it is. */
    public Strided(Buffer buffer, BatchOffset offset, Expr depthStride, Expr columnStride) {
      this(buffer, offset, depthStride, columnStride, UnaryOperator.identity());
    }
  }

  /** The type in which products are summed: that of transformed elements. */
  public ScalarType accumulator() {
    Type loaded = new Type(Exprs.registerType(left.buffer().dtype()), 1);
    return left.transform().apply(Exprs.constant(loaded, 0)).type().scalar();
  }
}
