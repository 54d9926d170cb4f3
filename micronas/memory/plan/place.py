"""Where to put the blocks: offsets such that no two overlap while both are live, in as few bytes as possible.

This is dynamic storage allocation, NP-hard in general and easy on real networks. On chains two stacks growing
towards each other reach the lower bound. Otherwise greedy placements in several orders, each improved by
moving what sticks out to the front, mostly do. Where none does, a depth-first search over stackings decides:
pushed down and sorted by offset, every best placement puts each block on those before it that it may not
overlap. A partial stacking dies as soon as skyline plus what is still to come reaches the best known at some
step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from micronas.memory.plan.blocks import MemoryBlock, lower_bound, taken_bytes

MAX_PROMOTIONS = 40
MAX_NODES = 1000


@dataclass(frozen=True)
class Rival:
    """A block that lives at the same time: stay ``above`` its offset or ``below`` it by so many bytes."""

    block: int
    above: int
    below: int


Key: TypeAlias = Callable[[MemoryBlock], tuple[int, ...]]
Rivals: TypeAlias = list[list[Rival]]

_ORDERS: tuple[Key, ...] = (
    lambda b: (-b.size, b.start),
    lambda b: (-sum(b.profile), b.start),
    lambda b: (-len(b.profile), -b.size, b.start),
    lambda b: (b.start, -b.size),
    lambda b: (-b.end, -b.size),
    lambda b: (b.scratch_of is not None, -b.end, -b.size),
)


def place(blocks: tuple[MemoryBlock, ...]) -> tuple[int, ...]:
    """An offset for each block by the greedy placements; deterministic."""
    bound = lower_bound(blocks)
    rivals = _rivals(blocks)
    best = _lower(blocks, _by_time(blocks, rivals, 2), _by_time(blocks, rivals, 1))
    for key in _ORDERS:
        if height(blocks, best) == bound:
            return best
        best = _lower(blocks, best, _promoting_first_fit(blocks, rivals, key, bound))
    return best


def improve(blocks: tuple[MemoryBlock, ...], offsets: tuple[int, ...]) -> tuple[int, ...]:
    """The best placement that the search finds from ``offsets`` on: the optimum for a dozen blocks."""
    bound = lower_bound(blocks)
    return offsets if height(blocks, offsets) == bound else _Stacking(blocks, offsets, bound).search()


def _lower(blocks: tuple[MemoryBlock, ...], one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    return two if height(blocks, two) < height(blocks, one) else one


def place_by_size(blocks: tuple[MemoryBlock, ...]) -> tuple[int, ...]:
    """Largest first, among equals in the order given, each at the lowest free offset: TFLite Micro's way."""
    return _first_fit(blocks, _rivals(blocks), _sorted(blocks, lambda b: (-b.size,)))


def height(blocks: tuple[MemoryBlock, ...], offsets: tuple[int, ...]) -> int:
    """Bytes that a placement needs."""
    return max(offset + block.size for block, offset in zip(blocks, offsets, strict=True))


def _rivals(blocks: tuple[MemoryBlock, ...]) -> Rivals:
    """For each block, the blocks that live at the same time, with the distances to keep."""
    rivals: Rivals = [[] for _ in blocks]
    for i, me in enumerate(blocks):
        for j, other in enumerate(blocks):
            first, last = max(me.start, other.start), min(me.end, other.end)
            if i != j and first < last:
                above = max(other.profile[first - other.start : last - other.start])
                below = max(me.profile[first - me.start : last - me.start])
                if me.trail is not None and me.trail.source == j:
                    above, below = min(above, me.trail.after), min(below, me.trail.before)
                if other.trail is not None and other.trail.source == i:
                    above, below = min(above, other.trail.before), min(below, other.trail.after)
                rivals[i].append(Rival(j, above, below))
    return rivals


def _sorted(blocks: tuple[MemoryBlock, ...], key: Key) -> list[int]:
    return sorted(range(len(blocks)), key=lambda i: (*key(blocks[i]), i))


def _first_fit(blocks: tuple[MemoryBlock, ...], rivals: Rivals, order: list[int]) -> tuple[int, ...]:
    """Each block in turn at the lowest offset that is free for its whole life."""
    offsets: dict[int, int] = {}
    for i in order:
        offsets[i] = _lowest_free(_forbidden(rivals, offsets, i))
    return tuple(offsets[i] for i in range(len(blocks)))


def _promoting_first_fit(
    blocks: tuple[MemoryBlock, ...], rivals: Rivals, key: Key, bound: int
) -> tuple[int, ...]:
    """First fit, again and again with the blocks that stick out at the top moved to the front.

    Ends at ``bound``, when an order comes round again, or after ``MAX_PROMOTIONS``.
    """
    order = _sorted(blocks, key)
    best = _first_fit(blocks, rivals, order)
    seen = {tuple(order)}
    offsets = best
    for _ in range(MAX_PROMOTIONS):
        top = height(blocks, offsets)
        if top == bound:
            return offsets
        highest = [i for i in order if offsets[i] + blocks[i].size == top]
        order = [*highest, *(i for i in order if i not in highest)]
        if tuple(order) in seen:
            break
        seen.add(tuple(order))
        offsets = _first_fit(blocks, rivals, order)
        best = _lower(blocks, best, offsets)
    return best


def _by_time(blocks: tuple[MemoryBlock, ...], rivals: Rivals, top_every: int) -> tuple[int, ...]:
    """In the order of birth, each ``top_every``-th as high under the bound as it can be, the others low.

    With 2, two stacks grow towards each other: exact for chains without scratch or overlaps. With 1, outputs
    that trail their inputs follow them down. What does not fit under the bound goes to the lowest free place.
    """
    bound = lower_bound(blocks)
    offsets: dict[int, int] = {}
    in_order = sorted(range(len(blocks)), key=lambda i: (blocks[i].start, -blocks[i].size, i))
    for k, i in enumerate(in_order):
        highest, forbidden = bound - blocks[i].size, _forbidden(rivals, offsets, i)
        mirrored = sorted((highest - high, highest - low) for low, high in forbidden)
        top = highest - _lowest_free(mirrored)
        from_top = k % top_every == top_every - 1
        offsets[i] = top if from_top and top >= 0 else _lowest_free(forbidden)
    return tuple(offsets[i] for i in range(len(blocks)))


def _forbidden(rivals: Rivals, offsets: dict[int, int], i: int) -> list[tuple[int, int]]:
    """Open ranges in which the offset of block ``i`` cannot be, given the blocks already placed; sorted."""
    placed = ((offsets[r.block], r) for r in rivals[i] if r.block in offsets)
    return sorted((offset - rival.below, offset + rival.above) for offset, rival in placed)


def _lowest_free(forbidden: list[tuple[int, int]]) -> int:
    offset = 0
    for low, high in forbidden:
        if low >= offset:
            break
        offset = max(offset, high)
    return offset


class _Stacking:
    """Depth-first search for a stacking lower than ``best``; stops at ``bound`` or after ``MAX_NODES``."""

    def __init__(self, blocks: tuple[MemoryBlock, ...], best: tuple[int, ...], bound: int) -> None:
        self._blocks, self._rivals = blocks, _rivals(blocks)
        self._best, self._best_height = best, height(blocks, best)
        self._bound = bound
        self._nodes = 0

    def search(self) -> tuple[int, ...]:
        """The best placement found."""
        to_come = taken_bytes(self._blocks)
        self._descend([0] * len(to_come), to_come, {}, 0)
        return self._best

    def _descend(self, skyline: list[int], to_come: list[int], offsets: dict[int, int], floor: int) -> None:
        if len(offsets) == len(self._blocks):
            found = tuple(offsets[i] for i in range(len(self._blocks)))
            self._best = _lower(self._blocks, self._best, found)
            self._best_height = height(self._blocks, self._best)
            return
        for offset, i in self._candidates(offsets, floor):
            if self._nodes >= MAX_NODES or self._best_height == self._bound:
                return
            self._nodes += 1
            higher, less = self._stack(skyline, to_come, i, offset)
            if max(h + max(0, c) for h, c in zip(higher, less, strict=True)) < self._best_height:
                self._descend(higher, less, {**offsets, i: offset}, offset)

    def _candidates(self, offsets: dict[int, int], floor: int) -> list[tuple[int, int]]:
        """Unplaced blocks with their offsets, lowest first and large before small; no lower than the last."""
        found = []
        for i, block in enumerate(self._blocks):
            if i not in offsets:
                below = ((offsets[r.block], r.above) for r in self._rivals[i] if r.block in offsets)
                offset = max((other + above for other, above in below), default=0)
                if offset >= floor:
                    found.append((offset, -block.size, i))
        return [(offset, i) for offset, _, i in sorted(found)]

    def _stack(
        self, skyline: list[int], to_come: list[int], i: int, offset: int
    ) -> tuple[list[int], list[int]]:
        higher, less = list(skyline), list(to_come)
        block = self._blocks[i]
        for k, size in enumerate(block.profile):
            higher[block.start + k] = max(higher[block.start + k], offset + size)
            less[block.start + k] -= size
        return higher, less
