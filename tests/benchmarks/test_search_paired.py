"""Paired differences of ``benchmarks/search``: the test by exchange of signs, and what its tables say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.search.cells import TASKS, Cell
from benchmarks.search.paired import FEWEST_PAIRS, against_random, default_minus, sign_flips
from micronas.trial import Json


def by_scipy(values: list[float], alternative: str) -> float:
    found = stats.permutation_test(
        (np.array(values),), np.mean, permutation_type="samples", alternative=alternative, n_resamples=np.inf
    )
    return float(found.pvalue)


@pytest.mark.parametrize(
    "values",
    [[-1.0] * 6, [1.0, -2.0, 0.5, 0.0, 3.0, -0.25, 1.5], [0.0] * 6, [2.0, 2.0, -2.0, 1.0, 1.0, -1.0, 0.3]],
)
def test_few_pairs_are_tested_exactly(values: list[float]) -> None:
    found = sign_flips(values)
    assert found.p_below == pytest.approx(by_scipy(values, "less"))
    assert found.p_above == pytest.approx(by_scipy(values, "greater"))
    assert (found.pairs, found.mean) == (len(values), pytest.approx(float(np.mean(values))))


def test_with_many_pairs_signs_are_drawn_and_the_result_repeats() -> None:
    values = np.random.default_rng(3).normal(-0.4, 1.0, 30).tolist()
    found = sign_flips(values)
    assert found == sign_flips(values)
    assert found.p_below == pytest.approx(stats.ttest_1samp(values, 0.0, alternative="less").pvalue, abs=0.01)


def cells(entry: str, minus_random: float, seeds: int = 3) -> dict[Cell, dict[str, Json]]:
    """Cells of every task, with those of random search."""
    found: dict[Cell, dict[str, Json]] = {}
    for task in TASKS:
        for seed in range(seeds):
            found[Cell(task, "random", seed)] = {"test": 0.8 + 0.01 * seed}
            found[Cell(task, entry, seed)] = {"test": 0.8 + 0.01 * seed + minus_random}
    return found


def test_a_strategy_below_random_search_is_named() -> None:
    text = against_random(cells("nsga2", -0.02))
    assert "| nsga2, 2 min | 15 | -2.0 | 0.000 | 1.000 |" in text
    assert "Significantly below random search (p < 0.05): nsga2 (2 min); tested: nsga2 (2 min);" in text
    above = against_random(cells("nsga2", 0.02))
    assert (
        "below random search (p < 0.05): none; tested: nsga2 (2 min); missing: default (2 and 6 min)" in above
    )


def test_too_few_pairs_are_missing_and_their_number_is_said() -> None:
    few = dict(list(cells("nsga2", -0.02).items())[: 2 * (FEWEST_PAIRS - 1)])
    assert f"| nsga2, 2 min | {FEWEST_PAIRS - 1} | missing | missing | missing |" in against_random(few)
    assert "tested: none" in against_random(few)


def test_budgets_are_tested_together_where_none_has_enough_pairs() -> None:
    found: dict[Cell, dict[str, Json]] = {}
    for minutes, seeds in ((2.0, 3), (6.0, 5)):
        for seed in range(seeds):
            found[Cell("motion", "random", seed, minutes)] = {"test": 0.8}
            found[Cell("motion", "dnas", seed, minutes)] = {"test": 0.78}
    assert f"| dnas, 2 and 6 min | 8 | -2.0 | {2**-8:.3f} | 1.000 |" in against_random(found)
    found[Cell("digits", "random", 0, 6.0)] = {"test": 0.8}
    found[Cell("digits", "dnas", 0, 6.0)] = {"test": 0.78}
    text = against_random(found)
    assert "| dnas, 2 min | 3 | missing | missing | missing |" in text
    assert "| dnas, 6 min | 6 | -2.0 | 0.016 | 1.000 |" in text


def test_an_entry_without_a_network_makes_no_pair() -> None:
    found = cells("nsga2", -0.02)
    found[Cell("photos", "nsga2", 1)] = {"test": None}
    assert "| nsga2, 2 min | 14 |" in against_random(found)


def test_differences_of_the_default_search_have_the_interval_of_their_pairs() -> None:
    """By hand: differences 1, 2 and 3 points, so 2 +- 4.303 / sqrt(3)."""
    found: dict[Cell, dict[str, Json]] = {}
    for seed in range(3):
        found[Cell("photos", "default", seed)] = {"test": 0.7 + 0.01 * (seed + 1)}
        found[Cell("photos", "by_hand", seed)] = {"test": 0.7}
    found[Cell("motion", "default", 1)] = {"test": 0.9}
    found[Cell("motion", "by_hand", 1)] = {"test": 0.95}
    row = next(line for line in default_minus(found, 2.0).splitlines() if line.startswith("| by_hand |"))
    assert row == "| by_hand | -5.0 (1) | +2.0 +- 2.5 (3) | missing | missing | missing |"
