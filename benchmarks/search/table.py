"""The table of the benchmark: mean and standard deviation over seeds, and which cells are missing."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, stdev

from benchmarks.search.cells import ENTRIES, SEEDS, TASKS, Cell, cells


def markdown(found: Mapping[Cell, Mapping[str, float]]) -> str:
    """A row per entry, a column per task; below it, the names of the missing cells."""
    rows = [f"| {entry} | {' | '.join(_figure(found, task, entry) for task in TASKS)} |" for entry in ENTRIES]
    missing = [cell.name for cell in cells() if cell not in found]
    head = f"| test accuracy, int8 | {' | '.join(TASKS)} |\n|{'---|' * (len(TASKS) + 1)}"
    names = (
        f"\n\nMissing, {len(missing)} of {len([*cells()])} cells: {', '.join(missing)}." if missing else ""
    )
    return "\n".join([head, *rows]) + names


def _figure(found: Mapping[Cell, Mapping[str, float]], task: str, entry: str) -> str:
    """``.812 +- .010 (3 seeds, 118 CPU s)``, or ``missing``."""
    results = [found[cell] for seed in SEEDS if (cell := Cell(task, entry, seed)) in found]
    if not results:
        return "missing"
    tests = [result["test"] for result in results]
    spread = f" +- {stdev(tests):.3f}" if len(tests) > 1 else ""
    seeds = f"{len(tests)} of {len(SEEDS)} seeds"
    return f"{fmean(tests):.3f}{spread} ({seeds}, {fmean(r['cpu_s'] for r in results):.0f} CPU s)"
