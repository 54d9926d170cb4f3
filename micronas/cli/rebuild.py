"""``micronas rebuild``: a trial of a run once more, compared with what the run stored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import print_json, print_table
from micronas.cli.output_paths import require_writable_folder

if TYPE_CHECKING:
    from micronas.search.rebuild import Rebuilt


def rebuild(
    run: RunArgument,
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="Number of the trial; `micronas show RUN` lists them.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder. Default: RUN/rebuilds/trial-TRIAL.")] = None,
    board: OfBoardOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a trial of a run again, and compare architecture, ledger, weights and bytes with those stored.

    On the machine and versions of the search they are the same; elsewhere it says which differ. Exits with
    1 if anything differs.
    """
    from micronas.search.rebuild import rebuild as rebuild_trial
    from micronas.store import Store

    with Store.read(run_folder(run)) as store:
        require_writable_folder("--out", out or store.folder / "rebuilds")
        say_board(store, board)
        rebuilt = rebuild_trial(store, trial, _say, out=out, board=board)
    if as_json:
        print_json(rebuilt.to_json())
    else:
        _print(rebuilt)
    if not rebuilt.is_same:
        raise typer.Exit(1)


def _print(rebuilt: Rebuilt) -> None:
    words = {True: "same", False: "DIFFERENT", None: "not compared"}
    rows = [(one.what, one.stored, one.rebuilt, words[one.same]) for one in rebuilt.compared]
    print_table(f"trial {rebuilt.trial}", ("what", "stored", "rebuilt", ""), rows)
    if rebuilt.environment:
        print("\nmachine and versions that are not those of the search:")
        print("\n".join(f"  {difference}" for difference in rebuilt.environment))
    elif rebuilt.environment is None:
        print("\nthe run does not record its machine and versions: an earlier version of micronas wrote it")
    if rebuilt.cut:
        print(f"\nthe search's training was {rebuilt.cut}: a clock cannot be repeated exactly")
    print(f"\n  {rebuilt.folder}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
