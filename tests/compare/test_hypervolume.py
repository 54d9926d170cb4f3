"""Hypervolume against counting: on whole numbers it is the number of unit cells that are dominated."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.compare.curve import Curve, Spread, band, best_so_far
from micronas.strategy.hypervolume import Point, hypervolume, non_dominated

SIDE = 5


def cells_dominated(points: list[Point], dimensions: int) -> int:
    """Unit cells of the cube [0, SIDE)^d whose lower corner some point is not above."""
    corners = itertools.product(range(SIDE), repeat=dimensions)
    return sum(
        any(all(p <= c for p, c in zip(point, cell, strict=True)) for point in points) for cell in corners
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_volume_equals_the_counted_cells(dimensions: int, data: st.DataObject) -> None:
    coordinate = st.integers(0, SIDE + 1).map(float)  # some points lie on or beyond the reference
    points = data.draw(st.lists(st.tuples(*[coordinate] * dimensions), max_size=8))
    assert hypervolume(points, (float(SIDE),) * dimensions) == cells_dominated(points, dimensions)


def test_known_volumes() -> None:
    assert hypervolume([], (1.0, 1.0)) == 0
    assert hypervolume([(0.0, 0.0)], (1.0, 1.0)) == 1
    assert hypervolume([(1.0, 0.0)], (1.0, 1.0)) == 0, "not better than the reference in one objective"
    assert hypervolume([(0.5, 0.5, 0.5), (0.5, 0.5, 0.5)], (1.0,) * 3) == 0.125
    assert hypervolume([(0.25, 0.5), (0.5, 0.25)], (1.0, 1.0)) == pytest.approx(0.375 * 2 - 0.25)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=10))
def test_the_front_is_what_no_other_beats(whole: list[tuple[int, int]]) -> None:
    points = [(float(a), float(b)) for a, b in whole]
    front = non_dominated(points)
    beaten = {p for p in points for q in points if q != p and q[0] <= p[0] and q[1] <= p[1]}
    assert set(front) == set(points) - beaten


def test_a_best_so_far_curve_never_falls_and_knows_nothing_before_its_first_point() -> None:
    curve = best_so_far([(3.0, 0.2), (1.0, 0.5), (2.0, 0.7), (2.0, 0.6), (5.0, 0.9)])
    assert curve == Curve((1.0, 2.0, 5.0), (0.5, 0.7, 0.9))
    assert [curve.at(x) for x in (0.5, 1.0, 1.9, 4.0, 5.0)] == [None, 0.5, 0.5, 0.7, 0.9]


def test_a_band_begins_where_every_curve_has_a_value() -> None:
    curves = [Curve((1.0,), (0.5,)), Curve((2.0, 3.0), (0.1, 0.9)), Curve((0.5,), (0.6,))]
    result = band(curves, end=4.0)
    assert result.xs == (2.0, 3.0, 4.0)
    assert result.spreads[0] == Spread(0.5, 0.1, 0.6)
    assert result.spreads[-1] == Spread(0.6, 0.5, 0.9)
