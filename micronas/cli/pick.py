"""``micronas pick``: another network of a run than the reported one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from micronas.cli.of_board import say_board
from micronas.cli.options import OfBoardOption, RunArgument, run_folder
from micronas.cli.output import print_json
from micronas.cli.result_text import print_result


def pick(
    run: RunArgument,
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="Number of the trial; `micronas show RUN` lists them.")
    ],
    board: OfBoardOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose another trial of a run: train it fully, then build, measure and test it like the winner.

    Its files go to RUN/picks; the result of the run does not change. The test split is unsealed once more,
    and the run records that.
    """
    from micronas.search import stored_setup
    from micronas.search.pick import find_trial
    from micronas.search.pick import pick as pick_trial
    from micronas.store import Store
    from micronas.store.other_boards import records_for

    with Store.resume(run_folder(run)) as store:
        find_trial(records_for(store, board), trial)  # check before the data are loaded
        say_board(store, board)
        setup = stored_setup(store)
        setup = setup if board is None else setup.boards[board]
        picked = pick_trial(setup, store, trial, _say)
        if as_json:
            print_json({"folder": str(picked.folder), **picked.figures.to_json()})
        else:
            print_result(setup, store, picked.figures, "picked network")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
