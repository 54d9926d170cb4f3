"""The gate: no network over a flash, SRAM or modelled latency budget is trained, converted or built.

Ledger and timing model need only an architecture's shapes, so the gate answers in milliseconds. The sizes
that it accepts equal the linked sizes to the byte, which every build asserts; its modelled latency is the
trial's.
"""

from __future__ import annotations

import functools
from typing import Protocol

from micronas.board import Board
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.codesize import FirmwareSize, firmware_size
from micronas.memory.ledger import Budget, Ledger, Verdict, check, fits_by_rows, make_ledger
from micronas.memory.ledger.less_scratch import with_less_scratch
from micronas.memory.ledger.lower_bound import exceeds_lower_bound
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
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
        self._sizes: dict[tuple[frozenset[str], int], FirmwareSize] = {}

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
            self._fits[key] = self._quick_look(self._graph(arch)) and self._too_slow(arch) is None
        return self._fits[key]

    def _too_slow(self, arch: Arch) -> str | None:
        if self._latency is None:
            return None
        return self._latency.reason(self._graph(arch), self.deployed(arch))

    def _quick_look(self, graph: Graph) -> bool:
        """The verdict, mostly by the first plan that is within the budget, if any plan can be."""
        fastest = lower_graph(graph, Target(self._board.core))
        if self._some_plan_fits(graph, fastest):
            return True
        smaller = with_less_scratch(graph, self._board, fastest)
        if any(self._some_plan_fits(graph, calls) for calls in smaller):
            return True
        by_rows = self._prefer is Prefer.ROWS and self._runtime == "micronas"
        return by_rows and fits_by_rows(graph, self._board, self._budget)

    def _some_plan_fits(self, graph: Graph, lowered: tuple[Lowered, ...]) -> bool:
        sizes = self._firmware_size(frozenset(low.kernel for low in lowered), len(lowered))
        if exceeds_lower_bound(graph, lowered, self._board, self._budget, sizes):
            return False

        # Given sizes leave out the blocks, which take only what is free within the budget.
        place = functools.partial(
            make_ledger, graph, self._board, self._runtime, sizes=sizes, lowered=lowered, prefer=Prefer.SRAM
        )
        ledger = place(enough=self._budget)
        if check(ledger, self._budget).fits:
            return True
        # A search for a plan that found none within the budget was a whole one.
        is_whole = ledger.sram_bytes > self._budget.sram_bytes
        return not is_whole and check(place(), self._budget).fits

    def _firmware_size(self, kernels: frozenset[str], ops: int) -> FirmwareSize:
        key = (kernels, ops)
        if key not in self._sizes:
            self._sizes[key] = firmware_size(self._board, kernels, ops)
        return self._sizes[key]

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
