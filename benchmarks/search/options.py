"""What is an option worth at equal CPU time? The default search with one option changed, against itself.

    export MICRONAS_DATA=FOLDER
    python -m benchmarks.search.options                      # every missing cell, then the table
    python -m benchmarks.search.options --comparison search  # one comparison
    python -m benchmarks.search.options --only-table

Each cell is a small file in ``options/``. A cell that exists is not run again; missing cells are printed as
missing. Options are chosen by validation figures; those of the test split are shown beside them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import TypeAlias

from benchmarks.search.cells import HERE
from benchmarks.search.option_cells import COMPARISONS, CPU_MINUTES, SEEDS, OptionCell, option_cells
from benchmarks.search.paired import interval
from benchmarks.search.run import path_of, run
from micronas.trial import Json

RESULTS = HERE / "options"

Found: TypeAlias = Mapping[OptionCell, Mapping[str, Json]]


def main() -> None:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    names = options.comparison or list(COMPARISONS)
    for cell in option_cells() if not options.only_table else ():
        wanted = cell.comparison in names and cell.seed in options.seed
        if wanted and not path_of(options.out, cell).exists():
            run(options.out, cell, options.runs)
    print(markdown(found_in(options.out)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the cells")
    parser.add_argument("--comparison", action="append", choices=list(COMPARISONS), help="may be repeated")
    parser.add_argument("--seed", type=int, nargs="+", default=range(SEEDS), help="only these")
    parser.add_argument("--runs", type=Path, help="keep the run folders here")
    parser.add_argument("--only-table", action="store_true", help="run nothing")
    return parser.parse_args()


def found_in(folder: Path) -> dict[OptionCell, dict[str, Json]]:
    """The cells that a folder has."""
    paths = {cell: path_of(folder, cell) for cell in option_cells()}
    return {c: json.loads(path.read_text(encoding="utf-8")) for c, path in paths.items() if path.exists()}


def markdown(found: Found) -> str:
    """A row per option and task: means of both, and the paired differences with their 95 % intervals."""
    head = (
        f"Default search with one option changed, {CPU_MINUTES:g} CPU minutes; differences are option minus "
        "default in points, paired by seed (mean +- 95 % interval, t distribution)\n"
    )
    halves = ("default, validation", "option", "difference", "default, test", "option", "difference")
    columns = ("option", "task", *halves, "networks trained", "commits")
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for name, options in COMPARISONS.items():
        lines += [_row(found, name, key, task) for key, option in options.items() for task in option.tasks]
    missing = [cell.name for cell in option_cells() if cell not in found]
    if missing:
        lines += ["", f"{len(missing)} of {len([*option_cells()])} cells are missing."]
    return "\n".join([head, *lines])


def _row(found: Found, comparison: str, option: str, task: str) -> str:
    pairs = [*_pairs(found, comparison, option, task)]
    if not pairs:
        return f"| {option} | {task} | missing |" + " |" * 7
    cells = [option, task]
    for figure in ("validation", "test"):
        values = [(float(str(a[figure])), float(str(b[figure]))) for a, b in pairs]
        cells += [f"{fmean(half):.3f}" for half in zip(*values, strict=True)]
        cells.append(interval([100 * (b - a) for a, b in values]))
    trained = " / ".join(f"{fmean(int(str(pair[half]['trained'])) for pair in pairs):.0f}" for half in (0, 1))
    commits = ", ".join(sorted({str(result["commit"]) for pair in pairs for result in pair}))
    return f"| {' | '.join([*cells, trained, commits])} |"


def _pairs(
    found: Found, comparison: str, option: str, task: str
) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json]]]:
    """(default, option) of the seeds that have both, each with a network."""
    for cell in option_cells():
        if (cell.comparison, cell.option, cell.task) == (comparison, option, task):
            pair = [found[c] for c in (cell.reference, cell) if c in found]
            if len(pair) == 2 and all(result["test"] is not None for result in pair):
                yield pair[0], pair[1]


if __name__ == "__main__":
    main()
