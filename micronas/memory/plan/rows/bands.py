"""How many rows each op of a chain takes in a step: more are faster, and take more memory."""

from __future__ import annotations

from micronas.memory.plan.free_scratch import Cycles
from micronas.memory.plan.rows.band_search import BandSearch
from micronas.memory.plan.rows.streamed import PlacedChain, in_larger_blocks, streamed, within
from micronas.model.graph import Graph

ROWS_MAY_COST = 0.05
"""The share of the cycles that a plan by rows may cost, if it does not have to be the smallest."""

_MOST_ROWS = 8
_MOST_WORK = 30_000_000
"""Of all chains with more rows in a step: pairs of buffers, times steps."""

_HALVINGS = 6
_CLOSE = 0.015
"""Of the arena: no smaller one is looked for within this share of what is known to be too small."""


def fastest_plan(graph: Graph, lowest: PlacedChain, limit_bytes: int, cycles: Cycles | None) -> PlacedChain:
    """More rows in a step and larger blocks, as long as the arena stays within the limit, or as it is.

    Without ``cycles`` fewer steps are taken to be faster.
    """
    limit_bytes = max(limit_bytes, lowest.arena_bytes)
    by_demand = larger_bands(graph, lowest, limit_bytes)
    if cycles is None:
        return in_larger_blocks(by_demand, limit_bytes, None)
    search = BandSearch(graph, lowest, cycles, 0.0)
    found = [search.with_blocks(by_demand, limit_bytes), search.in_waves(limit_bytes)]
    return min((each for each in found if each is not None), key=lambda each: each.cycles)


def larger_bands(graph: Graph, lowest: PlacedChain, limit_bytes: int) -> PlacedChain:
    """More rows in a step, op by op, as long as the arena stays within the limit, or as it is."""
    parts, best = lowest.parts, lowest
    bands, rows = [1] * len(parts.chain.ops), 2
    limit_bytes = max(limit_bytes, lowest.arena_bytes)
    growing, work_left = set(range(len(bands))), _MOST_WORK
    while growing and rows <= _MOST_ROWS:
        for i in sorted(growing, reverse=True):  # an op makes no more rows than the next one asks for
            wanted = [*bands[:i], min(rows, parts.chain.ops[i].turns), *bands[i + 1 :]]
            larger = streamed(graph, parts, wanted) if wanted != bands else None
            if larger is not None:
                work_left -= len(larger.buffers) ** 2 * len(larger.schedule.steps)
            if work_left < 0:
                return best
            found = within(parts, larger, limit_bytes)
            if found is None or _steps(found) >= _steps(best):
                growing.discard(i)
            else:
                bands, best = wanted, found
        rows *= 2
    return best


def _steps(placed: PlacedChain) -> int:
    return len(placed.streamed.schedule.steps)


def smallest_fast_plan(
    graph: Graph, lowest: PlacedChain, below_bytes: int, cycles: Cycles, most_cycles: float
) -> PlacedChain | None:
    """In the smallest arena below ``below_bytes`` that is found to let all ops take at most ``most_cycles``;
    None if none is found. ``lowest`` is the chain row by row.
    """
    search = BandSearch(graph, lowest, cycles, most_cycles)
    best = search.within(below_bytes - 1)
    low = lowest.arena_bytes
    for _ in range(_HALVINGS):
        if search.is_over or best is None or best.arena_bytes - low <= _CLOSE * best.arena_bytes:
            break
        middle = (low + best.arena_bytes) // 2
        found = search.within(middle)
        if found is None:
            low = middle
        else:
            best = found
    return best if best is None else search.no_slower(best)
