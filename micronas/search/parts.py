"""What the two halves of the loop share: ``trial_start`` begins trials, ``loop`` ends and reports them."""

from __future__ import annotations

from dataclasses import dataclass, field

from micronas.search.affordable import SearchOrNot
from micronas.search.boards.in_turn import BoardGates
from micronas.search.observer import Observer
from micronas.search.past import Past, TrialHistory
from micronas.search.proposals import Proposals
from micronas.search.termination import Termination
from micronas.space import Space
from micronas.store import Store


@dataclass(frozen=True)
class SearchParts:
    """One search. ``past`` are the trials reported so far.

    ``boards`` is set in a search for several; it is then also the gate of ``proposals``. ``search`` decides
    whether the first trial is a final training, after which the search ends unless it failed
    (``one_network``).
    """

    space: Space
    proposals: Proposals
    store: Store
    termination: Termination
    observer: Observer
    workers: int
    past: Past = field(default_factory=lambda: Past(TrialHistory.ALL))
    boards: BoardGates | None = None
    search: SearchOrNot | None = None
