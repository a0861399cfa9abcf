package fluidml.loop.schedule;

import fluidml.loop.Buffer;
import fluidml.loop.Expr;
import fluidml.loop.Exprs;
import fluidml.loop.Type;
import java.util.function.Function;

/**
 * Packs filters into the panels that {@link ConvolutionSchedule} reads, at run time: {@code
 * [group][panel][tap][channel][column]}, zero where there is no filter. A unit is one tap of one
 * panel.
 */
public final class PanelSchedule {
  private PanelSchedule() {}

  /**
   * What is packed.
   *
   * @param filters index of an element of the filters in {@code source}
   * @param groups number of groups
   * @param filtersPerGroup output channels of a group
   * @param channels input channels of a group
   * @param taps positions of the window
   * @param columns columns of a panel, at most
   * @param lanes columns of a vector; panels differ by one vector at most, wider ones first
   */
  public record Problem(
      Buffer source,
      Function<Element, Expr> filters,
      Buffer panels,
      Expr groups,
      Expr filtersPerGroup,
      Expr channels,
      Expr taps,
      int columns,
      int lanes) {}

  /** Which element of the filters; filter and channel count from the group's first. */
  public record Element(Expr group, Expr filter, Expr channel, Expr tap) {}

  /** The entry of the kernel. */
  public static Nest write(Problem p) {
    Expr panelsPerGroup = Exprs.ceilDiv(p.filtersPerGroup, p.columns);
    Expr units = p.groups.times(panelsPerGroup).times(p.taps);
    Expr vectors = Exprs.ceilDiv(p.filtersPerGroup, p.lanes);
    return new Nest(
        units,
        (b, begin, end) ->
            b.loop(
                "unit",
                begin,
                end,
                unit -> {
                  Expr panel = b.let("panel", unit.div(p.taps));
                  Expr tap = b.let("tap", unit.minus(panel.times(p.taps)));
                  Expr group = b.let("group", panel.div(panelsPerGroup));
                  Expr place = b.let("place", panel.minus(group.times(panelsPerGroup)));
                  Expr least = b.let("least", vectors.div(panelsPerGroup));
                  Expr wider = b.let("wider", vectors.minus(least.times(panelsPerGroup)));
                  Expr first =
                      b.let("first", place.times(least).plus(place.min(wider)).times(p.lanes));
                  Expr more = Exprs.select(place.lt(wider), Exprs.index(1), Exprs.index(0));
                  Expr stop =
                      b.let(
                          "stop",
                          first.plus(least.plus(more).times(p.lanes)).min(p.filtersPerGroup));
                  Expr base = b.let("base", unit.times(p.channels));
                  b.loop(
                      "c",
                      Exprs.index(0),
                      p.channels,
                      c ->
                          b.loop(
                              "j",
                              Exprs.index(0),
                              Exprs.index(p.columns),
                              j -> {
                                Expr to = base.plus(c).times(p.columns).plus(j);
                                Expr filter = b.let("filter", first.plus(j));
                                b.when(
                                    filter.lt(stop),
                                    () -> {
                                      Expr at = p.filters.apply(new Element(group, filter, c, tap));
                                      b.store(p.panels, to, b.load(p.source, at));
                                    },
                                    () ->
                                        b.store(
                                            p.panels,
                                            to,
                                            Exprs.constant(
                                                new Type(Exprs.registerType(p.panels.dtype()), 1),
                                                0)));
                              }));
                }));
  }
}
