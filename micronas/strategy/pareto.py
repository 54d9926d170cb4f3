"""Pareto dominance: the one rule for strategies, the report and the comparison of strategies.

Every objective is minimised; a figure to maximise takes part with its sign changed. A point dominates another
one if it is no worse in every objective and better in at least one, so equal points do not dominate each
other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_ROWS = 256
"""Points compared with all others at once, so that memory grows linearly with the points."""


def dominates(a: Floats, b: Floats) -> npt.NDArray[np.bool_]:
    """Whether ``a`` dominates ``b``; objectives are the last axis, the others broadcast."""
    return np.asarray((a <= b).all(axis=-1) & (a < b).any(axis=-1))


def sort_fronts(costs: Floats) -> list[list[int]]:
    """Indices of ``costs`` (points, objectives) by front, the non-dominated one first, each in order.

    Equal points share a front.
    """
    beats = dominates(costs[:, None, :], costs[None, :, :])
    left = np.ones(len(costs), dtype=bool)
    fronts = []
    while left.any():
        front = left & ~beats[left].any(axis=0)
        fronts.append([int(i) for i in np.flatnonzero(front)])
        left &= ~front
    return fronts


def non_dominated(costs: Floats) -> list[int]:
    """Indices, in order, of those of ``costs`` (points, objectives) that no other dominates.

    Of equal points, the first.
    """
    if costs.ndim == 2 and costs.shape[1] == 2 and not np.isnan(costs).any():
        return _non_dominated_of_two(costs)
    first: dict[tuple[float, ...], int] = {}
    for start in range(0, len(costs), _ROWS):
        rows = costs[start : start + _ROWS]
        dominated = dominates(costs[None, :, :], rows[:, None, :]).any(axis=1)
        for index in np.flatnonzero(~dominated):
            first.setdefault(tuple(rows[index].tolist()), start + int(index))
    return list(first.values())


def _non_dominated_of_two(costs: Floats) -> list[int]:
    """The same for two objectives by sorting, so that a report of many thousand trials stays quick."""
    order = np.lexsort((np.arange(len(costs)), costs[:, 1], costs[:, 0]))
    second = costs[order, 1]
    best_before = np.concatenate(([np.inf], np.minimum.accumulate(second)[:-1]))
    kept = second < best_before
    if len(kept):
        kept[0] = True  # an infinite cost too
    return sorted(int(i) for i in order[kept])
