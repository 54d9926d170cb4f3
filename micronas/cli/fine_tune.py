"""``micronas fine-tune``: a network of a run trained further, also on other data."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import print_json, program, typed
from micronas.cli.result_text import print_result


def fine_tune(
    run: RunArgument,
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="Number of the trial; `micronas show RUN` lists them.")
    ],
    epochs: Annotated[int, typer.Option(min=1, help="Maximum number of further epochs.")],
    data: Annotated[
        str | None,
        typer.Option(metavar="CONFIG", help="Search configuration whose data are used. Default: the run's."),
    ] = None,
    board: OfBoardOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train the float network of a trial further, then convert, build, measure and test it like the winner.

    With --data it learns other data of the same input shape; if they have other classes, its last layer
    starts from scratch. Its files go to a new folder below RUN/fine-tuned; the run, its trials and its result
    do not change. The test split is unsealed once more, and the run records that.
    """
    from micronas.config import load_config
    from micronas.search.fine_tune import fine_tune as tune
    from micronas.search.fine_tune import tuning_setup
    from micronas.search.pick import find_trial
    from micronas.store import Store
    from micronas.store.other_boards import records_for

    other = None if data is None else load_config(data).data
    words = f"{program()} fine-tune {typed(run)} {trial} --epochs {epochs}"
    words = words if data is None else f"{words} --data {typed(data)}"
    command = words if board is None else f"{words} --board {board}"
    with Store.resume(run_folder(run)) as store:
        find_trial(records_for(store, board), trial)  # check before the data are loaded
        say_board(store, board)
        setup = tuning_setup(store, other, board)
        done = tune(setup, store, trial, epochs, _say, other_data=other is not None, command=command)
        if as_json:
            print_json(done.to_json())
        else:
            print_result(setup, store, done.figures, "fine-tuned network", trained="fine-tuned")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
