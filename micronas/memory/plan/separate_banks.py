"""The plan of an arena over several memories of a board, or the reason why they cannot hold it.

It is still one arena with one range of offsets: its banks are consecutive, and no block crosses a border.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from micronas.codegen.lowering import Lowered
from micronas.memory.plan.arena_plan import Bank, Plan
from micronas.memory.plan.banks import BankPlan, split
from micronas.memory.plan.blocks import MemoryBlock, lower_bound, make_blocks
from micronas.memory.plan.make_plan import make_plan
from micronas.memory.plan.order import best_orders
from micronas.memory.plan.placement import PlacedBlocks
from micronas.memory.plan.values import AllocationProblem, make_problem
from micronas.model.graph import Graph


@dataclass(frozen=True)
class Shortfall:
    """Why an arena cannot be split over separate banks; all in bytes.

    ``live_bytes`` are live at the peak of the best order; ``largest_bytes`` must stay in one piece: a tensor
    with the outputs that take it over. ``needed`` is the size of each bank in the best placement found; empty
    if there is none, because all banks together, or the largest one, are smaller than these two.
    """

    live_bytes: int
    largest_bytes: int
    needed: Mapping[str, int]


def plan_in_banks(
    graph: Graph, lowered: Sequence[Lowered], free_bytes: Mapping[str, int]
) -> Plan | Shortfall:
    """Plan ``graph`` over separate memories: free bytes by name, best first.

    Of all sets of banks found to hold the arena, it takes the one with the fewest banks, and of these the
    first. Each tensor and each scratch buffer is in a single bank.
    """
    problem = make_problem(graph, lowered)
    ordered = [(order, make_blocks(problem, order)) for order in best_orders(problem)]
    short = _shortfall([blocks for _, blocks in ordered])
    min_over = 0
    for names in _choices(free_bytes):
        capacities = [free_bytes[name] for name in names]
        if short.live_bytes > sum(capacities) or short.largest_bytes > max(capacities):
            continue
        for order, blocks in ordered:
            found = split(blocks, capacities)
            if found.over_bytes == 0:
                return _banked_plan(problem, order, blocks, names, found)
            if not short.needed or found.over_bytes < min_over:
                min_over = found.over_bytes
                short = replace(short, needed=dict(zip(names, found.heights, strict=True)))
    return short


def _shortfall(blocks: Sequence[tuple[MemoryBlock, ...]]) -> Shortfall:
    """Lower bounds of any placement, for every order."""
    largest = min(max(block.size for block in each) for each in blocks)
    return Shortfall(min(lower_bound(each) for each in blocks), largest, {})


def _choices(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Sets of two banks or more: fewer first, then as listed."""
    listed = tuple(names)
    for count in range(2, len(listed) + 1):
        yield from itertools.combinations(listed, count)


def _banked_plan(
    problem: AllocationProblem,
    order: tuple[int, ...],
    blocks: tuple[MemoryBlock, ...],
    names: tuple[str, ...],
    found: BankPlan,
) -> Plan:
    """Banks in consecutive ranges of offsets; empty ones are left out."""
    starts = tuple(itertools.accumulate(found.heights, initial=0))
    banks = tuple(
        Bank(name, start, nbytes)
        for name, start, nbytes in zip(names, starts[:-1], found.heights, strict=True)
        if nbytes
    )
    offsets = tuple(starts[b] + offset for b, offset in zip(found.banks, found.offsets, strict=True))
    return make_plan(problem, PlacedBlocks(order, blocks, offsets), starts[-1], banks)
