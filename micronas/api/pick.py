"""``pick``: another network of a run than the one that it reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from micronas.api.run import Network, Run, folder_of, network_of
from micronas.search import stored_setup
from micronas.search.pick import find_trial
from micronas.search.pick import pick as pick_trial
from micronas.store import Store
from micronas.store.other_boards import records_for


def pick(
    run: str | Path | Run,
    trial: int,
    *,
    board: str | None = None,
    on_phase: Callable[[str], object] | None = None,
) -> Network:
    """Train trial ``trial`` of ``run`` fully, then build, measure and test it like the winner.

    Its files go to ``picks/trial-N`` of the run; the result of the run does not change. The test split is
    unsealed once more, and the run records that. ``board`` is one of a search for several; None: the first.
    ``on_phase`` gets a line about each step. Raises ``SearchError`` for a trial that ended without a network.
    """
    with Store.resume(folder_of(run)) as store:
        find_trial(records_for(store, board), trial)  # before the data are loaded
        setup = stored_setup(store)
        setup = setup if board is None else setup.boards[board]
        picked = pick_trial(setup, store, trial, on_phase or _ignore)
    return network_of(picked.figures, picked.folder)


def _ignore(_text: str) -> None:
    pass
