"""Dominance against a brute force in plain Python; ties as every user of the module relies on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from micronas.strategy import pareto
from micronas.strategy.pareto import dominates, non_dominated, sort_fronts

Points = list[tuple[float, ...]]
clouds = st.integers(1, 4).flatmap(
    lambda objectives: st.lists(st.tuples(*[st.integers(0, 5).map(float)] * objectives), max_size=15)
)


def beats(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def as_array(points: Points) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(points, np.float64).reshape(len(points), len(points[0]) if points else 1)


@given(clouds)
def test_the_front_is_what_nothing_beats_and_of_equals_the_first(points: Points) -> None:
    wanted = [
        i
        for i, p in enumerate(points)
        if p not in points[:i] and not any(beats(other, p) for other in points)
    ]
    assert non_dominated(as_array(points)) == wanted


@given(clouds)
def test_fronts_peel_off_and_equals_share_one(points: Points) -> None:
    left, wanted = list(range(len(points))), []
    while left:
        front = [i for i in left if not any(beats(points[j], points[i]) for j in left)]
        wanted.append(front)
        left = [i for i in left if i not in front]
    assert sort_fronts(as_array(points)) == wanted


def test_more_points_than_are_compared_at_a_time() -> None:
    """A descending staircase with a dominated point after each step, across several blocks."""
    steps = [(float(i), float(-i)) for i in range(pareto._ROWS + 50)]
    points = [point for x, y in steps for point in ((x, y), (x + 0.5, y + 0.5))]
    assert non_dominated(np.array(points)) == list(range(0, len(points), 2))


def test_equal_points_do_not_dominate_each_other() -> None:
    point, worse, other = (np.array(p) for p in ((1.0, 2.0), (1.0, 3.0), (2.0, 1.0)))
    assert not dominates(point, point)
    assert dominates(point, worse)
    assert not dominates(worse, point)
    assert not dominates(point, other)
