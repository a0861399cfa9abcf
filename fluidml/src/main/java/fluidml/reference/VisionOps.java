package fluidml.reference;

import fluidml.graph.op.Vision;
import fluidml.tensor.Tensor;
import java.util.List;

/** Computes the ops of {@link Vision}. */
final class VisionOps {
  private VisionOps() {}

  static List<Datum> execute(Vision op, Operands operands) {
    return Operands.result(
        switch (op) {
          case Vision.Resize resize -> Resizing.resize(resize, operands);
          case Vision.GridSample sample ->
              Sampling.sample(sample, operands.tensor(0), operands.tensor(1));
          case Vision.AffineGrid grid ->
              Sampling.affineGrid(grid, operands.tensor(0), operands.longs(1));
          case Vision.RoiAlign align ->
              Regions.align(align, operands.tensor(0), operands.tensor(1), operands.tensor(2));
          case Vision.MaxRoiPool pool ->
              Regions.maxPool(pool, operands.tensor(0), operands.tensor(1));
          case Vision.MaxUnpool unpool ->
              Images.unpool(
                  operands.tensor(0),
                  operands.tensor(1),
                  unpool.window(),
                  operands.optionalLongs(2));
          case Vision.ImageDecoder decoder -> image(decoder.pixelFormat(), operands);
        });
  }

  private static Tensor image(String pixelFormat, Operands operands) {
    try {
      return ImageFiles.decode(pixelFormat, operands.tensor(0))
          .orElseThrow(() -> operands.unsupported("no decoder for this image file format"));
    } catch (LinkageError e) {
      throw operands.unsupported("decoding images needs the Java module java.desktop: " + e);
    }
  }
}
