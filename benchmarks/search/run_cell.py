"""Run one cell: ``python -m benchmarks.search.run_cell CELL FOLDER RUNS``.

All entries have the same CPU time, counted over all processes, with the loading of libraries. ``cpu_s`` of
the result is all of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.search.by_hand import by_hand
from benchmarks.search.cells import BY_HAND, SEARCHES, TASKS, Cell, cells
from benchmarks.search.figures import Figures
from benchmarks.search.option_cells import option_cells
from micronas import __version__
from micronas.search.cpu_clock import tree_cpu_s
from micronas.store import Store
from micronas.store.final_figures import figures_from_json
from micronas.trial import Json


def main() -> None:
    options = parse()
    cell = next(cell for cell in every_cell() if cell.name == options.cell)
    found = run(cell, options.runs)
    facts: dict[str, Json] = {
        **found.to_json(),
        "cpu_s": round(tree_cpu_s(), 1),
        "version": __version__,
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    path = options.out / f"{cell.name}.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def every_cell() -> Iterator[Cell]:
    """Those of the comparison with other entries, and those of single options."""
    yield from cells()
    yield from option_cells()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cell", choices=[cell.name for cell in every_cell()], metavar="CELL")
    parser.add_argument("out", type=Path, help="folder of the results")
    parser.add_argument("runs", type=Path, help="folder of the runs of searches")
    return parser.parse_args()


def run(cell: Cell, runs: Path) -> Figures:
    """The figures of a cell."""
    if cell.entry in SEARCHES:
        return search(cell, runs)
    if cell.entry in BY_HAND:
        return by_hand(cell)
    from benchmarks.search.other_tools import hyperband, tpe

    return tpe(cell) if cell.entry == "optuna_tpe" else hyperband(cell)


def search(cell: Cell, runs: Path) -> Figures:
    """A search with its final training, from the command line."""
    words = [word for k, v in cell.overrides.items() for word in ("--set", f"{k}={json.dumps(v)}")]
    command = [
        *(sys.executable, "-m", "micronas", "search", str(TASKS[cell.task]), "--json"),
        *("--strategy", SEARCHES[cell.entry], "--runs", str(runs), "--run", cell.name, *words),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    result = json.loads(done.stdout)
    with Store.read(Path(result["run"])) as store:
        winner, final = store.record(result["best"]["trial"]), store.final()
    assert final is not None, "a search that ended without an error has a result"
    best, quality = result["best"], result["best"]["quality"]
    return Figures(
        test=quality["test_int8"],
        validation=quality["validation_int8"],
        flash_bytes=best["flash_bytes"],
        sram_bytes=best["sram_bytes"],
        trained=result["trials"]["complete"],
        epochs=figures_from_json(final.result).scores.epochs,
        chosen=winner.trial.origin,
        note=best["selection"] or best["cut"] or best["note"],
    )


def commit() -> str:
    """Of the code that ran."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
