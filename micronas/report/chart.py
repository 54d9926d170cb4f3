"""Charts as SVG text: a scatter with its Pareto front, a history, and axes with round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

WIDTH, HEIGHT = 420, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 20, 14, 44


@dataclass(frozen=True)
class Point:
    """A mark: position, kind (a CSS class) and tooltip; ``trial`` is its number, if it is one."""

    x: float
    y: float
    kind: str
    tip: str
    trial: int | None = None

    @property
    def attributes(self) -> str:
        """Class, and the number that the page's script reads."""
        return f'class="{self.kind}"' + ("" if self.trial is None else f' data-trial="{self.trial}"')


@dataclass(frozen=True)
class Limit:
    """A budget or target: a vertical line with its name."""

    x: float
    name: str


def scatter(
    points: Sequence[Point],
    line: Sequence[tuple[float, float]],
    x_label: str,
    y_label: str,
    *,
    limit: Limit | None = None,
    stepped: bool = False,
    whole_x: bool = False,
    y_most: float | None = None,
    width: int = WIDTH,
    ticks_below: Sequence[Point] = (),
) -> str:
    """Points, a line through ``line`` (stairs when ``stepped``), axes; empty text without points.

    ``whole_x`` keeps ticks at whole numbers, for counts. ``y_most`` is the largest possible ``y``.
    ``ticks_below`` have no ``y``: they are short lines on the horizontal axis.
    """
    if not points:
        return ""
    xs = [*(p.x for p in (*points, *ticks_below)), *(x for x, _ in line), *([limit.x] if limit else [])]
    ys = [*(p.y for p in points), *(y for _, y in line)]
    frame = PlotArea(Range.around(xs, whole=whole_x), Range.around(ys).up_to(y_most), width)
    parts = [frame.axes(x_label, y_label)]
    if limit:
        parts.append(_limit(frame, limit))
    if line:
        parts.append(f'<polyline class="front" points="{_path(frame, line, stepped)}"/>')
    parts += [
        f'<circle {p.attributes} cx="{frame.x(p.x):.1f}" cy="{frame.y(p.y):.1f}" r="4">'
        f"<title>{escape(p.tip)}</title></circle>"
        for p in points
    ]
    parts += [_tick(frame, p) for p in ticks_below]
    label = escape(f"{y_label} against {x_label}")
    return f'<svg viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _tick(frame: PlotArea, point: Point) -> str:
    x, y = frame.x(point.x), HEIGHT - _BOTTOM
    return (
        f'<rect {point.attributes} x="{x - 1.5:.1f}" y="{y - 12}" width="3" height="12">'
        f"<title>{escape(point.tip)}</title></rect>"
    )


def _limit(frame: PlotArea, limit: Limit) -> str:
    """The name is on the left of its line unless it would cross the axis there."""
    x, width = frame.x(limit.x), 6 * len(limit.name)
    left = x - 4 - width >= _LEFT
    place = f'x="{x - 4 if left else x + 4:.1f}" style="text-anchor: {"end" if left else "start"}"'
    return (
        f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
        f'<text class="limit" {place} y="{_TOP + 10}">{escape(limit.name)}</text>'
    )


def _path(frame: PlotArea, line: Sequence[tuple[float, float]], stepped: bool) -> str:
    corners = stairs(line) if stepped else line
    return " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in corners)


def stairs(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of a step function whose value is ``y`` from ``x`` on."""
    corners: list[tuple[float, float]] = []
    for x, y in line:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners


@dataclass(frozen=True)
class Range:
    """An axis: its ends and the distance of its ticks."""

    low: float
    high: float
    step: float

    @classmethod
    def around(cls, values: Sequence[float], *, whole: bool = False) -> Range:
        """A range with round ends that contains ``values``, with two to eight ticks, ``whole`` ones if set.

        Around a single value it keeps the value's size and sign, so that a share does not get a tick below 0.
        """
        low, high = min(values), max(values)
        if high - low < 1e-9 * max(1.0, abs(high)):
            low, high = (low, high + 1.0) if whole else _room(low, high)
        raw = max((high - low) / 4, 1.0 if whole else 0.0)
        magnitude = 10.0 ** math.floor(math.log10(raw))
        rounds = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
        step = next(m * magnitude for m in rounds if m * magnitude >= raw * 0.999)
        return cls(math.floor(low / step) * step, math.ceil(high / step) * step, step)

    def up_to(self, most: float | None) -> Range:
        """The same without the room above ``most``, if a tick is there: no share is above 100 %."""
        if most is None or not self.low < most < self.high:
            return self
        steps = (most - self.low) / self.step
        return replace(self, high=most) if abs(steps - round(steps)) < 1e-6 else self

    def ticks(self) -> list[float]:
        """The round values, ends included."""
        return [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]

    def text(self, value: float) -> str:
        """A tick with as many decimals as the step has."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        decimals += self.step * 10**decimals % 1 > 1e-6
        return f"{value:,.{decimals}f}"


def _room(low: float, high: float) -> tuple[float, float]:
    around = 0.1 * max(abs(low), abs(high))
    return (low - around, high + around) if around > 1e-9 else (min(low, 0.0), 1.0)


@dataclass(frozen=True)
class PlotArea:
    """Maps figures to positions in the picture."""

    horizontal: Range
    vertical: Range
    width: int

    def x(self, value: float) -> float:
        """Position from the left, pixels."""
        span = self.horizontal.high - self.horizontal.low
        return _LEFT + (value - self.horizontal.low) / span * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Position from the top, pixels."""
        span = self.vertical.high - self.vertical.low
        return HEIGHT - _BOTTOM - (value - self.vertical.low) / span * (HEIGHT - _TOP - _BOTTOM)

    def axes(self, x_label: str, y_label: str) -> str:
        """Grid, ticks and names."""
        parts = []
        for value in self.vertical.ticks():
            y = self.y(value)
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{self.width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            parts.append(
                f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{self.vertical.text(value)}</text>'
            )
        for value in self.horizontal.ticks():
            place, text = self.x(value), self.horizontal.text(value)
            parts.append(f'<text class="mid" x="{place:.1f}" y="{HEIGHT - _BOTTOM + 16}">{text}</text>')
        middle_x, middle_y = (_LEFT + self.width - _RIGHT) / 2, (HEIGHT - _BOTTOM + _TOP) / 2
        parts.append(f'<text class="mid name" x="{middle_x:.0f}" y="{HEIGHT - 8}">{escape(x_label)}</text>')
        turned = f'transform="translate(13 {middle_y:.0f}) rotate(-90)"'
        parts.append(f'<text class="mid name" {turned}>{escape(y_label)}</text>')
        return "".join(parts)
