"""What observes a search: the progress in a terminal, or nothing."""

from __future__ import annotations

from typing import Protocol

from micronas.store import Record


class Observer(Protocol):
    """Observes a search; the command line shows progress through this interface."""

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        """A trial was reported to the strategy; ``replayed`` ones come from the store of a resumed run."""
        ...

    def phase(self, text: str) -> None:
        """A phase other than a trial begins."""
        ...
