"""``micronas runs``: the runs of a folder, with their state and results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import DEFAULT_RUNS
from micronas.cli.output import percent, print_json, print_table, program, typed

if TYPE_CHECKING:
    from micronas.store.overview import RunOverview

HEADER = ("run", "data", "board", "state", "trials", "best", "latency")


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds the runs.")] = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the runs of a folder: data, board, state, trials, and the best network's figures."""
    from micronas.store.overview import STOPPED, overviews

    found = overviews(folder)
    if as_json:
        print_json([_to_json(run) for run in found])
        return
    if not found:
        print(f"No runs in {folder} yet. Next:\n  {program()} search mnist5k --board nucleo_f446re")
        return
    print_table("", HEADER, [_row(run, folder) for run in found])
    for run in found:
        if run.problem:
            print(f"{run.folder.name}: {run.problem}")
    print(f"\nNext:\n  {program()} show {typed(found[-1].folder)}")
    if stopped := next((run for run in found if run.state == STOPPED), None):
        resume = f"{program()} search --resume {typed(stopped.folder)}"
        print(f"  {resume}    # continues; --finish-now reports the best so far")


def _row(run: RunOverview, folder: Path) -> tuple[str, ...]:
    latency = run.best.latency if run.best else None
    return (
        run.folder.relative_to(folder).as_posix(),
        run.data,
        run.board + (f" and {len(run.other_boards)} more" if run.other_boards else ""),
        run.state,
        str(run.trials),
        percent(run.best.quality_int8) if run.best else "",
        f"{latency.ms:.2f} ms {latency.source.value}" if latency else "",
    )


def _to_json(run: RunOverview) -> dict[str, object]:
    latency = run.best.latency if run.best else None
    return {
        "run": str(run.folder),
        "state": run.state,
        "data": run.data,
        "board": run.board,
        "other_boards": list(run.other_boards),
        "trials": run.trials,
        "best": None
        if run.best is None
        else {
            "trial": run.best_trial,
            "validation_int8": run.best.quality_int8,
            "flash_bytes": run.best.flash_bytes,
            "sram_bytes": run.best.sram_bytes,
            "latency": {
                "ms": latency.ms if latency else None,
                "source": latency.source.value if latency else None,
            },
        },
        "problem": run.problem,
    }
