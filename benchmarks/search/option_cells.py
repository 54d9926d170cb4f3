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
class Option:
    """What is changed of the default search, and on which tasks."""

    changed: Mapping[str, Json]
    tasks: tuple[str, ...]


SEARCHED = ("motion", "anomalies")
"""Tasks where 2 CPU minutes are enough for a search. On the others, the default trains one network."""

COMPARISONS: Mapping[str, Mapping[str, Option]] = {
    "search": {
        "warm_3": Option({"estimator.warm_epochs": 3}, SEARCHED),
        "halving": Option({"estimator.name": "halving"}, SEARCHED),
        "strengths": Option({"training.augment_strengths": [1, 0.5, 1.5]}, ("anomalies",)),
    },
    "one_network": {"mixup_0.2": Option({"training.mixup": 0.2}, ("photos",))},
}
"""Comparison -> its options, which share the cells of the default search."""


@dataclass(frozen=True)
class OptionCell(Cell):
    """One run of the default search with at most one option changed."""

    comparison: str = ""
    option: str = REFERENCE

    @property
    def name(self) -> str:
        """``search-motion-halving-2min-0``."""
        return f"{self.comparison}-{self.task}-{self.option}-{self.cpu_minutes:g}min-{self.seed}"

    @property
    def overrides(self) -> dict[str, Json]:
        """Those of the default search, and the option."""
        option = COMPARISONS[self.comparison].get(self.option)
        return {**super().overrides, **(option.changed if option else {})}

    @property
    def reference(self) -> OptionCell:
        """The default search that it is paired with."""
        return replace(self, option=REFERENCE)


def option_cells() -> Iterator[OptionCell]:
    """All cells, seed by seed; those of a pair follow each other."""
    for name, options in COMPARISONS.items():
        tasks = dict.fromkeys(task for option in options.values() for task in option.tasks)
        for seed in range(SEEDS):
            for task in tasks:
                yield OptionCell(task, REFERENCE, seed, CPU_MINUTES, name)
                for name_of_option, option in options.items():
                    if task in option.tasks:
                        yield OptionCell(task, REFERENCE, seed, CPU_MINUTES, name, name_of_option)
