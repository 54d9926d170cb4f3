"""Offsets of the blocks such that no two overlap while both are live, in as few bytes as possible.

This is dynamic storage allocation, NP-hard in general and easy on real networks. On chains two stacks growing
towards each other reach the lower bound. Otherwise greedy placements in several orders, each improved by
moving what sticks out to the front, mostly do. Where none does, a depth-first search over stackings decides
(``stacking``).

Every effort is bounded by the pairs of blocks that it looks at, so that time grows with the network and not
with its square. Where more blocks live side by side than can be compared in pairs, each goes by time to the
lowest gap.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from micronas.memory.plan.blocks import MemoryBlock, lower_bound

MAX_PROMOTIONS = 40
MAX_PAIRS = 600_000
"""Pairs of blocks that may be compared, and that all first fits together may look at."""


class Rival(NamedTuple):
    """A block that is live at the same time: keep ``above`` or ``below`` bytes from its offset."""

    block: int
    above: int
    below: int


Key: TypeAlias = Callable[[MemoryBlock], tuple[int, ...]]
Rivals: TypeAlias = Sequence[Sequence[tuple[int, int, int]]]
"""The ``Rival``s of each block, here as plain tuples: a large network has a hundred thousand."""

_UNPLACED = -1

_ORDERS: tuple[Key, ...] = (
    lambda b: (-b.size, b.start),
    lambda b: (-sum(b.profile), b.start),
    lambda b: (-len(b.profile), -b.size, b.start),
    lambda b: (b.start, -b.size),
    lambda b: (-b.end, -b.size),
    lambda b: (b.scratch_of is not None, -b.end, -b.size),
)


def place(blocks: tuple[MemoryBlock, ...], rivals: Rivals | None, enough_bytes: int = 0) -> tuple[int, ...]:
    """An offset for each block by the greedy placements; it ends at ``enough_bytes`` or at the bound.

    ``rivals`` are those of ``few_rivals``.
    """
    if rivals is None:
        return _by_gaps(blocks)
    bound = lower_bound(blocks)
    target = max(bound, enough_bytes)
    best = _by_time(blocks, rivals, 2, bound)
    if height(blocks, best) > target:
        best = lower_of(blocks, best, _by_time(blocks, rivals, 1, bound))
    pairs = sum(map(len, rivals)) // 2
    budget = _Allowance(MAX_PAIRS // max(1, pairs))
    for key in _ORDERS:
        if height(blocks, best) <= target or budget.fits == 0:
            break
        best = lower_of(blocks, best, _promoting_first_fit(blocks, rivals, key, target, budget))
    return best


def lower_of(blocks: tuple[MemoryBlock, ...], one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    """The lower of two placements; the first of equals."""
    return two if height(blocks, two) < height(blocks, one) else one


def place_by_size(blocks: tuple[MemoryBlock, ...]) -> tuple[int, ...]:
    """Largest first, ties in the given order, each at the lowest free offset, as in TFLite Micro."""
    return first_fit(find_rivals(blocks), _sorted(blocks, lambda b: (-b.size,)))


def height(blocks: tuple[MemoryBlock, ...], offsets: tuple[int, ...]) -> int:
    """Bytes that a placement needs."""
    return max(offset + block.size for block, offset in zip(blocks, offsets, strict=True))


def live_pairs(blocks: tuple[MemoryBlock, ...]) -> int:
    """Pairs of blocks that live at the same time."""
    starts, ends = sorted(b.start for b in blocks), sorted(b.end for b in blocks)
    return sum(k - bisect.bisect_right(ends, start) for k, start in enumerate(starts))


def few_rivals(blocks: tuple[MemoryBlock, ...]) -> Rivals | None:
    """Those of each block; None where more than ``MAX_PAIRS`` pairs live at the same time."""
    return None if live_pairs(blocks) > MAX_PAIRS else find_rivals(blocks)


def find_rivals(blocks: tuple[MemoryBlock, ...]) -> Rivals:
    """For each block, the blocks that are live at the same time, with the distances to keep."""
    rivals: list[list[tuple[int, int, int]]] = [[] for _ in blocks]
    ends = [block.end for block in blocks]
    live: list[int] = []
    for i in sorted(range(len(blocks)), key=lambda i: (blocks[i].start, i)):
        start, mine = blocks[i].start, rivals[i]
        live = [j for j in live if ends[j] > start]
        for j in live:
            above, below = _distances(blocks, i, j)
            mine.append((j, above, below))
            rivals[j].append((i, below, above))
        live.append(i)
    return rivals


def _distances(blocks: tuple[MemoryBlock, ...], i: int, j: int) -> tuple[int, int]:
    """Bytes that block ``i`` must start above the start of ``j``, which is live there, or else below it."""
    me, other = blocks[i], blocks[j]
    first, last = me.start, min(me.end, other.end)
    above, below = other.most_within(first, last), me.most_within(first, last)
    if me.trail is not None and me.trail.source == j:
        above, below = min(above, me.trail.after), min(below, me.trail.before)
    if other.trail is not None and other.trail.source == i:
        above, below = min(above, other.trail.before), min(below, other.trail.after)
    return above, below


def _sorted(blocks: tuple[MemoryBlock, ...], key: Key) -> list[int]:
    return sorted(range(len(blocks)), key=lambda i: (*key(blocks[i]), i))


def first_fit(rivals: Rivals, order: Sequence[int]) -> tuple[int, ...]:
    """Each block in turn at the lowest offset that is free for its whole life."""
    offsets = [_UNPLACED] * len(rivals)
    for i in order:  # `_lowest_free` of `_forbidden`, without the calls: most of a search's planning is here
        found = [(at - below, at + above) for j, above, below in rivals[i] if (at := offsets[j]) != _UNPLACED]
        found.sort()
        offset = 0
        for low, high in found:
            if low >= offset:
                break
            if high > offset:
                offset = high
        offsets[i] = offset
    return tuple(offsets)


class _Allowance:
    """First fits that are left for one placement."""

    def __init__(self, fits: int) -> None:
        self.fits = max(fits, len(_ORDERS))


def _promoting_first_fit(
    blocks: tuple[MemoryBlock, ...], rivals: Rivals, key: Key, target: int, budget: _Allowance
) -> tuple[int, ...]:
    """Repeated first fit; after each round, the blocks that exceed the bound move to the front.

    Ends at ``target``, when an order comes round again, or after ``MAX_PROMOTIONS``.
    """
    sizes = [b.size for b in blocks]
    order = _sorted(blocks, key)
    best = offsets = first_fit(rivals, order)
    least = _top(sizes, best)
    seen = {tuple(order)}
    for _ in range(MAX_PROMOTIONS):
        top = _top(sizes, offsets)
        budget.fits = max(0, budget.fits - 1)
        if top <= target or budget.fits == 0:
            break
        highest = [i for i in order if offsets[i] + sizes[i] == top]
        others = set(highest)
        order = [*highest, *(i for i in order if i not in others)]
        if tuple(order) in seen:
            break
        seen.add(tuple(order))
        offsets = first_fit(rivals, order)
        if _top(sizes, offsets) < least:
            best, least = offsets, _top(sizes, offsets)
    return best


def _top(sizes: list[int], offsets: tuple[int, ...]) -> int:
    return max(offset + size for offset, size in zip(offsets, sizes, strict=True))


def _by_time(blocks: tuple[MemoryBlock, ...], rivals: Rivals, top_every: int, bound: int) -> tuple[int, ...]:
    """In order of first step, every ``top_every``-th block as high as possible under the bound, others low.

    With 2, two stacks grow towards each other: exact for chains without scratch or overlaps. With 1, outputs
    that trail their inputs follow them down. A block that does not fit under the bound goes to the lowest
    free offset.
    """
    offsets = [_UNPLACED] * len(blocks)
    for k, i in enumerate(_sorted(blocks, lambda b: (b.start, -b.size))):
        highest, forbidden = bound - blocks[i].size, _forbidden(rivals[i], offsets)
        mirrored = sorted((highest - high, highest - low) for low, high in forbidden)
        top = highest - _lowest_free(mirrored)
        from_top = k % top_every == top_every - 1
        offsets[i] = top if from_top and top >= 0 else _lowest_free(forbidden)
    return tuple(offsets)


def _forbidden(rivals: Sequence[tuple[int, int, int]], offsets: list[int]) -> list[tuple[int, int]]:
    """Open ranges in which a block's offset cannot be, given its rivals already placed; sorted."""
    found = [(at - below, at + above) for j, above, below in rivals if (at := offsets[j]) != _UNPLACED]
    found.sort()
    return found


def _lowest_free(forbidden: list[tuple[int, int]]) -> int:
    offset = 0
    for low, high in forbidden:
        if low >= offset:
            break
        if high > offset:
            offset = high
    return offset


def _by_gaps(blocks: tuple[MemoryBlock, ...]) -> tuple[int, ...]:
    """In the order of birth, each in the lowest gap between those that live then; no overlaps."""
    offsets = [0] * len(blocks)
    live: list[tuple[int, int, int]] = []
    for i in _sorted(blocks, lambda b: (b.start, -b.size)):
        block = blocks[i]
        live = [taken for taken in live if taken[2] > block.start]
        offset = 0
        for low, high, _ in live:
            if low - offset >= block.size:
                break
            offset = high
        offsets[i] = offset
        bisect.insort(live, (offset, offset + block.size, block.end))
    return tuple(offsets)
