"""The gate: nothing that breaks a flash or SRAM budget is trained, converted or built.

The ledger needs an architecture's shapes only, so the gate answers in milliseconds; what it lets through
is, byte for byte, what the linker will be given (asserted at every build).
"""

from __future__ import annotations

from typing import Protocol

from micronas.board import Board
from micronas.ledger import Budget, Ledger, Verdict, check, make_ledger
from micronas.net import shape_graph
from micronas.space import Arch, Space


class Gate(Protocol):
    """Says whether an architecture fits, without training it."""

    def verdict(self, arch: Arch) -> Verdict:
        """Fits, or the reasons why not."""
        ...


class LedgerGate:
    """The real gate; verdicts are kept by the architecture's key."""

    def __init__(self, space: Space, board: Board, runtime: str, budget: Budget) -> None:
        self._space, self._board, self._runtime, self._budget = space, board, runtime, budget
        self._verdicts: dict[str, Verdict] = {}

    def verdict(self, arch: Arch) -> Verdict:
        """See ``Gate``."""
        key = self._space.key(arch)
        if key not in self._verdicts:
            self._verdicts[key] = check(self.ledger(arch), self._budget)
        return self._verdicts[key]

    def ledger(self, arch: Arch) -> Ledger:
        """Every byte of the architecture on this board."""
        return make_ledger(shape_graph(self._space.net(arch)), self._board, self._runtime)
