package fluidml.loop.schedule;

import fluidml.loop.BodyBuilder;
import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.KernelBuilder;
import fluidml.loop.schedule.ConvolutionSchedule.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/**
 * The procedures that compute a tile of a convolution: some pixels times a panel of filters.
 *
 * <p>Where little is fused behind the sums and the panel is full, {@code convolve} hands the sums
 * to the {@link TileStore} as they lie in registers: with few channels, a way through memory and
 * back would take as long as the multiplications. Else {@code multiply} leaves them in scratch, and
 * {@code finish} takes them from there.
 *
 * @param table where the windows of each tile are; pixels that do not exist have the place of the
 *     last one
 * @param offsets the place of each term from a window's beginning, int32; empty if terms are
 *     neighbours
 * @param gathered copies of windows, if any are copied
 * @param sums scratch for a tile
 */
record ConvolutionTiles(
    Problem problem,
    TileShape tile,
    TileStore result,
    WindowTable table,
    Optional<Buffer> offsets,
    Optional<Buffer> gathered,
    Buffer sums) {

  /**
   * A tile to compute.
   *
   * @param image its image
   * @param channel its first output channel
   * @param slot its number in the table
   * @param height pixels of every tile
   * @param count pixels that exist, one at least
   * @param base index of the image's first element
   * @param panel where the panel begins
   * @param wide whether the panel is as wide as the widest
   * @param width filters of the panel
   */
  record Place(
      Expr image,
      Expr channel,
      Expr slot,
      Expr height,
      Expr count,
      Expr base,
      Expr panel,
      Expr wide,
      Expr width) {}

  private int rank() {
    return problem.axes().size();
  }

  /** The least height of tiles that are finished from registers: lower ones fill small images. */
  private int leastDirect() {
    return Math.max(1, tile.rows() - 1);
  }

  private static String name(String kind, boolean copied, int height, int vectors) {
    return kind + (copied ? "Gathered" : "") + height + "x" + vectors;
  }

  /** Writes the procedures. */
  void declare(KernelBuilder kernel) {
    List<String> place = List.of("image", "channel", "slot", "rows", "width");
    for (int vectors : new TreeSet<>(List.of(tile.vectors(), problem.narrowVectors()))) {
      for (int height = 1; height <= tile.rows(); height++) {
        TileShape part = new TileShape(height, vectors, tile.lanes());
        if (!problem.isCopied()) {
          declare(kernel, part, false);
        }
        if (gathered.isPresent()) {
          declare(kernel, part, true);
        }
      }
      Optional<Expr> columns = Optional.of(Exprs.index((long) vectors * tile.lanes()));
      kernel.procedure("finish" + vectors, place, (b, p) -> finish(b, p, columns));
    }
    kernel.procedure("finishEdge", place, (b, p) -> finish(b, p, Optional.empty()));
  }

  /** What both kinds of micro-kernel are called with; {@link Place} tells what it is. */
  private record Operands(Expr slot, Expr rows, Expr base, Expr panel) {
    static final List<String> NAMES = List.of("slot", "rows", "base", "panel");

    static Operands of(List<Expr> p) {
      return new Operands(p.get(0), p.get(1), p.get(2), p.get(3));
    }
  }

  private void declare(KernelBuilder kernel, TileShape part, boolean copied) {
    kernel.procedure(
        name("multiply", copied, part.rows(), part.vectors()),
        Operands.NAMES,
        (b, p) -> {
          Operands o = Operands.of(p);
          List<Expr> starts = starts(b, part, copied, o);
          micro(part, copied).write(b, o.panel, starts, terms(), Exprs.index(0));
        });
    if (problem.brief() && part.rows() >= leastDirect()) {
      int common = Operands.NAMES.size();
      List<String> all = new ArrayList<>(Operands.NAMES);
      all.addAll(List.of("image", "channel"));
      kernel.procedure(
          name("convolve", copied, part.rows(), part.vectors()),
          all,
          (b, p) -> convolve(b, part, copied, Operands.of(p), p.get(common), p.get(common + 1)));
    }
  }

  private RowTile micro(TileShape part, boolean copied) {
    Buffer rows = copied ? gathered.orElseThrow() : problem.input();
    int loads = copied ? 0 : rank() == 1 ? 1 : part.rows();
    return new RowTile(
        part,
        RowTile.Rows.of(rows, copied ? Optional.empty() : offsets),
        RowTile.Panel.of(problem.panels(), tile.columns()),
        sums,
        loads);
  }

  private RowTile.Terms terms() {
    return new RowTile.Terms(problem.depth(), problem.evenDepth());
  }

  /** Where the inputs of every row begin. */
  private List<Expr> starts(BodyBuilder b, TileShape part, boolean copied, Operands o) {
    if (copied) {
      return copies(b, part, o.slot);
    }
    return rank() == 1 ? evenWindows(b, part, o) : windows(b, part, o);
  }

  private List<Expr> copies(BodyBuilder b, TileShape part, Expr slot) {
    Expr depth = problem.depth();
    Expr line = b.let("line", slot.times(depth).times(tile.rows()));
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < part.rows(); r++) {
      starts.add(b.let("start", line.plus(depth.times((double) r))));
    }
    return starts;
  }

  private List<Expr> windows(BodyBuilder b, TileShape part, Operands o) {
    List<Expr> starts = new ArrayList<>();
    for (int r = 0; r < part.rows(); r++) {
      Expr start = table.start(b, o.slot, Exprs.index(r));
      starts.add(b.let("start", Exprs.place(o.base.plus(start))));
    }
    return starts;
  }

  /** Like {@link #windows} on a single axis, where one look at the table is enough. */
  private List<Expr> evenWindows(BodyBuilder b, TileShape part, Operands o) {
    WindowAxis axis = problem.axes().getFirst();
    Expr step = b.let("step", axis.stride().times(axis.inputStride()));
    Expr last = b.let("last", o.rows.minus(1));
    Expr start = table.start(b, o.slot, Exprs.index(0));
    Expr first = b.let("start", Exprs.place(o.base.plus(start)));
    List<Expr> starts = new ArrayList<>(List.of(first));
    for (int r = 1; r < part.rows(); r++) {
      Expr at = first.plus(last.min(Exprs.index(r)).times(step));
      starts.add(b.let("start", Exprs.place(at)));
    }
    return starts;
  }

  /** Multiplies and stores what exists of a tile. */
  private void convolve(
      BodyBuilder b, TileShape part, boolean copied, Operands o, Expr image, Expr channel) {
    List<Expr> starts = starts(b, part, copied, o);
    List<Expr.Read> sums = micro(part, copied).multiply(b, o.panel, starts, terms());
    List<Expr> first = position(b, o.slot, Exprs.index(0));
    for (int r = 0; r < part.rows(); r++) {
      int row = r;
      Runnable store =
          () -> {
            List<Expr> position =
                row == 0
                    ? first
                    : rank() == 1
                        ? List.of(first.getFirst().plus(row))
                        : position(b, o.slot, Exprs.index(row));
            for (int v = 0; v < part.vectors(); v++) {
              List<Expr> coordinates = new ArrayList<>(List.of(image));
              coordinates.add(b.let("c", channel.plus((double) v * tile.lanes())));
              coordinates.addAll(position);
              Expr sum = sums.get(row * part.vectors() + v);
              result.store(b, sum, coordinates, Optional.empty());
            }
          };
      if (r == 0) {
        store.run();
      } else {
        b.when(Exprs.index(r).lt(o.rows), store);
      }
    }
  }

  private List<Expr> position(BodyBuilder b, Expr slot, Expr row) {
    List<Expr> position = new ArrayList<>();
    for (int a = 0; a < rank(); a++) {
      position.add(b.let("o" + a, table.coordinate(b, slot, row, a)));
    }
    return position;
  }

  /** Hands a tile to the store: a known number of whole vectors, else up to the filters' end. */
  private void finish(BodyBuilder b, List<Expr> parameters, Optional<Expr> columns) {
    int lanes = problem.resultLanes();
    b.loop(
        "r",
        Exprs.index(0),
        parameters.get(3),
        r -> {
          List<Expr> position = position(b, parameters.get(2), r);
          BiConsumer<Expr, Optional<Expr>> vector =
              (c, mask) -> {
                List<Expr> coordinates = new ArrayList<>(List.of(parameters.getFirst()));
                coordinates.add(b.let("c", parameters.get(1).plus(c)));
                coordinates.addAll(position);
                Expr value = b.load(sums, r.times(tile.columns()).plus(c), lanes);
                result.store(b, value, coordinates, mask);
              };
          if (columns.isPresent()) {
            b.loop(
                "c", Exprs.index(0), columns.get(), lanes, c -> vector.accept(c, Optional.empty()));
          } else {
            b.vectorLoop("c", Exprs.index(0), parameters.get(4), lanes, vector);
          }
        });
  }

  /** Calls the procedures for a tile. */
  void compute(BodyBuilder b, Place at) {
    List<Expr> operands = List.of(at.slot, at.count, at.base, at.panel);
    List<Expr> finished = List.of(at.image, at.channel, at.slot, at.count, at.width);
    Runnable byScratch =
        () -> {
          chooseVectors(b, at, vectors -> call(b, at, "multiply", 1, vectors, operands));
          problem.finish(b, tile, at.width, finished);
        };
    if (!problem.brief()) {
      byScratch.run();
      return;
    }
    List<Expr> all = new ArrayList<>(operands);
    all.addAll(List.of(at.image, at.channel));
    Expr full = at.width.eq(Exprs.index(tile.columns()));
    if (problem.isNarrow(tile)) {
      Expr narrow = Exprs.index((long) problem.narrowVectors() * tile.lanes());
      full = Exprs.or(full, at.width.eq(narrow));
    }
    Expr direct = Exprs.and(full, at.height.ge(Exprs.index(leastDirect())));
    b.when(
        direct,
        () -> chooseVectors(b, at, vectors -> call(b, at, "convolve", leastDirect(), vectors, all)),
        byScratch);
  }

  private void chooseVectors(BodyBuilder b, Place at, IntConsumer body) {
    if (problem.isNarrow(tile)) {
      b.when(
          at.wide, () -> body.accept(tile.vectors()), () -> body.accept(problem.narrowVectors()));
    } else {
      body.accept(tile.vectors());
    }
  }

  /** Calls the procedure of a kind for a tile's height and place. */
  private void call(
      BodyBuilder b, Place at, String kind, int least, int vectors, List<Expr> arguments) {
    chooseSource(
        b,
        at,
        copied ->
            Heights.call(
                b,
                height -> name(kind, copied, height, vectors),
                least,
                tile.rows(),
                at.height,
                arguments));
  }

  /** Whether a tile's rows are read from copies. */
  @FunctionalInterface
  private interface Source {
    void accept(boolean copied);
  }

  private void chooseSource(BodyBuilder b, Place at, Source body) {
    if (problem.isCopied()) {
      body.accept(true);
    } else if (gathered.isPresent()) {
      b.when(
          table.copied(b, at.slot).ne(Exprs.index(0)),
          () -> body.accept(true),
          () -> body.accept(false));
    } else {
      body.accept(false);
    }
  }
}
