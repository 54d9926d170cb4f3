"""``fine_tune``: a network of a run trained further, also on other data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from micronas.api.run import Network, Run, folder_of, network_of
from micronas.config import DataConfig, SearchConfig, load_config
from micronas.search.fine_tune import fine_tune as tune
from micronas.search.fine_tune import tuning_setup
from micronas.search.pick import find_trial
from micronas.store import Store
from micronas.store.other_boards import records_for


def fine_tune(
    run: str | Path | Run,
    trial: int,
    *,
    epochs: int,
    data: str | Path | SearchConfig | DataConfig | None = None,
    board: str | None = None,
    on_phase: Callable[[str], object] | None = None,
) -> Network:
    """Train the float network of ``trial`` for at most ``epochs`` more epochs; build, measure and test it.

    ``data`` names other data of the same input shape; classes that differ get a new last layer. The files
    go to a new folder below ``fine-tuned`` of the run, whose trials and result do not change. ``board`` is
    one of a search for several; None: the first. ``on_phase`` gets a line about each step. Raises
    ``SearchError`` for a trial without a network, and for a board that the run is not for.
    """
    other = _data(data)
    with Store.resume(folder_of(run)) as store:
        find_trial(records_for(store, board), trial)  # before the data are loaded
        setup = tuning_setup(store, other, board)
        done = tune(setup, store, trial, epochs, on_phase or _ignore, other_data=other is not None)
    return network_of(done.figures, done.folder)


def _data(data: str | Path | SearchConfig | DataConfig | None) -> DataConfig | None:
    if isinstance(data, str | Path):
        data = load_config(data)
    return data.data if isinstance(data, SearchConfig) else data


def _ignore(_text: str) -> None:
    pass
