"""Which memory each block goes to, where the memories lie apart and none holds all blocks.

A block lies whole in one bank. Once it is settled who goes where, a bank is an arena of its own, which
``place`` fills as any other; a block that may overlap another does so where both are in one bank. What is
left to search are the assignments: bin packing over time. The search goes depth first through the blocks in a
fixed order; a branch dies as soon as the blocks live at some step exceed their bank, or what is still to come
exceeds the room left in all banks together. Both are bounds below every placement, and placement mostly
reaches them. An assignment of all blocks is placed; the first whose banks all hold theirs ends the search.

Several orders get a few nodes each, since the right one finds a solution at once; then the first goes on for
long. A search that comes to its end has seen every assignment: what it does not find is not there. That is
the rule where networks do not fit, also with dozens of blocks, since both bounds are tight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.memory.plan.blocks import MemoryBlock, lower_bound
from micronas.memory.plan.place import height, improve, place

QUICK_NODES, LONG_NODES = 500, 20_000
QUICK_PLACEMENTS, LONG_PLACEMENTS = 3, 24
"""How many assignments may be looked at, and how many of them placed, in one order and in the last search."""

Banks: TypeAlias = tuple[int, ...]
"""The bank of each block."""

Key: TypeAlias = Callable[[MemoryBlock], tuple[int, ...]]
Preference: TypeAlias = Callable[[int, int], int]
"""Among banks that can take a block the one with the least of this goes first: (position, room left)."""


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
        """Bytes that stick out of the banks; 0 where all fits."""
        pairs = zip(self.heights, self.capacities, strict=True)
        return sum(max(0, needed - there) for needed, there in pairs)


def split(blocks: tuple[MemoryBlock, ...], capacities: Sequence[int]) -> BankPlan:
    """``blocks`` over banks of so many bytes, the first preferred; the least over where none fits."""
    return _Search(blocks, tuple(capacities)).run()


class _Search:
    """Assignments and what became of them when they were placed."""

    def __init__(self, blocks: tuple[MemoryBlock, ...], capacities: tuple[int, ...]) -> None:
        self._blocks, self._capacities = blocks, capacities
        self._placed: dict[Banks, BankPlan] = {}

    def run(self) -> BankPlan:
        """The first that fits, or the least over."""
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
        """Every bank filled by itself; the long search only where a bank would otherwise be too small."""
        offsets = [0] * len(self._blocks)
        heights = []
        for bank, capacity in enumerate(self._capacities):
            members = [i for i, b in enumerate(banks) if b == bank]
            here = _members_only(self._blocks, members)
            found = place(here) if here else ()
            if here and lower_bound(here) <= capacity < height(here, found):
                found = improve(here, found)
            heights.append(height(here, found) if here else 0)
            for i, offset in zip(members, found, strict=True):
                offsets[i] = offset
        self._placed[banks] = BankPlan(banks, tuple(offsets), tuple(heights), self._capacities)
        return self._placed[banks]


def _members_only(blocks: tuple[MemoryBlock, ...], members: list[int]) -> tuple[MemoryBlock, ...]:
    """The ``members`` among ``blocks``; what trails a block of another bank trails nothing."""
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
    """Large blocks first, each where there is most room: something to go by where nothing fits."""
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
    """Assignments within both bounds, depth first; None and the end after ``nodes`` steps of the search."""
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
    """Bytes live at each step in each bank, and still to come, overlaps used to the full."""

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
        """The bank of each block, all of which have one."""
        return tuple(bank for bank in self._bank if bank is not None)

    def room_with(self, i: int, bank: int) -> int:
        """Fewest bytes that are free in ``bank`` while block ``i`` lives there; negative: too few."""
        self.put(i, bank)
        block, live = self._blocks[i], self._live[bank]
        room = self._capacities[bank] - max(live[block.start : block.end])
        self.take_back(i)
        return room

    def leaves_room(self, i: int) -> bool:
        """Whether all that is to come still fits at the steps of block ``i``."""
        block = self._blocks[i]
        return all(
            self._to_come[step]
            <= sum(max(0, c - live[step]) for c, live in zip(self._capacities, self._live, strict=True))
            for step in range(block.start, block.end)
        )

    def put(self, i: int, bank: int) -> None:
        """Block ``i`` into ``bank``."""
        self._bank[i] = bank
        self._move(i, bank, 1)

    def take_back(self, i: int) -> None:
        """Block ``i`` out of its bank, if it is in one."""
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
    """Bytes that block ``i`` can share with the one that it trails, in the step in which it begins."""
    trail = blocks[i].trail
    if trail is None:
        return 0
    return trail.shared_bytes(blocks[trail.source].profile[-1], blocks[i].profile[0])
