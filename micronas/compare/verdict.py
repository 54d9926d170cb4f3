"""The verdict on an entry compared with random search, and its limits.

Runs are paired by seed: with equal seeds, two entries share the split, the initial trials and the training
seeds. With three seeds, "better in all of them" has a probability of 1 in 8 even without any difference. An
entry is therefore said to beat random search only if the ranges do not overlap either: of all orders of n and
n equal runs, one in C(2n, n) has that, 1 in 20 for three seeds, 1 in 6 for two.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from micronas.compare.entry import BASELINE
from micronas.compare.results import ComparedRun, Results, RunResult
from micronas.errors import plural

Figure: TypeAlias = Callable[[RunResult], float | None]


MIN_PAIRS = 2
"""No verdict is given for a single seed."""


class Ordering(Enum):
    """The three possible verdicts."""

    ABOVE = "above"
    BELOW = "below"
    NOT_SEPARATED = "not separated"


@dataclass(frozen=True)
class PairedVerdict:
    """One figure of an entry against random search. ``better`` of ``pairs`` seeds were above."""

    word: Ordering
    better: int
    pairs: int
    median_difference: float

    def text(self) -> str:
        """``above (3 of 3 seeds, +0.012)``."""
        seeds = f"{self.better} of {plural(self.pairs, 'seed')}, median {self.median_difference:+.4f}"
        return f"{self.word.value} ({seeds})"


FIGURES: dict[str, Figure] = {
    "hypervolume": lambda run: run.hypervolume,
    "best reward in the search": lambda run: run.best_reward,
    "test accuracy": lambda run: run.history.reported.test if run.history.reported else None,
}


def against_random(row: ComparedRun, results: Results, figure: Figure) -> PairedVerdict | None:
    """None for random search itself, and if there is no seed that both have finished."""
    baseline = results.row(BASELINE)
    if baseline is None or row.entry.name == BASELINE:
        return None
    theirs = {run.seed: value for run in baseline.runs if (value := figure(run)) is not None}
    pairs = [
        (value, theirs[run.seed])
        for run in row.runs
        if run.seed in theirs and (value := figure(run)) is not None
    ]
    if not pairs:
        return None
    own, others = [a for a, _ in pairs], [b for _, b in pairs]
    word = Ordering.NOT_SEPARATED
    if len(pairs) >= MIN_PAIRS and min(own) > max(others):
        word = Ordering.ABOVE
    elif len(pairs) >= MIN_PAIRS and max(own) < min(others):
        word = Ordering.BELOW
    difference = statistics.median(a - b for a, b in pairs)
    return PairedVerdict(word, sum(a > b for a, b in pairs), len(pairs), difference)


def judged(results: Results, figure: Figure) -> list[tuple[str, PairedVerdict]]:
    """Every row but random search's with its verdict."""
    verdicts = [(row.entry.name, against_random(row, results, figure)) for row in results.rows]
    return [(name, verdict) for name, verdict in verdicts if verdict is not None]
