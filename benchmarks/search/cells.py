"""The cells of the benchmark: a task, an entry, a seed, and a budget in CPU minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from micronas.config import SearchConfig, load_config
from micronas.trial import Json

HERE = Path(__file__).resolve().parent
CONFIGS, SHIPPED = HERE.parent / "configs", HERE.parent.parent / "search_configs"

TASKS = {
    "motion": CONFIGS / "har_st.yaml",
    "photos": CONFIGS / "photos.yaml",
    "keywords": CONFIGS / "kws_gsc12.yaml",
    "digits": SHIPPED / "mnist5k_class_b.yaml",
    "anomalies": SHIPPED / "vibration.yaml",
}
"""Task -> its configuration. Anomalies are synthetic; the figure of that task is an AUC."""

SEARCHES = {
    "default": "aging_evolution",
    "random": "random",
    "predictor_reward": "predictor_reward",
    "predictor_front": "predictor_front",
    "nsga2": "nsga2",
    "local_search": "local_search",
    "reinforce": "reinforce",
    "dnas": "dnas",
    "supernet": "random",
}
"""Entry -> strategy: all but ``darts``, whose cells are another space than that of any task. The supernet is
an estimator (``OWN``).
"""

OTHER_SPACE = {("anomalies", "dnas")}
"""(task, entry) whose strategy does not search the space of the task."""

DEFAULT = "default"

BY_HAND = {"by_hand": 0, "by_hand_2": 1}
"""Entry -> which of the initial baseline networks gets all of the CPU time."""

OTHER_TOOLS = ("optuna_tpe", "keras_tuner_hyperband")

LONG_ENTRIES = ("default", "random", "dnas", "by_hand", "by_hand_2", "optuna_tpe")
"""``dnas`` is among them because at 2 minutes it searches on one task only: too few pairs for a test."""

BUDGETS = {2.0: ((*SEARCHES, *BY_HAND, *OTHER_TOOLS), 3), 6.0: (LONG_ENTRIES, 5)}
"""CPU minutes -> the entries that are run with them, and the number of seeds."""

SHARED: dict[str, Json] = {
    "board": "nucleo_f446re",
    "runtime": "micronas",
    "reward.target_ms": None,
    "constraints.latency_ms": None,
    "device": "none",
    "workers": 1,
    "final_fit.epochs": None,
    "final_fit.share": None,
    "final_fit.finalists": 1,
    "budget.trials": None,
    "budget.minutes": None,
}
"""Overrides that all entries share: accuracy alone is the aim, nothing runs on a device, and CPU time alone
ends a run.
"""

OWN: dict[str, dict[str, Json]] = {"supernet": {"estimator.name": "supernet"}}


@dataclass(frozen=True)
class Cell:
    """One run."""

    task: str
    entry: str
    seed: int
    cpu_minutes: float = 2.0

    @property
    def name(self) -> str:
        """``photos-default-2min-0``: the name of its file, too."""
        return f"{self.task}-{self.entry}-{self.cpu_minutes:g}min-{self.seed}"

    @property
    def overrides(self) -> dict[str, Json]:
        """Of the task's configuration."""
        return {
            **SHARED,
            **OWN.get(self.entry, {}),
            "budget.cpu_minutes": self.cpu_minutes,
            "seed": self.seed,
        }

    @property
    def config(self) -> SearchConfig:
        """The configuration of its run."""
        return load_config(TASKS[self.task], overrides=self.overrides)


def cells() -> Iterator[Cell]:
    """All cells: shorter budgets first, and seed by seed, so that an interrupted run has whole seeds."""
    for cpu_minutes, (entries, seeds) in BUDGETS.items():
        for seed in range(seeds):
            for task in TASKS:
                possible = (entry for entry in entries if (task, entry) not in OTHER_SPACE)
                yield from (Cell(task, entry, seed, cpu_minutes) for entry in possible)
