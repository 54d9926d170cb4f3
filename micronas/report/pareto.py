"""The Pareto front of two figures."""

from __future__ import annotations

from collections.abc import Sequence


def front(costs: Sequence[float], values: Sequence[float]) -> list[int]:
    """Indices of the points that no other beats, by rising cost.

    A point is beaten by one that costs no more and is worth no less, and is better in one of the two; of
    equal points the first stays.
    """
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -values[i], i))
    kept: list[int] = []
    for index in order:
        if not kept or values[index] > values[kept[-1]]:
            kept.append(index)
    return kept
