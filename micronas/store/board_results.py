"""The results of a search for several boards, one for each, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from micronas.store.final_figures import FinalFigures, figures_from_json
from micronas.store.other_boards import BOARDS, OTHER_BOARDS, on_board
from micronas.store.record import Final, Record
from micronas.store.store import Store
from micronas.trial import Json, object_at


@dataclass(frozen=True)
class BoardResult:
    """One board of a search: its trials as they are evaluated for it, and its winner.

    ``profile`` is the board's stored profile and ``folder`` holds the winner's files. ``figures`` is None
    while the search runs, and if no network is within the limits of this board.
    """

    name: str
    profile: dict[str, Json]
    records: tuple[Record, ...]
    folder: Path
    figures: FinalFigures | None


def board_folder(run: Path, board: str) -> Path:
    """Where a run keeps the winner of a board other than the first, whose winner is in ``best``."""
    return run / "boards" / board


def board_results(store: Store, final: Final | None, records: Sequence[Record]) -> tuple[BoardResult, ...]:
    """Every board of the run, the first one first; empty for a search for one board."""
    stored = store.optional_fact(OTHER_BOARDS)
    if not isinstance(stored, list) or not stored:
        return ()
    found = []
    for place, profile in enumerate((store.fact("board"), *stored)):
        name = str(object_at(profile).get("name"))
        own = tuple(on_board(record, name) for record in records)
        folder = board_folder(store.folder, name) if place else store.folder / "best"
        result = None if final is None else object_at(final.result, BOARDS, name) if place else final.result
        figures = figures_from_json(result) if result else None
        found.append(BoardResult(name, object_at(profile), own, folder, figures))
    return tuple(found)
