"""Does the search beat what an engineer does by hand? Equal CPU seconds for all, the final training included.

    export MICRONAS_DATA=FOLDER
    python -m benchmarks.search.run --out CELLS                          # every missing cell, then the table
    python -m benchmarks.search.run --out CELLS --cell photos-default-0  # one of them
    python -m benchmarks.search.run --out CELLS --only-table

A cell is a task, an entry and a seed. Each is a file in the folder; a cell that exists is not run again, and
a missing one is printed as missing. Accuracies are those of the int8 network on the test split, which is used
once per cell, after everything was chosen on validation data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.search.cells import CPU_MINUTES, ENTRIES, SEEDS, TASKS, Cell, cells
from benchmarks.search.table import markdown

TIMEOUT_S = 4 * 3600.0
"""Of a cell on a busy machine; its CPU time is limited by its own plan."""


def main() -> None:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = [cell for cell in cells() if not options.cell or cell.name in options.cell]
    for cell in wanted if not options.only_table else ():
        if not path_of(options.out, cell).exists():
            run(options.out, cell)
    found = {cell: read(path_of(options.out, cell)) for cell in cells()}
    print(markdown({cell: result for cell, result in found.items() if result is not None}))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the cells")
    parser.add_argument("--cell", action="append", help=f"TASK-ENTRY-SEED of {TASKS}, {ENTRIES}, {SEEDS}")
    parser.add_argument("--only-table", action="store_true")
    return parser.parse_args()


def path_of(out: Path, cell: Cell) -> Path:
    return out / f"{cell.name}.json"


def read(path: Path) -> dict[str, float] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def run(out: Path, cell: Cell) -> None:
    """Run a cell in a process of its own, so that the kernel counts its CPU time."""
    print(f"{cell.name}: {CPU_MINUTES} CPU minutes", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.search.cells", cell.name, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode:
        print(f"{cell.name} failed: {done.stderr[-2000:]}", file=sys.stderr)


if __name__ == "__main__":
    main()
