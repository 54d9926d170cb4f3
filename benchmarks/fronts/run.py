"""Which strategy finds the better front with real trainings, at an equal number of trials?

    python -m benchmarks.fronts.run                # every missing cell, then the table; about an hour
    python -m benchmarks.fronts.run --only-table
    python -m benchmarks.fronts.run --only-table --page    # into README.md, between its marks

The figure is the hypervolume: the share of the box of error, flash and SRAM that the networks of a search
dominate, with the error of the int8 networks on validation data. The test split is not used.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.fronts.cells import HERE, TASKS, Cell, cells
from benchmarks.fronts.table import markdown
from benchmarks.search.run import with_tables
from benchmarks.search.run_cell import commit
from micronas import __version__
from micronas.search import stored_setup
from micronas.store import Store
from micronas.strategy.hypervolume import hypervolume
from micronas.trial import Json, Scores

RESULTS, PAGE = HERE / "results", HERE / "README.md"
BEGIN = "<!-- table: python -m benchmarks.fronts.run --only-table -->"
TIMEOUT_S = 3600.0


def main() -> None:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    for cell in cells() if not options.only_table else ():
        if (not options.cell or cell.name in options.cell) and not path_of(options.out, cell).exists():
            run(options.out, cell)
    tables = markdown(found_in(options.out))
    print(tables)
    if options.page:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), tables, BEGIN), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the cells")
    parser.add_argument("--cell", action="append", help="TASK-ENTRY-SEED; may be repeated")
    parser.add_argument("--only-table", action="store_true", help="run nothing")
    parser.add_argument("--page", action="store_true", help="also write the table into README.md")
    return parser.parse_args()


def found_in(folder: Path) -> dict[Cell, dict[str, Json]]:
    """The cells that a folder has."""
    paths = {cell: path_of(folder, cell) for cell in cells()}
    return {c: json.loads(path.read_text(encoding="utf-8")) for c, path in paths.items() if path.exists()}


def path_of(out: Path, cell: Cell) -> Path:
    return out / f"{cell.name}.json"


def run(out: Path, cell: Cell) -> None:
    """One search from the command line; its figures are read from its run."""
    print(cell.name, file=sys.stderr, flush=True)
    words = [word for k, v in cell.overrides.items() for word in ("--set", f"{k}={json.dumps(v)}")]
    with tempfile.TemporaryDirectory() as runs:
        command = [
            *(sys.executable, "-m", "micronas", "search", str(TASKS[cell.task]), "--json"),
            *("--runs", runs, "--run", cell.name, *words),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        if done.returncode:
            raise RuntimeError(f"{cell.name}: {done.stderr[-2000:]}")
        facts = {**figures(Path(runs) / cell.name), "version": __version__, "commit": commit()}
    facts["date"] = datetime.now(UTC).date().isoformat()
    draft = path_of(out, cell).with_suffix(".new")
    draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    draft.replace(path_of(out, cell))


def figures(run: Path) -> dict[str, Json]:
    """Hypervolume and best quality of a run's trials."""
    with Store.read(run) as store:
        setup = stored_setup(store)
        scores = [trial.scores for record in store.records() if (trial := record.trial).scores]
    complete = [one for one in scores if one]
    limits = (1.0 - setup.dataset.majority_baseline, setup.budget.flash_bytes, setup.budget.sram_bytes)
    return {
        "hypervolume": volume(complete, limits),
        "best_quality": max(one.quality_int8 for one in complete),
        "trained": len(complete),
    }


def volume(scores: Sequence[Scores], limits: tuple[float, int, int]) -> float:
    """The share of a box that networks dominate; ``limits``: error of guessing, flash and SRAM bytes."""
    points = [
        ((1.0 - one.quality_int8) / limits[0], one.flash_bytes / limits[1], one.sram_bytes / limits[2])
        for one in scores
    ]
    return hypervolume(points, (1.0, 1.0, 1.0))


if __name__ == "__main__":
    main()
