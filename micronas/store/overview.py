"""The runs of a folder, each with its state and its best network, read without a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.errors import StoreError
from micronas.store import run_lock
from micronas.store.other_boards import BOARDS, records_by_board
from micronas.store.record import Final, Record
from micronas.store.run_file import DATABASE
from micronas.store.store import Store
from micronas.trial import Json, Outcome, Scores, object_at, scores_from_json

FINISHED, RUNNING, STOPPED, UNREADABLE = "finished", "running", "stopped", "unreadable"
"""States of a run."""


@dataclass(frozen=True)
class BoardOverview:
    """One board of a run, with the figures of its reported network or of its best trial."""

    board: str
    best: Scores | None
    best_trial: int | None


@dataclass(frozen=True)
class RunOverview:
    """A run in one line; ``problem`` is the reason if it is unreadable.

    ``best`` are the figures of the reported network or, before the run has ended, of the best trial. A run
    for several boards has the others in ``other_boards``.
    """

    folder: Path
    state: str
    data: str = ""
    board: str = ""
    trials: int = 0
    best: Scores | None = None
    best_trial: int | None = None
    problem: str = ""
    other_boards: tuple[BoardOverview, ...] = ()

    @property
    def boards(self) -> tuple[BoardOverview, ...]:
        """Every board of the run, the first one first."""
        return (BoardOverview(self.board, self.best, self.best_trial), *self.other_boards)


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
    boards, final = records_by_board(store), store.final()
    first, *others = boards
    shown = _board(first, boards[first], final.result if final else None)
    state = FINISHED if final else RUNNING if run_lock.is_held(store.folder) else STOPPED
    ended = object_at(final.result, BOARDS) if final else {}
    return RunOverview(
        folder=store.folder,
        state=state,
        data=str(object_at(store.fact("config"), "data").get("name", "")),
        board=first,
        trials=len(boards[first]),
        best=shown.best,
        best_trial=shown.best_trial,
        other_boards=tuple(_board(name, boards[name], _result(ended, name, final)) for name in others),
    )


def _result(ended: dict[str, Json], board: str, final: Final | None) -> dict[str, Json] | None:
    """The result of a further board; empty if the run has ended without a network for it."""
    return object_at(ended, board) if final else None


def _board(name: str, records: list[Record], result: dict[str, Json] | None) -> BoardOverview:
    """``result`` is None while the run has not ended."""
    if result is None:
        best = best_of(records)
        return BoardOverview(name, best.trial.scores if best else None, best.trial.number if best else None)
    number = result.get("trial")
    return BoardOverview(name, _final_scores(result), number if isinstance(number, int) else None)


def _final_scores(result: dict[str, Json]) -> Scores | None:
    """Those of the reported network, after its final training; None if another version wrote them."""
    try:
        return scores_from_json(object_at(result, "scores"))
    except (KeyError, TypeError, ValueError):
        return None
