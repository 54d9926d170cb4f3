"""Curves over the budget as SVG: a median line per entry with the range of its seeds behind it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from micronas.compare.curve import Band
from micronas.report.chart import PlotArea, Range, stairs

WIDTH = 860
COLOURS = 9
"""Colours that the page names ``--c0`` to ``--c8``, for light and dark: they repeat after these."""


def curves(bands: Sequence[tuple[str, Band]], x_label: str, y_label: str, *, whole_x: bool = False) -> str:
    """SVG of ``bands`` by name, with a tooltip per line. Empty text if there are no points."""
    drawn = [(place, name, band) for place, (name, band) in enumerate(bands) if band.xs]
    if not drawn:
        return ""
    values = [v for _, _, band in drawn for s in band.spreads for v in (s.low, s.high)]
    xs = [0.0, *(x for _, _, b in drawn for x in b.xs)]
    frame = PlotArea(Range.around(xs, whole=whole_x), Range.around(values), WIDTH)
    parts = [frame.axes(x_label, y_label)]
    parts += [_area(frame, band, name, colour(place)) for place, name, band in drawn]
    parts += [_line(frame, band, name, colour(place)) for place, name, band in drawn]
    label = escape(f"{y_label} against {x_label}")
    return f'<svg viewBox="0 0 {WIDTH} 280" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def colour(place: int) -> str:
    """The colour of the entry at ``place``: the baseline network, random search, then the others."""
    return f"var(--c{place % COLOURS})"


def _area(frame: PlotArea, band: Band, name: str, fill: str) -> str:
    upper = [(x, s.high) for x, s in zip(band.xs, band.spreads, strict=True)]
    lower = [(x, s.low) for x, s in zip(band.xs, band.spreads, strict=True)]
    points = _path(frame, [*stairs(upper), *reversed(stairs(lower))])
    return f'<polygon data-entry="{escape(name)}" style="fill: {fill}" points="{points}"/>'


def _line(frame: PlotArea, band: Band, name: str, stroke: str) -> str:
    points = stairs([(x, s.median) for x, s in zip(band.xs, band.spreads, strict=True)])
    last = band.spreads[-1]
    tip = f"{name}: {last.median:.4g} at the end ({last.low:.4g} to {last.high:.4g})"
    return (
        f'<polyline data-entry="{escape(name)}" style="stroke: {stroke}" points="{_path(frame, points)}">'
        f"<title>{escape(tip)}</title></polyline>"
    )


def _path(frame: PlotArea, points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
