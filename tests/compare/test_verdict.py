"""A entry beside random search: pairs of seeds, disjoint ranges, and never a word from one seed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from micronas.compare.entry import Entry
from micronas.compare.results import ComparedRun, Results
from micronas.compare.verdict import Ordering, PairedVerdict, against_random, judged

Figures = dict[int, float | None]
"""Seed -> figure; None for a run that has none."""


def row(name: str, figures: Figures) -> ComparedRun:
    runs: Any = tuple(SimpleNamespace(seed=seed, value=value) for seed, value in figures.items())
    return ComparedRun(Entry(name), runs)


def verdict(own: Figures, random: Figures) -> PairedVerdict | None:
    rows: Any = (row("random", random), row("nsga2", own))
    results = Results(None, None, rows, test_samples=0)  # type: ignore[arg-type]
    return against_random(rows[1], results, lambda run: run.value)  # type: ignore[attr-defined]


def said(own: Figures, random: Figures) -> PairedVerdict:
    found = verdict(own, random)
    assert found is not None
    return found


RANDOM: Figures = {0: 0.50, 1: 0.60, 2: 0.55}


@pytest.mark.parametrize(
    ("own", "word", "better", "difference"),
    [
        ({0: 0.61, 1: 0.70, 2: 0.62}, Ordering.ABOVE, 3, 0.10),
        (
            {0: 0.60, 1: 0.70, 2: 0.62},
            Ordering.NOT_SEPARATED,
            3,
            0.10,
        ),  # its worst is no better than their best
        ({0: 0.51, 1: 0.61, 2: 0.56}, Ordering.NOT_SEPARATED, 3, 0.01),
        ({0: 0.50, 1: 0.60, 2: 0.55}, Ordering.NOT_SEPARATED, 0, 0.00),
        ({0: 0.49, 1: 0.40, 2: 0.45}, Ordering.BELOW, 0, -0.10),
        ({0: 0.50, 1: 0.40, 2: 0.45}, Ordering.NOT_SEPARATED, 0, -0.10),
    ],
)
def test_only_disjoint_ranges_are_called_different(
    own: Figures, word: Ordering, better: int, difference: float
) -> None:
    found = said(own, RANDOM)
    assert (found.word, found.better, found.pairs) == (word, better, 3)
    assert found.median_difference == pytest.approx(difference)


def test_one_pair_separates_nothing() -> None:
    assert said({0: 0.99}, RANDOM) == PairedVerdict(Ordering.NOT_SEPARATED, 1, 1, pytest.approx(0.49))
    assert said({0: 0.01}, RANDOM).word is Ordering.NOT_SEPARATED
    assert said({0: 0.99, 1: 0.98}, RANDOM).word is Ordering.ABOVE


def test_a_seed_counts_only_where_both_have_a_figure() -> None:
    """Seed 1 of random search, its best, has no partner, and seed 3 has none there."""
    own: Figures = {0: 0.56, 1: None, 2: 0.57, 3: 0.10}
    assert said(own, RANDOM) == PairedVerdict(Ordering.ABOVE, 2, 2, pytest.approx(0.04))
    assert verdict({3: 0.9}, RANDOM) is None
    assert verdict({0: None}, RANDOM) is None


def test_every_contender_but_random_search_is_judged() -> None:
    rows = (row("random", RANDOM), row("nsga2", {0: 0.9, 1: 0.9}), row("darts", {7: 0.9}))
    results = Results(None, None, rows, test_samples=0)  # type: ignore[arg-type]
    found = judged(results, lambda run: run.value)  # type: ignore[attr-defined]
    assert [name for name, _ in found] == ["nsga2"]
    assert judged(Results(None, None, rows[1:], test_samples=0), lambda run: run.value) == []  # type: ignore


def test_the_text_gives_seeds_and_difference() -> None:
    assert PairedVerdict(Ordering.ABOVE, 3, 3, 0.0123).text() == "above (3 of 3 seeds, median +0.0123)"
    assert PairedVerdict(Ordering.BELOW, 0, 1, -0.5).text() == "below (0 of 1 seed, median -0.5000)"
