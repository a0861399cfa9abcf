package fluidml.graph.infer;

import fluidml.graph.Type;
import fluidml.graph.op.Vision;
import fluidml.graph.op.Vision.AffineGrid;
import fluidml.graph.op.Vision.GridSample;
import fluidml.graph.op.Vision.ImageDecoder;
import fluidml.graph.op.Vision.MaxRoiPool;
import fluidml.graph.op.Vision.MaxUnpool;
import fluidml.graph.op.Vision.Resize;
import fluidml.graph.op.Vision.RoiAlign;
import fluidml.graph.op.Window;
import fluidml.tensor.DType;
import fluidml.tensor.Dim;
import fluidml.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Result types of the ops on images. */
final class VisionTypes {
  private VisionTypes() {}

  static List<Type> infer(Site site, Vision op) {
    return switch (op) {
      case Resize resize -> {
        site.arity(1, 4);
        yield site.one(site.requireNumber(0), ResizeTypes.infer(site, resize));
      }
      case GridSample _ -> {
        site.arity(2, 2);
        Optional<Shape> x = site.rank(0, 3, Integer.MAX_VALUE);
        Optional<Shape> grid = site.rank(1, 3, Integer.MAX_VALUE);
        yield site.one(site.dtype(0), x.isEmpty() ? x : grid.map(g -> sampled(site, x.get(), g)));
      }
      case AffineGrid _ -> affineGrid(site);
      case RoiAlign align -> {
        site.arity(3, 3);
        site.requireFloat(0);
        yield site.one(site.dtype(0), regions(site, align.outputHeight(), align.outputWidth()));
      }
      case MaxRoiPool pool -> {
        site.arity(2, 2);
        site.requireFloat(0);
        yield site.one(site.dtype(0), regions(site, pool.pooledHeight(), pool.pooledWidth()));
      }
      case MaxUnpool unpool -> {
        site.arity(2, 3);
        site.requireType(1, DType.INT64);
        yield site.one(
            site.requireFloat(0),
            site.has(2)
                ? GenerationTypes.shapeOperand(site, 2)
                : site.rank(0, unpool.window().rank() + 2)
                    .map(s -> unpooled(site, s, unpool.window())));
      }
      case ImageDecoder decoder -> {
        site.arity(1, 1);
        site.requireType(0, DType.UINT8);
        Dim channels = Dim.of(decoder.pixelFormat().equalsIgnoreCase("Grayscale") ? 1 : 3);
        yield site.one(DType.UINT8, Shape.of(site.fresh(), site.fresh(), channels));
      }
    };
  }

  private static Shape sampled(Site site, Shape x, Shape grid) {
    if (grid.rank() != x.rank()) {
      throw site.error("the grid %s does not fit %s".formatted(grid, x));
    }
    List<Dim> dims = new ArrayList<>();
    dims.add(site.agree(x.dim(0), grid.dim(0), "the batches"));
    dims.add(x.dim(1));
    dims.addAll(grid.dims().subList(1, grid.rank() - 1));
    return new Shape(dims);
  }

  private static List<Type> affineGrid(Site site) {
    site.arity(2, 2);
    site.requireFloat(0);
    Optional<Shape> size = GenerationTypes.shapeOperand(site, 1);
    if (size.isPresent() && (size.get().rank() < 4 || size.get().rank() > 5)) {
      throw site.error(site.describe(1) + " must have 4 or 5 elements");
    }
    return site.one(
        site.dtype(0),
        size.map(
            s -> {
              List<Dim> dims = new ArrayList<>(List.of(s.dim(0)));
              dims.addAll(s.dims().subList(2, s.rank()));
              dims.add(Dim.of(s.rank() - 2L));
              return new Shape(dims);
            }));
  }

  private static Shape regions(Site site, long height, long width) {
    Dim channels = site.rank(0, 4).map(s -> s.dim(1)).orElseGet(site::fresh);
    Dim regions = site.rank(1, 2).map(s -> s.dim(0)).orElseGet(site::fresh);
    return Shape.of(regions, channels, Dim.of(height), Dim.of(width));
  }

  private static Shape unpooled(Site site, Shape x, Window window) {
    Windows.check(site, x, window);
    List<Dim> spatial = new ArrayList<>();
    for (int i = 0; i < window.rank(); i++) {
      spatial.add(
          x.dim(i + 2)
              .plus(-1)
              .times(window.strides().get(i))
              .plus(window.kernel().get(i))
              .plus(-window.padsBegin().get(i))
              .plus(-window.padsEnd().get(i)));
    }
    return Windows.shape(x.dim(0), x.dim(1), spatial);
  }
}
