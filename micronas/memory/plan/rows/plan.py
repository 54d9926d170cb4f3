"""The plan of a network whose first ops run row by row, in less memory than any plan op by op has found."""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.rows import lower_rows
from micronas.memory.plan.free_scratch import Cycles
from micronas.memory.plan.rows import RowChain, chains
from micronas.memory.plan.rows.band_search import remembered
from micronas.memory.plan.rows.bands import fastest_plan, smallest_fast_plan
from micronas.memory.plan.rows.join import RowPlan, join
from micronas.memory.plan.rows.streamed import (
    ChainLayout,
    PlacedChain,
    SplitNetwork,
    StreamedChain,
    in_larger_blocks,
    laid_out,
    parts_of,
    streamed,
    streamed_in_waves,
)
from micronas.memory.plan.values import TENSOR_ALIGNMENT
from micronas.model.graph import Graph

_MOST_CHAINS = 4
"""Chains that are laid out: those of the lowest bounds."""

_TRIES = 300
"""First fits in changed orders, for the lowest arena."""

_MOST_WORK = 10_000_000
"""Of a chain that is laid out: pairs of its ops, times its rows. Longer chains are left out."""

_MOST_BOUNDED = 400_000_000
"""Of all chains of which the buffers are made to find the most promising: the same."""


def plan_by_rows(
    graph: Graph,
    lowered: Sequence[Lowered],
    target: Target,
    below_bytes: int,
    *,
    limit_bytes: int = 0,
    cycles: Cycles | None = None,
    most_cycles: float = 0.0,
) -> RowPlan | None:
    """The plan of a ``RowPlanner`` of its own."""
    planner = RowPlanner(graph, lowered, target, cycles)
    return planner.plan(below_bytes, limit_bytes=limit_bytes, most_cycles=most_cycles)


class RowPlanner:
    """Plans by rows of one network, with different limits: what these share is made once.

    With ``cycles`` blocks are used only where they are faster.
    """

    def __init__(
        self, graph: Graph, lowered: Sequence[Lowered], target: Target, cycles: Cycles | None
    ) -> None:
        self._graph, self._lowered, self._target = graph, lowered, target
        self._cycles = None if cycles is None else remembered(cycles)
        self._streamed: dict[tuple[int, bool], StreamedChain | None] = {}
        self._layouts: dict[tuple[int, bool, int], ChainLayout] = {}

    def plan(
        self,
        below_bytes: int,
        *,
        enough_bytes: int = 0,
        limit_bytes: int = 0,
        quick: bool = False,
        most_cycles: float = 0.0,
    ) -> RowPlan | None:
        """The lowest plan found with a chain by rows, if its arena takes less than ``below_bytes``.

        The first one found that takes at most ``enough_bytes`` ends the search. In the arena found, which may
        grow to ``limit_bytes``, ops take as many rows at a time, and as large blocks, as it has room for;
        ``quick``: one row at a time. If a plan below ``below_bytes`` is found by which all ops are modelled
        to take at most ``most_cycles``, the smallest such plan is taken instead of the lowest.
        """
        lowest, cycles = self._lowest(below_bytes, enough_bytes), self._cycles
        if lowest is None:
            return None
        if cycles is not None and most_cycles:
            fast = smallest_fast_plan(self._graph, lowest, below_bytes, cycles, most_cycles)
            if fast is not None:
                return _joined(fast, lowest)
        limit_bytes -= limit_bytes % TENSOR_ALIGNMENT
        if quick:
            return _joined(in_larger_blocks(lowest, max(limit_bytes, lowest.arena_bytes), cycles), lowest)
        return _joined(fastest_plan(self._graph, lowest, limit_bytes, cycles), lowest)

    def _lowest(self, below_bytes: int, enough_bytes: int) -> PlacedChain | None:
        """By single rows, in the smallest arena."""
        best: PlacedChain | None = None
        for which in self._most_promising(below_bytes):
            parts = self._parts[which]
            for waves in (False, True):
                found = self._row_by_row(which, waves=waves)
                if found is None or max(found.bound, parts.bound) >= below_bytes:
                    continue
                key = which, waves, enough_bytes
                if key not in self._layouts:
                    self._layouts[key] = laid_out(parts, found, enough_bytes, _TRIES)
                layout = self._layouts[key]
                if layout.arena_bytes < below_bytes:
                    best, below_bytes = PlacedChain(parts, found, layout), layout.arena_bytes
                if best is not None and below_bytes <= enough_bytes:
                    return best
        return best

    def _row_by_row(self, which: int, *, waves: bool) -> StreamedChain | None:
        """By single rows on demand, or in waves of single rows of the first op."""
        if (which, waves) not in self._streamed:
            parts = self._parts[which]
            ops = parts.chain.ops
            self._streamed[which, waves] = (
                streamed_in_waves(self._graph, parts, range(1, ops[0].turns + 1))
                if waves
                else streamed(self._graph, parts, [1] * len(ops))
            )
        return self._streamed[which, waves]

    def _most_promising(self, below_bytes: int) -> list[int]:
        """Of ``_parts``, by their bounds; of equal ones, the chain with fewer ops."""
        bounds = [(p.bound, i) for i, p in enumerate(self._parts) if p.bound < below_bytes]
        if bounds and not self._parts[0].chain.ops[0].reads:
            # no whole input outweighs the buffers of rows: these decide
            return list(itertools.islice(self._by_buffers(bounds), _MOST_CHAINS))
        return [i for _, i in sorted(bounds)[:_MOST_CHAINS]]

    def _by_buffers(self, bounds: list[tuple[int, int]]) -> Iterator[int]:
        """By the bounds of their buffers row by row, of no more chains than decide."""
        heapq.heapify(bounds)
        exact: set[int] = set()
        work_left = _MOST_BOUNDED
        while bounds:
            bound, which = heapq.heappop(bounds)
            work_left -= _work(self._parts[which].chain)
            if which in exact or work_left < 0:
                yield which
                continue
            found = self._row_by_row(which, waves=False)
            exact.add(which)
            heapq.heappush(bounds, (2**62 if found is None else max(bound, found.bound), which))

    @functools.cached_property
    def _parts(self) -> list[SplitNetwork]:
        """All chains, the shortest first."""

        @functools.cache
        def lower(index: int, rows: int) -> Lowered:
            return lower_rows(self._graph, index, found[-1].ops[index], rows, self._target)

        found = [chain for chain in chains(self._graph) if _work(chain) <= _MOST_WORK]
        return [parts_of(self._graph, self._lowered, chain, lower) for chain in found]


def _joined(placed: PlacedChain, lowest: PlacedChain) -> RowPlan:
    found = join(placed)
    grown = replace(found.plan, grown_bytes=max(0, placed.arena_bytes - lowest.arena_bytes))
    return replace(found, plan=grown)


def _work(chain: RowChain) -> int:
    return len(chain.ops) ** 2 * sum(op.turns for op in chain.ops)
