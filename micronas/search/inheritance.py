"""Warm starts: from which earlier trial a candidate inherits weights.

The donor is the reported trial that can give the largest share of the candidate's weights; for a mutated
network that is mostly its parent. It follows from the reported trials alone, so a resumed run and a rebuilt
trial choose the same one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from micronas.model.net import Net
from micronas.space import Arch, Space
from micronas.store import Record
from micronas.train.inherit import shared_part
from micronas.trial import Json, Outcome

LEAST_SHARED = 0.5
"""Share of its weights that a candidate must inherit; with less, it is trained from scratch."""

MOST_DONORS = 48
"""The latest trials that may give weights."""

INHERITS = "inherits_from_trial"
"""In the details of a trial: the number of the trial whose weights it started from."""


@dataclass(frozen=True)
class Inheritance:
    """Weights of an earlier trial, as ``train.keras_file`` packs them, and its architecture."""

    number: int
    arch: Json
    weights: bytes


class Donors:
    """The trials that may give weights; add every reported trial, in number order."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._nets: deque[tuple[int, Json, Net]] = deque(maxlen=MOST_DONORS)
        self._keys: set[str] = set()

    def add(self, record: Record) -> None:
        """A COMPLETE trial may give weights; of equal networks, the first."""
        trial = record.trial
        if trial.outcome is Outcome.COMPLETE and trial.key not in self._keys:
            self._keys.add(trial.key)
            self._nets.append((trial.number, trial.arch, self._space.net(self._space.from_json(trial.arch))))

    def best_for(self, arch: Arch) -> tuple[int, Json] | None:
        """Number and architecture of the trial that gives most; None if none gives enough.

        Of those that give equally much, the latest: it has learned for longest.
        """
        net = self._space.net(arch)
        shares = [(shared_part(net, donor), number, raw) for number, raw, donor in self._nets]
        share, number, raw = max(shares, key=lambda one: one[:2], default=(0.0, 0, None))
        return (number, raw) if share >= LEAST_SHARED else None
