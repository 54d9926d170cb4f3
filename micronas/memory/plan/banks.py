"""Assignment of blocks to separate memories, none of which holds all blocks.

A block is in a single bank. For a fixed assignment, each bank is a separate arena, which ``place`` fills as
usual; a block that may overlap another does so if both are in one bank. The search is therefore over
assignments: bin packing over time. It goes depth first through the blocks in a fixed order. A branch is
pruned when the blocks live at some step exceed their bank, or the remaining blocks exceed the room left in
all banks together. Both are lower bounds of every placement, and placement mostly reaches them. A complete
assignment is placed; the first one in which every bank holds its blocks ends the search.

Several orders get a few nodes each, because a good order finds a solution at once; then the first order
continues with many nodes. A search that finishes has seen every assignment, so a solution that it does not
find does not exist. For networks that do not fit this is the normal case, even with dozens of blocks, because
both bounds are tight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.memory.plan.blocks import MemoryBlock, lower_bound
from micronas.memory.plan.place import few_rivals, height, place
from micronas.memory.plan.stacking import improve

QUICK_NODES, LONG_NODES = 500, 20_000
QUICK_PLACEMENTS, LONG_PLACEMENTS = 3, 24
"""Limits on the assignments examined, and on those placed, in one order and in the last search."""

Banks: TypeAlias = tuple[int, ...]
"""The bank of each block."""

Key: TypeAlias = Callable[[MemoryBlock], tuple[int, ...]]
Preference: TypeAlias = Callable[[int, int], int]
"""Among banks that can take a block, the one with the smallest key goes first: (position, room left)."""


def _large_first(block: MemoryBlock) -> tuple[int, ...]:
    return -block.size, block.start


def _long_first(block: MemoryBlock) -> tuple[int, ...]:
    return -sum(block.profile), block.start


def _by_time(block: MemoryBlock) -> tuple[int, ...]:
    return block.start, -block.size


def _first(position: int, _room: int) -> int:
    return position


def _tightest(_position: int, room: int) -> int:
    return room


def _roomiest(_position: int, room: int) -> int:
    return -room


_STRATEGIES: tuple[tuple[Key, Preference], ...] = (
    (_large_first, _first),
    (_large_first, _tightest),
    (_large_first, _roomiest),
    (_long_first, _first),
    (_long_first, _tightest),
    (_by_time, _roomiest),
    (_by_time, _first),
)


@dataclass(frozen=True)
class BankPlan:
    """For each block its bank and its offset there; for each bank the bytes that it needs and has."""

    banks: Banks
    offsets: tuple[int, ...]
    heights: tuple[int, ...]
    capacities: tuple[int, ...]

    @property
    def over_bytes(self) -> int:
        """Bytes that exceed the banks; 0 if all blocks fit."""
        pairs = zip(self.heights, self.capacities, strict=True)
        return sum(max(0, needed - there) for needed, there in pairs)


def split(blocks: tuple[MemoryBlock, ...], capacities: Sequence[int]) -> BankPlan:
    """Place ``blocks`` in banks of these sizes, the first preferred; if none fits, the fewest bytes over."""
    return _Search(blocks, tuple(capacities)).run()


class _Search:
    """Assignments and the results of their placement."""

    def __init__(self, blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...]) -> None:
        self._blocks, self._capacities = blocks, capacities
        self._placed: dict[Banks, BankPlan] = {}

    def run(self) -> BankPlan:
        """The first that fits, or the one with the fewest bytes over."""
        if lower_bound(self._blocks) <= sum(self._capacities):
            self._look_everywhere()
        if all(found.over_bytes for found in self._placed.values()):
            self._place(_min_over(self._blocks, self._capacities))
        return min(self._placed.values(), key=lambda found: found.over_bytes)

    def _look_everywhere(self) -> None:
        for key, preference in _STRATEGIES:
            if self._look(key, preference, QUICK_NODES, QUICK_PLACEMENTS):
                return
        self._look(*_STRATEGIES[0], LONG_NODES, LONG_PLACEMENTS)

    def _look(self, key: Key, preference: Preference, nodes: int, placements: int) -> bool:
        """Place the assignments in the order of ``key``, until one fits or all have been seen: then True."""
        for banks in _assignments(self._blocks, self._capacities, key, preference, nodes):
            if banks is None:
                return False
            if banks in self._placed:
                continue
            if self._place(banks).over_bytes == 0:
                return True
            placements -= 1
            if placements == 0:
                return False
        return True

    def _place(self, banks: Banks) -> BankPlan:
        """Every bank placed separately; the long search runs only if a bank would otherwise be too small."""
        offsets = [0] * len(self._blocks)
        heights = []
        for bank, capacity in enumerate(self._capacities):
            members = [i for i, b in enumerate(banks) if b == bank]
            here = _members_only(self._blocks, members)
            if not here:
                heights.append(0)
                continue
            rivals = few_rivals(here)
            found = place(here, rivals)
            if lower_bound(here) <= capacity < height(here, found):
                found = improve(here, rivals, found)
            heights.append(height(here, found))
            for i, offset in zip(members, found, strict=True):
                offsets[i] = offset
        self._placed[banks] = BankPlan(banks, tuple(offsets), tuple(heights), self._capacities)
        return self._placed[banks]


def _members_only(blocks: tuple[MemoryBlock, ...], members: list[int]) -> tuple[MemoryBlock, ...]:
    """The ``members`` among ``blocks``; a block that trails a block of another bank trails nothing."""
    number = {i: k for k, i in enumerate(members)}
    found = []
    for i in members:
        trail = blocks[i].trail
        if trail is not None:
            source = number.get(trail.source)
            trail = None if source is None else replace(trail, source=source)
        found.append(replace(blocks[i], trail=trail))
    return tuple(found)


def _min_over(blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...]) -> Banks:
    """Large blocks first, each in the bank with the most room: the starting point if nothing fits."""
    load = _Load(blocks, capacities)
    for i in _sorted(blocks, _large_first):
        rooms = [load.room_with(i, bank) for bank in range(len(capacities))]
        load.put(i, rooms.index(max(rooms)))
    return load.assignment()


def _sorted(blocks: tuple[MemoryBlock, ...], key: Key) -> list[int]:
    return sorted(range(len(blocks)), key=lambda i: (*key(blocks[i]), i))


def _assignments(
    blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...], key: Key, preference: Preference, nodes: int
) -> Iterator[Banks | None]:
    """Assignments within both bounds, depth first; None at the end after ``nodes`` steps of the search."""
    order = _sorted(blocks, key)
    load = _Load(blocks, capacities)
    choices: list[Iterator[int]] = []
    while True:
        if len(choices) == len(order):
            yield load.assignment()
        else:
            i = order[len(choices)]
            rooms = [(load.room_with(i, bank), bank) for bank in range(len(capacities))]
            fitting = [(preference(bank, room), bank) for room, bank in rooms if room >= 0]
            choices.append(iter([bank for _, bank in sorted(fitting)]))
        while choices:
            i = order[len(choices) - 1]
            load.take_back(i)
            bank = next(choices[-1], None)
            if bank is None:
                choices.pop()
                continue
            load.put(i, bank)
            nodes -= 1
            if nodes < 0:
                yield None
                return
            if load.leaves_room(i):
                break
        else:
            return


class _Load:
    """Bytes live at each step in each bank, and of the remaining blocks, with full use of overlaps."""

    def __init__(self, blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...]) -> None:
        self._blocks, self._capacities = blocks, capacities
        self._bank: list[int | None] = [None] * len(blocks)
        self._shared = [_shared_bytes(blocks, i) for i in range(len(blocks))]
        self._trailing: list[list[int]] = [[] for _ in blocks]
        steps = max(b.end for b in blocks)
        self._live = [[0] * steps for _ in capacities]
        self._to_come = [0] * steps
        for i, block in enumerate(blocks):
            if block.trail is not None:
                self._trailing[block.trail.source].append(i)
            for k, size in enumerate(block.profile):
                self._to_come[block.start + k] += size
            self._to_come[block.start] -= self._shared[i]

    def assignment(self) -> Banks:
        """The bank of each block, after all are assigned."""
        return tuple(bank for bank in self._bank if bank is not None)

    def room_with(self, i: int, bank: int) -> int:
        """Minimum free bytes in ``bank`` while block ``i`` is live there; negative if it does not fit."""
        self.put(i, bank)
        block, live = self._blocks[i], self._live[bank]
        room = self._capacities[bank] - max(live[block.start : block.end])
        self.take_back(i)
        return room

    def leaves_room(self, i: int) -> bool:
        """Whether all remaining blocks still fit at the steps of block ``i``."""
        block = self._blocks[i]
        return all(
            self._to_come[step]
            <= sum(max(0, c - live[step]) for c, live in zip(self._capacities, self._live, strict=True))
            for step in range(block.start, block.end)
        )

    def put(self, i: int, bank: int) -> None:
        """Add block ``i`` to ``bank``."""
        self._bank[i] = bank
        self._move(i, bank, 1)

    def take_back(self, i: int) -> None:
        """Remove block ``i`` from its bank, if it is in one."""
        bank = self._bank[i]
        if bank is not None:
            self._move(i, bank, -1)
            self._bank[i] = None

    def _move(self, i: int, bank: int, sign: int) -> None:
        block, live = self._blocks[i], self._live[bank]
        for step, size in enumerate(block.profile, start=block.start):
            live[step] += sign * size
            self._to_come[step] -= sign * size
        pairs = [(j, j) for j in self._trailing[i]]
        if block.trail is not None:
            pairs.append((block.trail.source, i))
        for other, later in pairs:
            if self._bank[other] is not None:
                step = self._blocks[later].start
                self._to_come[step] += sign * self._shared[later]
                if self._bank[other] == bank:
                    live[step] -= sign * self._shared[later]


def _shared_bytes(blocks: tuple[MemoryBlock, ...], i: int) -> int:
    """Bytes that block ``i`` can share with the one that it trails, in its first step."""
    trail = blocks[i].trail
    if trail is None:
        return 0
    return trail.shared_bytes(blocks[trail.source].profile[-1], blocks[i].profile[0])
