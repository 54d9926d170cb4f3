"""``micronas runs``: the runs of a folder, with their state and results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import DEFAULT_RUNS
from micronas.cli.output import percent, print_json, print_table, print_wrapped, program, typed
from micronas.errors import ConfigError

if TYPE_CHECKING:
    from micronas.store.overview import BoardOverview, RunOverview

HEADER = ("run", "data", "board", "state", "trials", "best", "latency")


def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds the runs.")] = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the runs of a folder: data, board, state, trials, and the best network's figures."""
    from micronas.store.overview import STOPPED, overviews

    if not folder.is_dir() and (folder.exists() or folder != DEFAULT_RUNS):
        raise ConfigError(
            f"{folder}: {'is a file, not a folder' if folder.exists() else 'no such folder'}",
            remedy=f"name the folder that holds the runs; without a name it is {DEFAULT_RUNS}",
        )
    found = overviews(folder)
    if as_json:
        print_json([_to_json(run) for run in found])
        return
    if not found:
        print(f"No runs in {folder} yet. Next:\n  {program()} search mnist5k --board nucleo_f446re")
        return
    print_table("", HEADER, [row for run in found for row in _rows(run, folder)])
    for run in found:
        if run.problem:
            print_wrapped(f"{run.folder.name}: {run.problem}", 2)
    print(f"\nNext:\n  {program()} show {typed(found[-1].folder)}")
    if stopped := next((run for run in found if run.state == STOPPED), None):
        resume = f"{program()} search --resume {typed(stopped.folder)}"
        print(f"  {resume}    # continues; --finish-now reports the best so far")


def _rows(run: RunOverview, folder: Path) -> list[tuple[str, ...]]:
    """One per board; what is equal for all boards stands in the first."""
    name = run.folder.relative_to(folder).as_posix()
    heads = [(name, run.data, run.state, str(run.trials)), *([("", "", "", "")] * len(run.other_boards))]
    return [
        (head[0], head[1], one.board, *head[2:], *_figures(one))
        for head, one in zip(heads, run.boards, strict=True)
    ]


def _figures(one: BoardOverview) -> tuple[str, str]:
    latency = one.best.latency if one.best else None
    quality = percent(one.best.quality_int8) if one.best else ""
    return quality, f"{latency.ms:.2f} ms {latency.source.value}" if latency else ""


def _to_json(run: RunOverview) -> dict[str, object]:
    return {
        "run": str(run.folder),
        "state": run.state,
        "data": run.data,
        "board": run.board,
        "trials": run.trials,
        "best": _best(run.boards[0]),
        "boards": [{"board": one.board, "best": _best(one)} for one in run.boards if run.other_boards],
        "problem": run.problem,
    }


def _best(one: BoardOverview) -> dict[str, object] | None:
    if one.best is None:
        return None
    latency = one.best.latency
    return {
        "trial": one.best_trial,
        "validation_int8": one.best.quality_int8,
        "flash_bytes": one.best.flash_bytes,
        "sram_bytes": one.best.sram_bytes,
        "latency": {
            "ms": latency.ms if latency else None,
            "source": latency.source.value if latency else None,
        },
    }
