"""The plan of a network whose first ops run row by row, in less memory than any plan op by op has found."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.rows import lower_rows
from micronas.memory.plan.free_scratch import Cycles
from micronas.memory.plan.rows import RowChain, chains
from micronas.memory.plan.rows.bands import fastest_plan, smallest_fast_plan
from micronas.memory.plan.rows.join import RowPlan, join
from micronas.memory.plan.rows.streamed import (
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


def plan_by_rows(
    graph: Graph,
    lowered: Sequence[Lowered],
    target: Target,
    below_bytes: int,
    *,
    enough_bytes: int = 0,
    limit_bytes: int = 0,
    quick: bool = False,
    cycles: Cycles | None = None,
    most_cycles: float = 0.0,
) -> RowPlan | None:
    """The lowest plan found with a chain by rows, if its arena takes less than ``below_bytes``.

    The first one found that takes at most ``enough_bytes`` ends the search. In the arena found, which may
    grow to ``limit_bytes``, ops take as many rows at a time, and as large blocks, as it has room for;
    ``quick``: one row at a time. With ``cycles`` blocks are used only where they are faster; if a plan below
    ``below_bytes`` is found by which all ops are modelled to take at most ``most_cycles``, the smallest such
    plan is taken instead of the lowest.
    """
    lowest = _lowest(graph, lowered, target, below_bytes, enough_bytes)
    if lowest is None:
        return None
    if cycles is not None and most_cycles:
        fast = smallest_fast_plan(graph, lowest, below_bytes, cycles, most_cycles)
        if fast is not None:
            return _joined(fast, lowest)
    limit_bytes -= limit_bytes % TENSOR_ALIGNMENT
    if quick:
        return _joined(in_larger_blocks(lowest, max(limit_bytes, lowest.arena_bytes), cycles), lowest)
    return _joined(fastest_plan(graph, lowest, limit_bytes, cycles), lowest)


def _joined(placed: PlacedChain, lowest: PlacedChain) -> RowPlan:
    found = join(placed)
    grown = replace(found.plan, grown_bytes=max(0, placed.arena_bytes - lowest.arena_bytes))
    return replace(found, plan=grown)


def _lowest(
    graph: Graph, lowered: Sequence[Lowered], target: Target, below_bytes: int, enough_bytes: int
) -> PlacedChain | None:
    """By single rows, in the smallest arena."""
    best: PlacedChain | None = None
    for parts in _most_promising(graph, lowered, target, below_bytes):
        for found in _row_by_row(graph, parts):
            if found is None or max(found.bound, parts.bound) >= below_bytes:
                continue
            layout = laid_out(parts, found, enough_bytes, _TRIES)
            if layout.arena_bytes < below_bytes:
                best, below_bytes = PlacedChain(parts, found, layout), layout.arena_bytes
            if best is not None and below_bytes <= enough_bytes:
                return best
    return best


def _row_by_row(graph: Graph, parts: SplitNetwork) -> Iterator[StreamedChain | None]:
    """By single rows on demand, and in waves of single rows of the first op."""
    yield streamed(graph, parts, [1] * len(parts.chain.ops))
    yield streamed_in_waves(graph, parts, range(1, parts.chain.ops[0].turns + 1))


def _most_promising(
    graph: Graph, lowered: Sequence[Lowered], target: Target, below_bytes: int
) -> list[SplitNetwork]:
    """By their bounds; of equal ones, the chain with fewer ops."""

    @functools.cache
    def lower(index: int, rows: int) -> Lowered:
        return lower_rows(graph, index, longest.ops[index], rows, target)

    found = [chain for chain in chains(graph) if _work(chain) <= _MOST_WORK]
    if not found:
        return []
    longest = found[-1]
    parts = [parts_of(graph, lowered, chain, lower) for chain in found]
    below = [p for p in parts if p.bound < below_bytes]
    if not longest.ops[0].reads:  # no whole input outweighs the buffers of rows: these decide
        bounds = {id(p): max(p.bound, _bound_row_by_row(graph, p)) for p in below}
        return sorted(below, key=lambda p: bounds[id(p)])[:_MOST_CHAINS]
    return sorted(below, key=lambda p: p.bound)[:_MOST_CHAINS]


def _bound_row_by_row(graph: Graph, parts: SplitNetwork) -> int:
    found = streamed(graph, parts, [1] * len(parts.chain.ops))
    return 2**62 if found is None else found.bound


def _work(chain: RowChain) -> int:
    return len(chain.ops) ** 2 * sum(op.turns for op in chain.ops)
