"""The table of the benchmark: hypervolumes, and the pairs of each entry with random search."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TypeAlias

from benchmarks.fronts.cells import ENTRIES, RANDOM, SEEDS, TASKS, Cell, cells
from benchmarks.search.paired import sign_flips
from micronas.trial import Json

Found: TypeAlias = Mapping[Cell, Mapping[str, Json]]


def markdown(found: Found) -> str:
    """Mean hypervolume per task, and the test against random search over all pairs."""
    lines = [
        f"Hypervolume, mean over {SEEDS} seeds; wins and p (exchange of signs) against random search",
        "",
        f"| | {' | '.join(TASKS)} | wins | p (below) | p (above) |",
        "|---|" + "---|" * (len(TASKS) + 3),
        *(_row(found, entry) for entry in ENTRIES),
    ]
    left = sum(1 for cell in cells() if cell not in found)
    return "\n".join([*lines, *(["", f"{left} of {len(list(cells()))} cells are missing."] if left else [])])


def _row(found: Found, entry: str) -> str:
    volumes = {task: _volumes(found, task, entry) for task in TASKS}
    means = [_mean(list(of_task.values())) for of_task in volumes.values()]
    pairs = [
        volume - others[seed]
        for task, of_task in volumes.items()
        for seed, volume in of_task.items()
        if seed in (others := _volumes(found, task, RANDOM))
    ]
    if entry == RANDOM:
        tested = ["", "", ""]
    elif not pairs:
        tested = ["missing"] * 3
    else:
        test = sign_flips(pairs)
        wins = f"{sum(d > 0 for d in pairs)} of {len(pairs)}"
        tested = [wins, f"{test.p_below:.3f}", f"{test.p_above:.3f}"]
    return f"| {' | '.join((entry, *means, *tested))} |"


def _volumes(found: Found, task: str, entry: str) -> dict[int, float]:
    """Seed -> hypervolume, of the seeds that have run."""
    own = {seed: found.get(Cell(task, entry, seed)) for seed in range(SEEDS)}
    return {seed: float(str(cell["hypervolume"])) for seed, cell in own.items() if cell is not None}


def _mean(volumes: list[float]) -> str:
    if not volumes:
        return "missing"
    seeds = "" if len(volumes) == SEEDS else f" ({len(volumes)} of {SEEDS} seeds)"
    return f"{fmean(volumes):.4f}{seeds}"
