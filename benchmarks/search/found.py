"""The results of the cells that have run, by seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from benchmarks.search.cells import DEFAULT, OTHER_SPACE, SEARCHES, Cell, cells
from micronas.search.one_network import TRAINED_ALONE
from micronas.trial import Json

Found: TypeAlias = Mapping[Cell, Mapping[str, Json]]


def tests_of(found: Found, task: str, entry: str, minutes: float, seeds: int) -> dict[int, float]:
    """Seed -> test figure, of the seeds with a network."""
    known = results_of(found, task, entry, minutes, seeds)
    return {
        seed: float(test) for seed, result in known.items() if isinstance(test := result["test"], float | int)
    }


def without_network(found: Found, task: str, entry: str, minutes: float, seeds: int) -> int:
    """The number of seeds in which an entry has found no network that fits."""
    return sum(result["test"] is None for result in results_of(found, task, entry, minutes, seeds).values())


def is_default_run(found: Found, cell: Cell) -> bool:
    """Whether a search entry needs no run of its own: with the seed of ``cell``, the default search trained
    one network with all of the time. Strategy and estimator have no part in that, so the run would be equal.
    """
    if cell.entry not in SEARCHES or cell.entry == DEFAULT or cell in found:
        return False
    if (cell.task, cell.entry) in OTHER_SPACE:
        return False
    default = found.get(Cell(cell.task, DEFAULT, cell.seed, cell.cpu_minutes))
    return default is not None and str(default.get("note")).startswith(TRAINED_ALONE)


def missing(found: Found) -> list[Cell]:
    """The cells that have not run and need to."""
    return [cell for cell in cells() if cell not in found and not is_default_run(found, cell)]


def results_of(
    found: Found, task: str, entry: str, minutes: float, seeds: int
) -> dict[int, Mapping[str, Json]]:
    """Seed -> result, of the cells that have run."""
    cells = {seed: Cell(task, entry, seed, minutes) for seed in range(seeds)}
    return {seed: found[cell] for seed, cell in cells.items() if cell in found}
