"""The gate: no network over a flash, SRAM or modelled latency budget is trained, converted or built.

Ledger and timing model need only an architecture's shapes, so the gate answers in milliseconds. The sizes
that it accepts equal the linked sizes to the byte, which every build asserts; its modelled latency is the
trial's.
"""

from __future__ import annotations

from typing import Protocol

from micronas.board import Board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.ledger import Budget, Ledger, Verdict, check, fits_by_rows, make_ledger
from micronas.memory.ledger.less_scratch import with_less_scratch
from micronas.memory.ledger.quick_look import QuickLook
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.net import Net, shape_graph
from micronas.space import Arch, Space


class Gate(Protocol):
    """Decides whether an architecture fits, without training it."""

    def verdict(self, arch: Arch) -> Verdict:
        """Fits, or the reasons why not."""
        ...

    def fits(self, arch: Arch) -> bool:
        """As ``verdict`` without the reasons: faster for networks that do not fit."""
        ...


KEPT_LEDGERS = 64
"""Ledgers kept for strategies that weigh candidates by their bytes."""


class LatencyLimit(Protocol):
    """Decides whether the modelled latency of a network is over the limit."""

    def reason(self, graph: Graph, ledger: Ledger) -> str | None:
        """What is over, None for a network that is fast enough; ``ledger`` says how it is deployed."""
        ...


_FASTER = "use fewer channels, fewer layers or smaller planes, or raise constraints.latency_ms"


class LedgerGate:
    """The gate of a search; caches verdicts and the latest ledgers by the architecture's key."""

    def __init__(
        self,
        space: Space,
        board: Board,
        runtime: str,
        budget: Budget,
        macs: int | None = None,
        latency: LatencyLimit | None = None,
        prefer: Prefer = Prefer.SRAM,
    ) -> None:
        """``macs`` limits the operations and ``latency`` the modelled latency; None: no limit. ``prefer``
        is of the plans that are deployed.
        """
        self._macs, self._prefer = macs, prefer
        self._space, self._board, self._runtime, self._budget = space, board, runtime, budget
        self._latency = latency
        self._verdicts: dict[str, Verdict] = {}
        self._fits: dict[str, bool] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._op_by_op = QuickLook(board, budget)

    def verdict(self, arch: Arch) -> Verdict:
        """See ``Gate``."""
        key = self._space.key(arch)
        if key not in self._verdicts:
            verdict = check(self.ledger(arch), self._budget)
            verdict = _joined(verdict, self._macs_over(arch))
            slow = self._too_slow(arch)
            if slow is not None:
                verdict = Verdict(False, (*verdict.reasons, slow), (*verdict.remedies, _FASTER))
            self._verdicts[key] = verdict
        return self._verdicts[key]

    def fits(self, arch: Arch) -> bool:
        """See ``Gate``."""
        key = self._space.key(arch)
        if self._macs_over(arch):
            return False
        if key in self._verdicts or self._runtime != "micronas":
            return self.verdict(arch).fits
        if key not in self._fits:
            self._fits[key] = self._quick_look(self._space.net(arch)) and self._too_slow(arch) is None
        return self._fits[key]

    def _too_slow(self, arch: Arch) -> str | None:
        if self._latency is None:
            return None
        return self._latency.reason(self._graph(arch), self.deployed(arch))

    def _quick_look(self, net: Net) -> bool:
        """The verdict, mostly by the first plan that is within the budget, if any plan can be."""
        if net.parameters > self._budget.flash_bytes:  # each takes a byte or more
            return False
        graph = shape_graph(net)
        fastest = lower_graph(graph, Target(self._board.core))
        if self._op_by_op.fits(graph, fastest):
            return True
        if any(self._op_by_op.fits(graph, calls) for calls in with_less_scratch(graph, self._board, fastest)):
            return True
        return self._prefer is Prefer.ROWS and fits_by_rows(graph, self._board, self._budget)

    def ledger(self, arch: Arch) -> Ledger:
        """Memory ledger of the architecture on this board."""
        key = self._space.key(arch)
        if key not in self._ledgers:
            if len(self._ledgers) == KEPT_LEDGERS:
                del self._ledgers[next(iter(self._ledgers))]  # the oldest
            self._ledgers[key] = make_ledger(
                self._graph(arch), self._board, self._runtime, within=self._budget, prefer=self._prefer
            )
        return self._ledgers[key]

    def deployed(self, arch: Arch) -> Ledger:
        """Ledger of the firmware, with the kernel calls and their steps for which its plan has room.

        The firmware is of our kernels, whichever ``runtime`` the bytes are counted for.
        """
        if self._runtime == "micronas":
            return self.ledger(arch)
        return make_ledger(self._graph(arch), self._board, prefer=self._prefer)

    def _macs_over(self, arch: Arch) -> str:
        """The reason if there are too many operations, otherwise empty."""
        if self._macs is None or (macs := self._space.net(arch).macs) <= self._macs:
            return ""
        return f"{macs:,} MACs, {macs - self._macs:,} over constraints.macs"

    def _graph(self, arch: Arch) -> Graph:
        return shape_graph(self._space.net(arch))


def _joined(verdict: Verdict, over: str) -> Verdict:
    if not over:
        return verdict
    remedy = "raise constraints.macs, or lower space.max_width"
    return Verdict(fits=False, reasons=(*verdict.reasons, over), remedies=(*verdict.remedies, remedy))
