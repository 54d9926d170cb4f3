"""Does the search beat what an engineer does by hand? Equal CPU seconds for all, the final training included.

    pip install keras-tuner optuna         # for two of the entries
    export MICRONAS_DATA=FOLDER
    python -m benchmarks.search.run                               # every missing cell, then the table
    python -m benchmarks.search.run --cell photos-default-2min-0  # one of them
    python -m benchmarks.search.run --only-table
    python -m benchmarks.search.run --only-table --pages          # into the pages, between their marks

A cell is a task, an entry, a budget and a seed. Each is a small file in ``results/``. A cell that exists is
not run again, so the same command resumes an interrupted benchmark. Missing cells are printed as missing.
Where the default search trained one network with all of the time, other strategies would do the same; such
a cell is run only if it is named.
Accuracies are those of the int8 network on the test split, which is used once per cell, after everything
was chosen on validation data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.search.cells import HERE, Cell, cells
from benchmarks.search.found import is_default_run
from benchmarks.search.overview import overview
from benchmarks.search.table import markdown, missing_names
from micronas.trial import Json

RESULTS = HERE / "results"
PAGES = {
    HERE / "README.md": markdown,
    HERE.parent.parent / "docs" / "background" / "do_you_need_nas.md": overview,
}
"""Page -> its generated part."""

BEGIN, END = "<!-- table: python -m benchmarks.search.run --only-table -->", "<!-- end of table -->"
"""Marks of the generated part of a page."""

TIMEOUT_S = 4 * 3600.0
"""Of a cell on a busy machine; its CPU time is limited by its own plan."""


def main() -> None:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = [cell for cell in cells() if not options.cell or cell.name in options.cell]
    found = found_in(options.out)
    for cell in wanted if not options.only_table else ():
        if cell not in found and (options.cell or not is_default_run(found, cell)):
            run(options.out, cell)
            found |= found_in(options.out, [cell])
    print(missing_names(found) if options.names else markdown(found))
    for page, tables in PAGES.items() if options.pages else ():
        page.write_text(with_tables(page.read_text(encoding="utf-8"), tables(found)), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the cells")
    parser.add_argument("--cell", action="append", help="TASK-ENTRY-MINUTESmin-SEED; may be repeated")
    parser.add_argument("--only-table", action="store_true", help="run nothing")
    parser.add_argument("--names", action="store_true", help="the names of the missing cells, not the tables")
    parser.add_argument("--pages", action="store_true", help="also write the tables into the pages")
    return parser.parse_args()


def with_tables(page: str, tables: str, begin: str = BEGIN) -> str:
    """``page`` with ``tables`` between its two marks."""
    before, mark, rest = page.partition(begin)
    _, end, after = rest.partition(END)
    assert mark, f"the page has no {begin}"
    assert end, f"the page has no {END}"
    return f"{before}{begin}\n{tables}\n{END}{after}"


def found_in(folder: Path, wanted: Iterable[Cell] | None = None) -> dict[Cell, dict[str, Json]]:
    """The cells that a folder has, of ``wanted``; None: of all."""
    paths = {cell: path_of(folder, cell) for cell in (cells() if wanted is None else wanted)}
    return {c: json.loads(path.read_text(encoding="utf-8")) for c, path in paths.items() if path.exists()}


def path_of(out: Path, cell: Cell) -> Path:
    return out / f"{cell.name}.json"


def run(out: Path, cell: Cell, kept: Path | None = None) -> None:
    """Run a cell in a process of its own, so that its CPU time can be counted. ``kept`` is a folder that
    keeps its run.
    """
    print(f"{cell.name}: {cell.cpu_minutes:g} CPU minutes", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "benchmarks.search.run_cell", cell.name, str(out), str(kept or runs)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode:
        print(f"{cell.name} failed: {done.stderr[-2000:]}", file=sys.stderr)


if __name__ == "__main__":
    main()
