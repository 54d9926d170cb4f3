"""The lowest placement of an arena in one piece, of several orders of the ops."""

from __future__ import annotations

from dataclasses import dataclass, replace

from micronas.memory.plan.blocks import MemoryBlock, lower_bound, make_blocks
from micronas.memory.plan.order import best_orders
from micronas.memory.plan.place import few_rivals, height, place
from micronas.memory.plan.stacking import improve
from micronas.memory.plan.values import AllocationProblem


@dataclass(frozen=True)
class PlacedBlocks:
    """An order of the ops, its blocks, and the offset of each block in bytes."""

    order: tuple[int, ...]
    blocks: tuple[MemoryBlock, ...]
    offsets: tuple[int, ...]

    @property
    def height(self) -> int:
        """Bytes up to the end of the highest block."""
        return height(self.blocks, self.offsets)


def best_placement(problem: AllocationProblem, enough_bytes: int = 0) -> PlacedBlocks:
    """The lowest placement found of several orders, or the first of at most ``enough_bytes``.

    The graph's own order comes first where it may be enough, since the search for a better one takes time.
    It is also the last resort where the others stay above its bound.
    """
    own_order = tuple(range(len(problem.demands)))
    own_blocks = make_blocks(problem, own_order)
    own_bound = lower_bound(own_blocks)
    if own_bound <= enough_bytes:
        own = _placed(own_order, own_blocks, enough_bytes)
        if own.height <= enough_bytes:
            return own
    best = _best_of_orders(problem, enough_bytes)
    found = best.height
    if best.order != own_order and own_bound < found and found > enough_bytes:
        own = _placed(own_order, own_blocks, enough_bytes)
        if own.height < found:
            return own
    return best


def _placed(order: tuple[int, ...], blocks: tuple[MemoryBlock, ...], enough_bytes: int) -> PlacedBlocks:
    return PlacedBlocks(order, blocks, place(blocks, few_rivals(blocks), enough_bytes))


def _best_of_orders(problem: AllocationProblem, enough_bytes: int) -> PlacedBlocks:
    """The first order that reaches its bound, else the lowest one, improved by the search."""
    tried = []
    for order in best_orders(problem):
        blocks = make_blocks(problem, order)
        rivals = few_rivals(blocks)
        placed = PlacedBlocks(order, blocks, place(blocks, rivals, enough_bytes))
        tried.append((placed.height, rivals, placed))
        if placed.height <= max(lower_bound(blocks), enough_bytes):
            break
    _, rivals, best = min(tried, key=lambda each: each[0])
    return replace(best, offsets=improve(best.blocks, rivals, best.offsets, enough_bytes))
