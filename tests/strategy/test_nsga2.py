"""NSGA-II's sort and crowding against brute force, and what its population keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.strategy import Accept
from micronas.strategy.nsga2 import CANDIDATES_PER_CHILD, Nsga2, costs_of, crowding_distance, novelty
from micronas.strategy.pareto import sort_fronts
from tests.support.search_fakes import ToyArch, ToySpace, toy_scores, toy_trial

SPACE = ToySpace()

points = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 5), min_size=width, max_size=width), min_size=1, max_size=14
    )
)


def dominates(a: list[int], b: list[int]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


def peeled(costs: list[list[int]]) -> list[list[int]]:
    """Fronts by definition: take out what nothing left dominates, again and again."""
    left, fronts = set(range(len(costs))), []
    while left:
        front = sorted(i for i in left if not any(dominates(costs[j], costs[i]) for j in left))
        fronts.append(front)
        left -= set(front)
    return fronts


@given(points)
def test_fronts_are_those_of_the_definition(costs: list[list[int]]) -> None:
    assert sort_fronts(np.array(costs, dtype=float)) == peeled(costs)


def test_crowding_of_a_worked_example() -> None:
    # Spans are 4 and 8; the middle points' boxes have sides 2 and 6, 3 and 4.
    costs = np.array([[0.0, 8.0], [1.0, 4.0], [2.0, 2.0], [4.0, 0.0]])
    assert crowding_distance(costs).tolist() == [np.inf, 2 / 4 + 6 / 8, 3 / 4 + 4 / 8, np.inf]


def crowded(costs: list[list[int]]) -> list[float]:
    """By definition: per objective the gap between the next smaller and next larger value, over the span."""
    distances = []
    for point in costs:
        total = 0.0
        for objective, value in enumerate(point):
            column = [other[objective] for other in costs]
            below, above = [v for v in column if v < value], [v for v in column if v > value]
            if not below or not above:
                total = np.inf
                continue
            total += (min(above) - max(below)) / (max(column) - min(column))
        distances.append(total)
    return distances


@given(st.integers(1, 4), st.integers(2, 12), st.randoms(use_true_random=False))
def test_crowding_is_that_of_the_definition(objectives: int, count: int, random) -> None:
    # Distinct values per objective: between equal ones the definition leaves the order open.
    columns = [random.sample(range(40), count) for _ in range(objectives)]
    costs = [list(point) for point in zip(*columns, strict=True)]
    found = crowding_distance(np.array(costs, dtype=float))
    np.testing.assert_allclose(found, crowded(costs), rtol=1e-12)


def test_an_objective_in_which_all_are_equal_does_not_count() -> None:
    costs = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    assert crowding_distance(costs).tolist() == [np.inf, 1.0, np.inf]


def test_the_population_keeps_both_ends_of_the_front() -> None:
    strategy = Nsga2(SPACE, 0, lambda arch: True, population=4)
    for number, digit in enumerate((0, 4, 1, 2, 3, 2)):
        strategy.tell(toy_trial(number, (digit,) * 6))
    kept = [member.arch for member in strategy._members]
    assert len(kept) == 4
    assert ToyArch((0,) * 6) in kept  # cheapest
    assert ToyArch((4,) * 6) in kept  # most accurate


def test_a_dominated_network_is_the_first_to_go() -> None:
    strategy = Nsga2(SPACE, 0, lambda arch: True, population=3)
    for number, digit in enumerate((1, 2, 3)):
        strategy.tell(toy_trial(number, (digit,) * 6))
    worse = replace(toy_scores([2] * 6), quality_int8=0.1, flash_bytes=10_000, sram_bytes=10_000)
    strategy.tell(replace(toy_trial(3, (2, 2, 2, 2, 2, 1)), scores=worse))
    assert ToyArch((2, 2, 2, 2, 2, 1)) not in [member.arch for member in strategy._members]


def test_without_a_device_latency_tells_nobody_apart() -> None:
    scores = replace(toy_scores([1] * 6), latency=None)
    assert costs_of(scores)[1] == 0.0


def test_loneliness_is_the_larger_ratio_to_the_nearest_member() -> None:
    sizes = np.array([[1000.0, 400.0], [2000.0, 200.0], [4000.0, 100.0]])
    members = np.array([[1000.0, 200.0], [4000.0, 400.0]])
    # ratios to the members: (1, 2) and (4, 1); (2, 1) and (2, 2); (4, 2) and (1, 4)
    assert np.exp(novelty(sizes, members)).tolist() == pytest.approx([2.0, 2.0, 4.0])


def observed(
    bytes_of: Callable[[ToyArch], tuple[int, int]] | None, accept: Accept = lambda arch: True
) -> Nsga2:
    strategy = Nsga2(SPACE, 0, accept, population=6, bytes_of=bytes_of)
    for number, digit in enumerate((0, 1, 2, 3, 4, 2)):
        strategy.tell(toy_trial(number, (digit,) * 6))
    return strategy


def toy_bytes(arch: ToyArch) -> tuple[int, int]:
    scores = toy_scores(list(arch.genes))
    return scores.flash_bytes, scores.sram_bytes


def test_the_loneliest_of_a_litter_is_tried() -> None:
    litters: list[list[ToyArch]] = []

    def accept(arch: ToyArch) -> bool:
        litters[-1].append(arch)
        return True

    strategy = observed(toy_bytes, accept)
    members = np.array([toy_bytes(ToyArch((digit,) * 6)) for digit in range(5)], float)
    for number in range(6, 40):
        litters.append([])
        chosen = strategy.ask(number)
        assert len(litters[-1]) == len(set(litters[-1])) == CANDIDATES_PER_CHILD
        far = novelty(np.array([toy_bytes(arch) for arch in litters[-1]], float), members)
        assert chosen == litters[-1][int(far.argmax())]


def test_without_bytes_the_first_child_that_fits_is_tried() -> None:
    first: list[ToyArch] = []

    def accept(arch: ToyArch) -> bool:
        first.append(arch)
        return sum(arch.genes) % 2 == 0

    chosen = observed(None, accept).ask(7)
    assert chosen == first[-1]
    assert all(sum(arch.genes) % 2 for arch in first[:-1])


def test_a_litter_that_nothing_is_accepted_of_ends() -> None:
    assert isinstance(observed(toy_bytes, lambda arch: False).ask(7), ToyArch)
