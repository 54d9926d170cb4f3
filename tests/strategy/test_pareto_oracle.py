"""Non-dominated sorting, crowding distance and hypervolume against pymoo (Blank and Deb, 2020)."""

from __future__ import annotations

import numpy as np
import pytest
from pymoo.indicators.hv import HV
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from micronas.strategy.hypervolume import hypervolume
from micronas.strategy.nsga2 import crowding_distance
from micronas.strategy.pareto import non_dominated, sort_fronts
from micronas.strategy.predictor.ehvi import AttainedError

CLOUDS = [(points, objectives) for points in (1, 2, 7, 60) for objectives in (1, 2, 3, 4)]


def grid_cloud(points: int, objectives: int) -> np.ndarray:
    """Whole numbers below 6, so that equal figures and equal points are common."""
    return np.random.default_rng([points, objectives]).integers(0, 6, (points, objectives)).astype(float)


def cloud(points: int, objectives: int) -> np.ndarray:
    """Figures all different: where two are equal, crowding depends on the order of the sort."""
    return np.random.default_rng([points, objectives]).random((points, objectives))


@pytest.mark.parametrize("make", [grid_cloud, cloud])
@pytest.mark.parametrize(("points", "objectives"), CLOUDS)
def test_fronts_are_pymoos(make, points: int, objectives: int) -> None:
    costs = make(points, objectives)
    expected = [sorted(map(int, front)) for front in NonDominatedSorting().do(costs)]
    assert sort_fronts(costs) == expected
    # of equal points pymoo keeps all, ours the first
    assert {tuple(costs[i]) for i in non_dominated(costs)} == {tuple(costs[i]) for i in expected[0]}


@pytest.mark.parametrize(("points", "objectives"), CLOUDS)
def test_crowding_distance_is_pymoos(points: int, objectives: int) -> None:
    """NSGA-II's is the sum over objectives; pymoo divides it by their number."""
    costs = cloud(points, objectives)
    expected = calc_crowding_distance(costs, filter_out_duplicates=False) * objectives
    if points == 1:  # without a span there is no distance; a front of one needs none
        expected = np.zeros(1)
    np.testing.assert_allclose(crowding_distance(costs), expected, rtol=1e-12)


@pytest.mark.parametrize("make", [grid_cloud, cloud])
@pytest.mark.parametrize(("points", "objectives"), CLOUDS)
def test_hypervolume_is_pymoos(make, points: int, objectives: int) -> None:
    """Some points of both clouds lie on or beyond the reference."""
    costs = make(points, objectives)
    reference = np.full(objectives, 5.0 if make is grid_cloud else 0.9)
    expected = HV(ref_point=reference)(costs)
    assert hypervolume([tuple(p) for p in costs], tuple(reference)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("known_costs", [1, 2, 3])
def test_a_certain_improvement_is_what_it_adds_to_pymoos_volume(known_costs: int) -> None:
    """Expected improvement of errors that are known, under the reference: costs of 1, an error of 0.5."""
    rng = np.random.default_rng(known_costs)
    costs, errors, limit = rng.random((12, known_costs)), rng.uniform(0.05, 0.6, 12), 0.5
    volume = HV(ref_point=np.array([*[1.0] * known_costs, limit]))
    front = np.column_stack([costs, errors])
    new_costs, new_errors = rng.random((20, known_costs)), rng.uniform(0.02, 0.5, 20)
    added = [
        volume(np.vstack([front, [*cost, error]])) - volume(front)
        for cost, error in zip(new_costs, new_errors, strict=True)
    ]
    assert np.count_nonzero(np.array(added) > 1e-6) >= 5
    attained, certain = AttainedError(costs, errors, limit), np.full(20, 1e-9)
    found = attained.expected_hypervolume_improvement(new_costs, np.log(new_errors), certain)
    np.testing.assert_allclose(found * limit, added, atol=1e-9)
