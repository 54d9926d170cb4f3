"""The runs of a folder, each with its state and its best network, read without a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.errors import StoreError
from micronas.store import run_lock
from micronas.store.other_boards import board_names
from micronas.store.record import Final, Record
from micronas.store.run_file import DATABASE
from micronas.store.store import Store
from micronas.trial import Outcome, Scores, object_at, scores_from_json

FINISHED, RUNNING, STOPPED, UNREADABLE = "finished", "running", "stopped", "unreadable"
"""States of a run."""


@dataclass(frozen=True)
class RunOverview:
    """A run in one line; ``problem`` is the reason if it is unreadable.

    ``best`` are the figures of the reported network or, before the run has ended, of the best trial.
    Of a search for several boards they are those of ``board``, the first; ``other_boards`` names the others.
    """

    folder: Path
    state: str
    data: str = ""
    board: str = ""
    other_boards: tuple[str, ...] = ()
    trials: int = 0
    best: Scores | None = None
    best_trial: int | None = None
    problem: str = ""


def overviews(runs: Path) -> list[RunOverview]:
    """Every run below ``runs``, those of comparisons included, by name."""
    paths = sorted({*runs.glob(f"*/{DATABASE}"), *runs.glob(f"*/*/{DATABASE}")})
    return [overview(path.parent) for path in paths]


def overview(folder: Path) -> RunOverview:
    """The run in ``folder``; one that cannot be read has the state ``unreadable`` and the reason."""
    try:
        with Store.read(folder) as store:
            return _overview(store)
    except StoreError as error:
        return RunOverview(folder, UNREADABLE, problem=error.message)


def best_of(records: list[Record]) -> Record | None:
    """The COMPLETE trial with the highest reward; the earlier of equals."""
    complete = [r for r in records if r.trial.outcome is Outcome.COMPLETE and r.trial.scores]
    return max(complete, key=lambda r: r.trial.scores.reward if r.trial.scores else 0.0, default=None)


def _overview(store: Store) -> RunOverview:
    records, final = store.records(), store.final()
    best = best_of(records)
    state = FINISHED if final else RUNNING if run_lock.is_held(store.folder) else STOPPED
    number = final.result.get("trial") if final else best.trial.number if best else None
    scores = best.trial.scores if best else None
    return RunOverview(
        folder=store.folder,
        state=state,
        data=str(object_at(store.fact("config"), "data").get("name", "")),
        board=str(object_at(store.fact("board")).get("name", "")),
        other_boards=board_names(store)[1:],
        trials=len(records),
        best=_final_scores(final) if final else scores,
        best_trial=number if isinstance(number, int) else None,
    )


def _final_scores(final: Final) -> Scores | None:
    """Those of the reported network, after its final training; None if another version wrote them."""
    try:
        return scores_from_json(object_at(final.result, "scores"))
    except (KeyError, TypeError, ValueError):
        return None
