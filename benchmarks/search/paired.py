"""Differences between two entries of the benchmark, paired by task and seed, and whether they are chance."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

import numpy as np
import scipy.stats

from benchmarks.search.cells import BUDGETS, DEFAULT, OTHER_SPACE, SEARCHES, TASKS, Cell
from benchmarks.search.found import Found, is_default_run, tests_of

RANDOM = "random"

Minutes: TypeAlias = tuple[float, ...]
"""One budget in CPU minutes, or several whose pairs are tested together."""

FEWEST_PAIRS = 6
"""Of fewer, even all in one direction are not significant at .05 in both directions: 2 / 2**5 is .06."""

SIGNIFICANT = 0.05

MOST_EXACT_PAIRS, DRAWN = 16, 100_000
"""Pairs up to which every choice of signs is counted; with more, so many are drawn, always the same."""


@dataclass(frozen=True)
class SignFlips:
    """A permutation test of ``pairs`` differences whose mean is ``mean``: had both entries been exchanged by
    chance in each pair, how often would the mean be so low (``p_below``) or so high (``p_above``)?
    """

    pairs: int
    mean: float
    p_below: float
    p_above: float


def sign_flips(differences: Sequence[float]) -> SignFlips:
    """The test of ``differences``, at least one; one-sided, exact up to ``MOST_EXACT_PAIRS`` pairs."""
    observed = np.asarray(differences, np.float64)
    count = len(observed)
    if count <= MOST_EXACT_PAIRS:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=count)))
    else:
        drawn = np.random.default_rng(0).choice((1.0, -1.0), (DRAWN, count))
        signs = np.vstack([np.ones(count), drawn])  # the observed signs are one of the choices
    sums, total = signs @ observed, float(observed.sum())
    slack = 1e-9 * float(np.abs(observed).sum())  # equal sums may differ in the last digit
    below, above = (sums <= total + slack).mean(), (sums >= total - slack).mean()
    return SignFlips(count, total / count, float(below), float(above))


def differences(found: Found, entry: str, other: str, minutes: float, task: str) -> list[float]:
    """Test figure of ``entry`` minus that of ``other``, in points, of the seeds that both have."""
    seeds = BUDGETS[minutes][1]
    ours, theirs = (tests_of(found, task, name, minutes, seeds) for name in (entry, other))
    return [100.0 * (ours[seed] - theirs[seed]) for seed in ours if seed in theirs]


def against_random(found: Found) -> str:
    """Of every search entry: whether it is below random search, over the pairs of all tasks and seeds."""
    others = [entry for entry in SEARCHES if entry != RANDOM]
    head = (
        "Search entries against random search, in points of the test figure, paired over tasks and seeds "
        f"(exchange of signs; at least {FEWEST_PAIRS} pairs)\n"
    )
    lines = ["| minus random | pairs | mean | p (below) | p (above) |", "|---|---|---|---|---|"]
    tests = {
        (entry, minutes): _test_of(found, entry, minutes)
        for entry in others
        for minutes in _tested_together(found, entry)
    }
    for (entry, minutes), (pairs, test) in tests.items():
        figures = (
            "missing | missing | missing"
            if test is None
            else f"{test.mean:+.1f} | {test.p_below:.3f} | {test.p_above:.3f}"
        )
        lines.append(f"| {entry}, {_text(minutes)} | {pairs} | {figures} |")
    return "\n".join([head, *lines, "", _verdict({name: test for name, (_, test) in tests.items()})])


def _tested_together(found: Found, entry: str) -> list[Minutes]:
    """The budgets of ``entry`` and random search, each alone; all at once if no one has enough pairs."""
    alone: list[Minutes] = [
        (minutes,) for minutes, (entries, _) in BUDGETS.items() if {RANDOM, entry} <= {*entries}
    ]
    if any(_test_of(found, entry, minutes)[1] for minutes in alone):
        return alone
    return [tuple(minutes for one in alone for minutes in one)]


def _text(minutes: Minutes) -> str:
    return f"{' and '.join(f'{one:g}' for one in minutes)} min"


def _test_of(found: Found, entry: str, minutes: Minutes) -> tuple[int, SignFlips | None]:
    """The number of pairs at these budgets, and the test if there are enough."""
    pairs = [d for one in minutes for task in TASKS for d in differences(found, entry, RANDOM, one, task)]
    return len(pairs), sign_flips(pairs) if len(pairs) >= FEWEST_PAIRS else None


def _verdict(tests: dict[tuple[str, Minutes], SignFlips | None]) -> str:
    def named(chosen: Sequence[tuple[str, Minutes]]) -> str:
        return ", ".join(f"{entry} ({_text(minutes)})" for entry, minutes in chosen)

    tested = [name for name, test in tests.items() if test is not None]
    below = [name for name in tested if (test := tests[name]) is not None and test.p_below < SIGNIFICANT]
    untested = [name for name in tests if name not in tested]
    parts = [f"Significantly below random search (p < {SIGNIFICANT:g}): {named(below) or 'none'}"]
    parts.append(f"tested: {named(tested) or 'none'}")
    if untested:
        parts.append(f"missing: {named(untested)}")
    return "; ".join(parts) + "."


def default_minus(found: Found, minutes: float) -> str:
    """The default search minus each other entry: mean of the pairs and its 95 % interval, in points."""
    entries = [entry for entry in BUDGETS[minutes][0] if entry != DEFAULT]
    head = (
        f"Default search minus each entry at {minutes:g} CPU minutes, in points, paired by seed "
        "(mean +- 95 % interval, t distribution)\n"
    )
    lines = [f"| default minus | {' | '.join(TASKS)} |", f"|{'---|' * (len(TASKS) + 1)}"]
    for entry in entries:
        figures = (_difference(found, entry, minutes, task) for task in TASKS)
        lines.append(f"| {entry} | {' | '.join(figures)} |")
    return "\n".join([head, *lines])


def _difference(found: Found, entry: str, minutes: float, task: str) -> str:
    if (task, entry) in OTHER_SPACE:
        return "-"
    pairs = differences(found, DEFAULT, entry, minutes, task)
    cells = [Cell(task, entry, seed, minutes) for seed in range(BUDGETS[minutes][1])]
    return interval(pairs) if pairs or not any(is_default_run(found, cell) for cell in cells) else "same run"


def interval(pairs: Sequence[float]) -> str:
    """``+0.7 +- 3.3 (3)``; without an interval for one pair."""
    if not pairs:
        return "missing"
    if len(pairs) == 1:
        return f"{pairs[0]:+.1f} (1)"
    error = float(np.std(pairs, ddof=1)) / len(pairs) ** 0.5
    half = float(scipy.stats.t.ppf(0.975, len(pairs) - 1)) * error
    return f"{fmean(pairs):+.1f} +- {half:.1f} ({len(pairs)})"
