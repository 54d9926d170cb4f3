"""Best-so-far curves of several runs over one budget, and their spread."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A non-decreasing step function: from ``xs[i]`` on, the best is ``ys[i]``; no value before ``xs[0]``."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def at(self, x: float) -> float | None:
        """The best value at ``x``."""
        index = bisect.bisect_right(self.xs, x)
        return self.ys[index - 1] if index else None


@dataclass(frozen=True)
class Spread:
    """Median and range over seeds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Band:
    """The spread of several curves along the budget: a step function, ``spreads[i]`` from ``xs[i]`` on."""

    xs: tuple[float, ...]
    spreads: tuple[Spread, ...]


def best_so_far(points: Iterable[tuple[float, float]]) -> Curve:
    """The running maximum of (position, value), in order of position."""
    xs: list[float] = []
    ys: list[float] = []
    for x, y in sorted(points):
        if ys and y <= ys[-1]:
            continue
        if xs and x == xs[-1]:
            ys[-1] = y
        else:
            xs.append(x)
            ys.append(y)
    return Curve(tuple(xs), tuple(ys))


def spread(values: Sequence[float]) -> Spread:
    """Median, minimum and maximum of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def band(curves: Sequence[Curve], end: float) -> Band:
    """The spread of ``curves`` at every rise of one of them up to ``end``, once all of them have a value."""
    steps = {x for curve in curves for x in curve.xs if x < end}
    xs, spreads = [], []
    for x in sorted(steps | {end}):
        values = [value for curve in curves if (value := curve.at(x)) is not None]
        if curves and len(values) == len(curves):
            xs.append(x)
            spreads.append(spread(values))
    return Band(tuple(xs), tuple(spreads))
