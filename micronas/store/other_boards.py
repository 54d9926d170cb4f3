"""A trial of a search for several boards, as it is evaluated for one of them.

The columns of a trial are those of the run's first board. What the trial is on each other board is in its
details, so that one training gives one trial, and every reader of a run sees the first board's figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from micronas.board import Board, describe_validation
from micronas.errors import SearchError
from micronas.store.record import Record
from micronas.store.store import Store
from micronas.trial import Json, Outcome, Scores, object_at, scores_from_json, scores_to_json

BOARDS = "boards"
"""Detail of a trial: its ending and figures on every board but the first, by the board's name."""

OTHER_BOARDS = "other_boards"
"""Fact of a run: the profiles of its boards but the first, as they were when it was created."""


def board_entry(
    outcome: Outcome,
    scores: Scores | None = None,
    stage: str = "",
    reason: str = "",
    details: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """The entry of one board in a trial's details."""
    return {
        "outcome": outcome.value,
        "stage": stage,
        "reason": reason,
        "scores": scores_to_json(scores) if scores else None,
        "details": dict(details or {}),
    }


def on_board(record: Record, board: str) -> Record:
    """``record`` with the ending and the figures of ``board``; unchanged for the run's first board."""
    entry = object_at(record.details, BOARDS, board)
    if not entry:
        return record
    scores = entry["scores"]
    trial = replace(
        record.trial,
        outcome=Outcome(entry["outcome"]),
        stage=str(entry["stage"]),
        reason=str(entry["reason"]),
        scores=scores_from_json(scores) if isinstance(scores, dict) else None,
    )
    return replace(record, trial=trial, details={**record.details, **object_at(entry, "details")})


def usable_on(record: Record, first: str) -> tuple[str, ...]:
    """The boards on which a trial is COMPLETE; empty for a search for one board."""
    others = object_at(record.details, BOARDS)
    if not others:
        return ()
    return tuple(
        name for name in (first, *others) if on_board(record, name).trial.outcome is Outcome.COMPLETE
    )


def stored_other_boards(store: Store) -> tuple[Board, ...]:
    """The profiles of the run's boards but the first; empty for a search for one board.

    Raises ``StoreError`` if another version wrote a profile that does not fit this one.
    """
    stored = store.optional_fact(OTHER_BOARDS)
    try:
        return tuple(map(Board.model_validate, stored)) if isinstance(stored, list) else ()
    except ValidationError as error:
        raise store.unreadable("board profiles", describe_validation(error)) from error


def board_names(store: Store) -> tuple[str, ...]:
    """The boards of a run, the first one first."""
    stored = store.optional_fact(OTHER_BOARDS)
    others = [object_at(profile).get("name") for profile in stored] if isinstance(stored, list) else []
    return tuple(str(name) for name in (object_at(store.fact("board")).get("name"), *others))


def records_by_board(store: Store) -> dict[str, list[Record]]:
    """Board -> every trial as it is evaluated for it, the first board first."""
    records = store.records()
    return {name: [on_board(record, name) for record in records] for name in board_names(store)}


def require_board(store: Store, board: str | None) -> None:
    """Raise ``SearchError`` that names the run's boards unless ``board`` is one of them, or None."""
    names = board_names(store)
    if board is not None and board not in names:
        remedy = f"its boards: {', '.join(names)}"
        raise SearchError(f"run {store.folder.name} is not for board {board}", remedy=remedy)


def records_for(store: Store, board: str | None) -> list[Record]:
    """The trials of a run as they are evaluated for ``board``; None is the run's first board.

    Raises ``SearchError`` if the run is not for that board.
    """
    require_board(store, board)
    records = store.records()
    return records if board is None else [on_board(record, board) for record in records]
