"""The gate: nothing that breaks a flash or SRAM budget is trained, converted or built.

The ledger needs an architecture's shapes only, so the gate answers in milliseconds; what it lets through
is, byte for byte, what the linker will be given (asserted at every build).
"""

from __future__ import annotations

from typing import Protocol

from micronas.board import Board
from micronas.memory.ledger import Budget, Ledger, Verdict, check, make_ledger
from micronas.memory.ledger.lower_bound import exceeds_lower_bound
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.space import Arch, Space


class Gate(Protocol):
    """Says whether an architecture fits, without training it."""

    def verdict(self, arch: Arch) -> Verdict:
        """Fits, or the reasons why not."""
        ...

    def fits(self, arch: Arch) -> bool:
        """As ``verdict``, for whoever needs no reasons: cheaper for what does not fit."""
        ...


KEPT_LEDGERS = 64
"""A strategy that weighs candidates by their bytes asks for the ledger that the verdict came from."""


class LedgerGate:
    """The real gate; verdicts are kept by the architecture's key, and so are the latest ledgers."""

    def __init__(self, space: Space, board: Board, runtime: str, budget: Budget) -> None:
        self._space, self._board, self._runtime, self._budget = space, board, runtime, budget
        self._verdicts: dict[str, Verdict] = {}
        self._refused: set[str] = set()
        self._ledgers: dict[str, Ledger] = {}

    def verdict(self, arch: Arch) -> Verdict:
        """See ``Gate``."""
        key = self._space.key(arch)
        if key not in self._verdicts:
            self._verdicts[key] = check(self.ledger(arch), self._budget)
        return self._verdicts[key]

    def fits(self, arch: Arch) -> bool:
        """See ``Gate``."""
        key = self._space.key(arch)
        if key in self._verdicts or self._runtime != "micronas":
            return self.verdict(arch).fits
        if key not in self._refused and exceeds_lower_bound(self._graph(arch), self._board, self._budget):
            self._refused.add(key)
        return key not in self._refused and self.verdict(arch).fits

    def ledger(self, arch: Arch) -> Ledger:
        """Every byte of the architecture on this board."""
        key = self._space.key(arch)
        if key not in self._ledgers:
            if len(self._ledgers) == KEPT_LEDGERS:
                del self._ledgers[next(iter(self._ledgers))]  # the oldest
            self._ledgers[key] = make_ledger(self._graph(arch), self._board, self._runtime)
        return self._ledgers[key]

    def _graph(self, arch: Arch) -> Graph:
        return shape_graph(self._space.net(arch))
