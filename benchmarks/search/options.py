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
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean, stdev
from typing import TypeAlias

from scipy.stats import t as student_t

from benchmarks.search.cells import HERE
from benchmarks.search.option_cells import COMPARISONS, CPU_MINUTES, SEEDS, OptionCell, option_cells
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
    head = f"Default search with one option changed, {CPU_MINUTES:g} CPU minutes; differences in points\n"
    columns = (
        "option",
        "task",
        "pairs",
        "validation: default",
        "option",
        "difference",
        "test: default",
        "option",
        "difference",
        "trained",
        "commits",
    )
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for name, options in COMPARISONS.items():
        lines += [_row(found, name, key, task) for key, option in options.items() for task in option.tasks]
    missing = sum(cell not in found for cell in option_cells())
    count = len([*option_cells()])
    return "\n".join([head, *lines, *([f"\n{missing} of {count} cells are missing."] if missing else [])])


def _row(found: Found, comparison: str, option: str, task: str) -> str:
    pairs = [*_pairs(found, comparison, option, task)]
    if not pairs:
        return f"| {option} | {task} | missing |" + " |" * 8
    cells = [option, task, f"{len(pairs)} of {SEEDS}"]
    for figure in ("validation", "test"):
        values = [(float(str(a[figure])), float(str(b[figure]))) for a, b in pairs]
        cells += [f"{fmean(a for a, _ in values):.3f}", f"{fmean(b for _, b in values):.3f}"]
        cells.append(difference([100 * (b - a) for a, b in values]))
    trained = " / ".join(f"{fmean(int(str(p[half]['trained'])) for p in pairs):.0f}" for half in (0, 1))
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


def difference(paired: list[float]) -> str:
    """``+0.7 +- 3.3``: the mean with the half width of its 95 % interval by Student's t; no width for one."""
    mean = fmean(paired)
    if len(paired) < 2:
        return f"{mean:+.1f}"
    half = float(student_t.ppf(0.975, len(paired) - 1)) * stdev(paired) / math.sqrt(len(paired))
    return f"{mean:+.1f} +- {half:.1f}"


if __name__ == "__main__":
    main()
