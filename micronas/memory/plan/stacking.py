"""The depth-first search over stackings, for what the greedy placements leave above the bound.

Pushed down and sorted by offset, every best placement puts each block on those before it that it may not
overlap. A partial stacking dies as soon as skyline plus what is still to come reaches the best known at some
step. For a dozen blocks the search is exhaustive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from micronas.memory.plan.blocks import MemoryBlock, lower_bound, taken_bytes
from micronas.memory.plan.place import Rivals, height

MAX_NODES = 1000
MAX_VISITS = 150_000
"""Partial stackings, and these times the blocks, that a search looks at."""


def improve(
    blocks: tuple[MemoryBlock, ...],
    rivals: Rivals | None,
    offsets: tuple[int, ...],
    enough_bytes: int = 0,
) -> tuple[int, ...]:
    """The best placement that the search finds from ``offsets`` on: the optimum for a dozen blocks.

    The first that takes at most ``enough_bytes`` ends it. There is no search without ``rivals``, nor of so
    many blocks that it could not place each of them once.
    """
    target = max(lower_bound(blocks), enough_bytes)
    if rivals is None or _nodes(blocks) < len(blocks) or height(blocks, offsets) <= target:
        return offsets
    return _Search(blocks, rivals, offsets, target).run()


def _nodes(blocks: tuple[MemoryBlock, ...]) -> int:
    """Partial stackings that a search may look at; each places one block."""
    return min(MAX_NODES, MAX_VISITS // len(blocks))


@dataclass(frozen=True)
class _Partial:
    """Blocks stacked so far: an offset each, and for the others the lowest that those leave free.

    ``skyline`` is what is taken at each step, ``to_come`` what the others take; ``floor`` is the last offset.
    """

    skyline: list[int]
    to_come: list[int]
    offsets: dict[int, int]
    lowest: list[int]
    floor: int


class _Search:
    """Goes through stackings lower than ``best`` until ``target``."""

    def __init__(
        self, blocks: tuple[MemoryBlock, ...], rivals: Rivals, best: tuple[int, ...], target: int
    ) -> None:
        self._blocks, self._rivals = blocks, rivals
        self._sizes = [block.size for block in blocks]
        self._best, self._best_height = best, height(blocks, best)
        self._target = target
        self._nodes_left = _nodes(blocks)

    def run(self) -> tuple[int, ...]:
        """The best placement found."""
        to_come = taken_bytes(self._blocks)
        start = _Partial([0] * len(to_come), to_come, {}, [0] * len(self._blocks), 0)
        branches = [(start, self._candidates(start))]
        while branches and self._nodes_left > 0 and self._best_height > self._target:
            partial, candidates = branches[-1]
            choice = next(candidates, None)
            if choice is None:
                branches.pop()
                continue
            self._nodes_left -= 1
            after = self._stacked(partial, *choice)
            if len(after.offsets) == len(self._blocks):
                self._keep(after)
            elif self._can_be_lower(after):
                branches.append((after, self._candidates(after)))
        return self._best

    def _keep(self, stacking: _Partial) -> None:
        found = tuple(stacking.offsets[i] for i in range(len(self._blocks)))
        if height(self._blocks, found) < self._best_height:
            self._best, self._best_height = found, height(self._blocks, found)

    def _can_be_lower(self, partial: _Partial) -> bool:
        reach = (h + c if c > 0 else h for h, c in zip(partial.skyline, partial.to_come, strict=True))
        return max(reach) < self._best_height

    def _candidates(self, partial: _Partial) -> Iterator[tuple[int, int]]:
        """Offset and block, lowest first and large before small; no lower than the last."""
        lowest, offsets, sizes = partial.lowest, partial.offsets, self._sizes
        found = [
            (offset, -sizes[i], i)
            for i, offset in enumerate(lowest)
            if offset >= partial.floor and i not in offsets
        ]
        return iter([(offset, i) for offset, _, i in sorted(found)])

    def _stacked(self, partial: _Partial, offset: int, i: int) -> _Partial:
        block = self._blocks[i]
        higher, less, lowest = list(partial.skyline), list(partial.to_come), list(partial.lowest)
        for k, size in enumerate(block.profile, start=block.start):
            higher[k] = max(higher[k], offset + size)
            less[k] -= size
        for j, _, below in self._rivals[i]:
            lowest[j] = max(lowest[j], offset + below)
        return _Partial(higher, less, {**partial.offsets, i: offset}, lowest, offset)
