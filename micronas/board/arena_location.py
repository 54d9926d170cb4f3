"""Where an arena can be placed: in one memory region of a board, across adjacent regions, or in parts.

An ``ArenaMemory`` is one contiguous piece of memory that holds an arena or a part of one. Its regions are in
the board's address order; on an emulated twin the order can differ. An ``ArenaLocation`` is one such memory,
or several separate ones, in the order of the arena's banks.

Its text form is for people and JSON only and is never parsed: ``sram``, ``dtcm+sram`` for adjacent regions,
``ccm|sram`` for separate memories.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from micronas.board.profile import Board, MemoryRegion


@dataclass(frozen=True)
class ArenaMemory:
    """A memory region of a board by its name, or adjacent regions used as one."""

    regions: tuple[str, ...]

    def __str__(self) -> str:
        return "+".join(self.regions)


@dataclass(frozen=True)
class ArenaLocation:
    """The memories of an arena's banks, in order; a single one for an arena in one piece."""

    memories: tuple[ArenaMemory, ...]

    @property
    def is_split(self) -> bool:
        """Whether the arena is split over separate memories."""
        return len(self.memories) > 1

    def __str__(self) -> str:
        return "|".join(map(str, self.memories))


SRAM = ArenaMemory(("sram",))
"""The region that every board has; it also holds stack and statics."""

IN_SRAM = ArenaLocation((SRAM,))


def regions_of(board: Board, memory: ArenaMemory) -> tuple[MemoryRegion, ...]:
    """The regions of ``memory`` by address; raises ``BoardError`` for one that the board does not have."""
    return tuple(sorted((board.region(name) for name in memory.regions), key=lambda r: r.origin))


def as_one(board: Board, memory: ArenaMemory) -> MemoryRegion:
    """The memory as a single region, with a name that a linker accepts. Raises ``ValueError`` when its
    regions are not adjacent.
    """
    regions = regions_of(board, memory)
    for before, after in itertools.pairwise(regions):
        if before.end != after.origin:
            raise ValueError(f"{before.name} and {after.name} of {board.name} are not adjacent")
    length = sum(region.length for region in regions)
    name = "_".join(region.name for region in regions)
    return regions[0].model_copy(update={"name": name, "length": length})


def whole_memories(board: Board) -> tuple[ArenaMemory, ...]:
    """Each of the board's ``arena_regions``, in order, then adjacent ones combined."""
    alone = (ArenaMemory((name,)) for name in board.arena_regions)
    return (*alone, *(memory for memory in _runs(board) if len(memory.regions) > 1))


def separate_memories(board: Board) -> tuple[ArenaMemory, ...]:
    """The separate memories among the board's ``arena_regions``, in the order of their best regions."""
    rank = {name: i for i, name in enumerate(board.arena_regions)}
    return tuple(sorted(_runs(board), key=lambda memory: min(rank[name] for name in memory.regions)))


def _runs(board: Board) -> list[ArenaMemory]:
    """The board's ``arena_regions`` by address, adjacent ones joined into one memory."""
    runs: list[list[MemoryRegion]] = []
    for region in sorted((board.region(name) for name in board.arena_regions), key=lambda r: r.origin):
        if runs and runs[-1][-1].end == region.origin:
            runs[-1].append(region)
        else:
            runs.append([region])
    return [ArenaMemory(tuple(region.name for region in run)) for run in runs]
