"""The comparison's table: this run's figures beside published ones for other tools on the same task."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micronas.store import Record, Store
from micronas.trial import Outcome

# One seed each (NanoNAS two), 600 s wall on one core, the same split; standard error about 0.5 points.
OTHERS = (
    ("keras-tuner random", ".967 / .971", ".963 / .980", "12.1, 41.4", "5.6, 2.7", "54 %, 93 %"),
    ("keras-tuner Bayesian", ".971 / .977", ".953 / .965", "11.5", "2.6", "77 %"),
    ("keras-tuner Hyperband", ".980 / .983", ".929 / .933", "18.6", "9.2 with rungs", "50 %"),
    ("optuna TPE + pruner", ".975 / .981", ".972 / .980", "13.1, 19.5", "2.6, 1.8", "27 %, 62 %"),
    ("optuna NSGA-II", ".969 / .977", ".927 / .937", "8.7", "6.1", "30 %"),
    ("uNAS aging evolution", ".889 / .873", "none", "1.5", "0.4", "75 %"),
    ("NanoNAS", "-", ".968 / .973", "15-20", "3 epochs each", "-"),
    ("no search: baseline network, 60 s, augmented", ".987 / .987", ".976 / .981", "-", "-", "-"),
    ("TPE's winner + 60 s of that recipe", ".979 / .988", ".983 / .995", "-", "-", "-"),
)
HEADER = (
    "tool",
    "A val / test",
    "B val / test",
    "candidates / CPU-min",
    "fully trained / CPU-min",
    "over budget, trained",
)


@dataclass(frozen=True)
class Run:
    """One finished search."""

    size: str
    validation: float
    test: float
    flash_bytes: int
    sram_bytes: int
    proposed: int
    full: int
    stopped: int
    over: int
    cpu_min: float
    trials_cpu_min: float

    @property
    def proposed_per_min(self) -> float:
        return self.proposed / self.cpu_min

    @property
    def full_per_min(self) -> float:
        return self.full / self.cpu_min

    @property
    def full_per_trials_min(self) -> float:
        """Without the final training, start-up and report, which the other tools' rows do not have."""
        return self.full / self.trials_cpu_min


def read_runs(out: Path) -> list[Run]:
    folders = sorted(path.parent for path in out.glob("class_*/result.json"))
    return [read_run(folder) for folder in folders]


def read_run(folder: Path) -> Run:
    best: dict[str, Any] = json.loads((folder / "result.json").read_text())["best"]
    with Store.read(folder) as store:
        records, config = store.records(), store.fact("config")
    limits: dict[str, float] = config["constraints"]  # type: ignore[index,call-overload,assignment]
    trained = [r for r in records if r.trial.scores and "repeats_trial" not in r.details]
    stopped = [r for r in trained if r.details.get("stopped")]
    return Run(
        size=folder.name.split("-")[0].removeprefix("class_"),
        validation=best["quality"]["validation_int8"],
        test=best["quality"]["test_int8"],
        flash_bytes=best["flash_bytes"],
        sram_bytes=best["sram_bytes"],
        proposed=sum(1 + r.rejected for r in records),
        full=sum(r.trial.outcome is Outcome.COMPLETE for r in trained) - len(stopped),
        stopped=len(stopped),
        over=sum(is_over(r, limits) for r in trained),
        cpu_min=json.loads((folder / "cpu.json").read_text()) / 60,
        trials_cpu_min=sum(r.trial.scores.train_cpu_s for r in trained if r.trial.scores) / 60,
    )


def is_over(record: Record, limits: dict[str, float]) -> bool:
    """Whether a trained network broke a budget: by the size of its file, not by what was predicted."""
    scores = record.trial.scores
    assert scores is not None
    return scores.flash_bytes > limits["flash_kb"] * 1024 or scores.sram_bytes > limits["sram_kb"] * 1024


def markdown(out: Path) -> str:
    runs = read_runs(out)
    by_size = {size: [run for run in runs if run.size == size] for size in "ab"}
    ours = (
        "**micronas**",
        accuracy(by_size["a"]),
        accuracy(by_size["b"]),
        rates(by_size, lambda run: run.proposed_per_min),
        f"{rates(by_size, lambda run: run.full_per_min)}; of the trials alone: "
        + rates(by_size, lambda run: run.full_per_trials_min),
        ", ".join(f"{sum(run.over for run in chosen)} of {trained(chosen)}" for chosen in by_size.values()),
    )
    lines = [row(HEADER), row(["---"] * len(HEADER)), row(ours), *(row(other) for other in OTHERS)]
    lines += [
        "",
        "Class A: file <= 64 KB, TFLite Micro arena <= 32 KB; class B: <= 20 KB, <= 12 KB. Int8 accuracy;",
    ]
    lines += ["ours: mean and range over seeds; the other rows: measured once, one seed, in 2026-11."]
    lines += [
        "",
        row(("run", "val", "test", "file, KB", "arena, KB", "proposed", "trained", "stopped", "CPU-min")),
    ]
    lines += [row(["---"] * 9), *(detail(run) for run in runs)]
    return "\n".join(lines) + "\n"


def accuracy(runs: Sequence[Run]) -> str:
    if not runs:
        return "not run"
    return f"{spread([r.validation for r in runs])} / {spread([r.test for r in runs])}"


def spread(values: Sequence[float]) -> str:
    """``.987 (.985-.989)``: mean and range."""
    mean, low, high = statistics.fmean(values), min(values), max(values)
    return f"{mean:.3f} ({low:.3f}-{high:.3f})"


def rates(by_size: dict[str, list[Run]], rate: Callable[[Run], float]) -> str:
    parts = [f"{statistics.fmean(map(rate, runs)):.1f}" for runs in by_size.values() if runs]
    return ", ".join(parts) or "not run"


def trained(runs: Sequence[Run]) -> int:
    return sum(run.full + run.stopped for run in runs)


def detail(run: Run) -> str:
    sizes = (f"{run.flash_bytes / 1024:.1f}", f"{run.sram_bytes / 1024:.1f}")
    counts = (str(run.proposed), str(run.full), str(run.stopped), f"{run.cpu_min:.1f}")
    return row((run.size.upper(), f"{run.validation:.3f}", f"{run.test:.3f}", *sizes, *counts))


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
