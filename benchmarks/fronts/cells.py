"""The cells of the benchmark: a task, an entry and a seed, with equal numbers of trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from micronas.trial import Json

HERE = Path(__file__).resolve().parent

TASKS = {
    "digits": HERE / "digits.yaml",
    "anomalies": HERE.parent.parent / "search_configs" / "vibration.yaml",
}
"""Task -> its configuration. Both need no files; the vibration is synthetic."""

ENTRIES: dict[str, dict[str, Json]] = {
    "random": {"strategy.name": "random"},
    "nsga2": {"strategy.name": "nsga2"},
    "nsga2_novel": {"strategy.name": "nsga2", "strategy.guided": False},
    "nsga2_first": {"strategy.name": "benchmarks.fronts.first_child:first_child"},
    "predictor_front": {"strategy.name": "predictor_front"},
}
"""Entry -> its overrides. Of the children that fit, ``nsga2`` tries the one that a predictor prefers,
``nsga2_novel`` the one whose bytes are most unlike, and ``nsga2_first`` the first.
"""

RANDOM = "random"
TRIALS, SEEDS = 40, 4

SHARED: dict[str, Json] = {
    "board": "nucleo_f446re",
    "device": "none",
    "reward.target_ms": None,
    "constraints.latency_ms": None,
    "workers": 1,
    "budget.trials": TRIALS,
    "budget.minutes": None,
    "final_fit.epochs": 1,
    "final_fit.finalists": 1,
}
"""Nothing runs on a device, so the objectives are error, flash and SRAM; only the trials count."""


@dataclass(frozen=True)
class Cell:
    """One search."""

    task: str
    entry: str
    seed: int

    @property
    def name(self) -> str:
        """``digits-nsga2-0``: the name of its file, too."""
        return f"{self.task}-{self.entry}-{self.seed}"

    @property
    def overrides(self) -> dict[str, Json]:
        """Of the task's configuration."""
        return {**SHARED, **ENTRIES[self.entry], "seed": self.seed}


def cells() -> Iterator[Cell]:
    """All cells, seed by seed, so that an interrupted run has whole seeds."""
    for seed in range(SEEDS):
        for task in TASKS:
            yield from (Cell(task, entry, seed) for entry in ENTRIES)
