"""The cells that compare one option with the default search: a comparison, a task, an option and a seed.

The default search is a cell of every comparison, so that both halves of a pair are of one machine and one
commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from benchmarks.search.cells import Cell
from micronas.trial import Json

SEEDS = 3
CPU_MINUTES = 2.0
REFERENCE = "default"


@dataclass(frozen=True)
class Comparison:
    """Options against the default search; ``options`` has the overrides of each."""

    tasks: tuple[str, ...]
    options: Mapping[str, Mapping[str, Json]]


SEARCHED = ("motion", "anomalies")
"""Tasks where 2 CPU minutes are enough for a search. On the others, the default trains one network."""

COMPARISONS = {
    "trials": Comparison(
        SEARCHED,
        {"warm_3": {"estimator.warm_epochs": 3}, "halving": {"estimator.name": "halving"}},
    ),
    "mixup": Comparison(("photos",), {"mixup_0.2": {"training.mixup": 0.2}}),
    "strengths": Comparison(("anomalies",), {"strengths": {"training.augment_strengths": [1, 0.5, 1.5]}}),
}


@dataclass(frozen=True)
class OptionCell(Cell):
    """One run of the default search with at most one option changed."""

    comparison: str = ""
    option: str = REFERENCE

    @property
    def name(self) -> str:
        """``trials-motion-halving-2min-0``."""
        return f"{self.comparison}-{self.task}-{self.option}-{self.cpu_minutes:g}min-{self.seed}"

    @property
    def overrides(self) -> dict[str, Json]:
        """Those of the default search, and the option."""
        changed = COMPARISONS[self.comparison].options.get(self.option, {})
        return {**super().overrides, **changed}

    @property
    def reference(self) -> OptionCell:
        """The default search that it is paired with."""
        return replace(self, option=REFERENCE)


def option_cells() -> Iterator[OptionCell]:
    """All cells, seed by seed; those of a pair follow each other."""
    for name, comparison in COMPARISONS.items():
        for seed in range(SEEDS):
            for task in comparison.tasks:
                for option in (REFERENCE, *comparison.options):
                    yield OptionCell(task, REFERENCE, seed, CPU_MINUTES, name, option)
