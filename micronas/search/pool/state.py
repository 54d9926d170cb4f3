"""Which boards of a pool are free, leased or quarantined, and how often each has failed.

Pure: who measures, and how an end is noticed, is up to the executor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from micronas.errors import plural


@dataclass
class PoolBoard:
    """One board. ``failures`` are of the whole run, ``in_row`` since its last success."""

    name: str
    measured: int = 0
    failures: int = 0
    in_row: int = 0
    last_reason: str = ""
    quarantined: str = ""
    leased_by: int | None = None


class BoardPool:
    """The boards of a search. A board has one lease at a time, and each lease is a trial's."""

    def __init__(
        self, names: Sequence[str], quarantine_after: int, failures: Mapping[str, int] | None = None
    ) -> None:
        """``failures`` are those of earlier sessions, by board; a resumed search tries every board again."""
        earlier = failures or {}
        self.boards = {name: PoolBoard(name, failures=earlier.get(name, 0)) for name in names}
        self._quarantine_after = quarantine_after

    @property
    def usable(self) -> tuple[str, ...]:
        """Boards that are not quarantined."""
        return tuple(name for name, board in self.boards.items() if not board.quarantined)

    def lease(self, trial: int, but: Collection[str] = ()) -> str | None:
        """A free board for ``trial``, the one with the fewest measurements; None if there is none.

        Boards in ``but`` are not considered.
        """
        allowed = [self.boards[name] for name in self.usable if name not in but]
        free = [board for board in allowed if board.leased_by is None]
        if not free:
            return None
        board = min(free, key=lambda one: one.measured + one.failures)
        board.leased_by = trial
        return board.name

    def release(self, name: str) -> None:
        """End the lease of a board."""
        self.boards[name].leased_by = None

    def succeeded(self, name: str) -> None:
        """Count a measurement."""
        board = self.boards[name]
        board.measured += 1
        board.in_row = 0

    def failed(self, name: str, reason: str) -> str:
        """Count a failure that is the board's own; the message if the board is quarantined now, else empty.

        The last board that is left is never quarantined: then the failures of its trials stop the search.
        """
        board = self.boards[name]
        board.failures, board.in_row, board.last_reason = board.failures + 1, board.in_row + 1, reason
        if board.quarantined or board.in_row < self._quarantine_after or self.usable == (name,):
            return ""
        board.quarantined = f"{plural(board.in_row, 'failure')} in a row, the last one: {reason}"
        return (
            f"board {name} is quarantined after {board.quarantined}. Its measurements are repeated on "
            f"{', '.join(self.usable)}. Check its cable, power supply, probe and machine; a resumed search "
            "tries it again"
        )
