"""A chain in steps of certain rows, with places for its buffers and blocks in what they leave free."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.blocks import MAX_BYTES, by_blocks, step_sizes
from micronas.codegen.lowering.row_window import row_bytes
from micronas.codegen.lowering.rows import with_members_of
from micronas.memory.plan.arena_plan import Plan
from micronas.memory.plan.free_scratch import Cycles
from micronas.memory.plan.one_piece import min_arena_bytes, plan_memory
from micronas.memory.plan.rows import RowChain
from micronas.memory.plan.rows.layout import (
    free_gap,
    lay_out,
    scratch_buffer,
    takeovers,
    tensor_buffers,
    top,
)
from micronas.memory.plan.rows.rivals import RowBuffer, Takeover, live_bytes
from micronas.memory.plan.rows.schedule import RowSchedule, make_schedule, schedule_of_waves
from micronas.memory.plan.values import aligned
from micronas.model.graph import Graph

_FEW_TRIES = 60
"""First fits in changed orders, for more rows at a time within a given arena."""

Lower: TypeAlias = Callable[[int, int], Lowered]
"""The op with this index, in steps of this number of rows."""


@dataclass(frozen=True, eq=False)
class SplitNetwork:
    """A chain, and the ops after it as a graph of their own, with its plan (None if there are none).

    ``bound`` is a lower bound of the arena, however the chain runs.
    """

    chain: RowChain
    lower: Lower
    rest_graph: Graph
    rest_lowered: tuple[Lowered, ...]
    bound: int
    in_waves: dict[tuple[int, ...], StreamedChain | None] = field(default_factory=dict, repr=False)
    """What ``streamed_in_waves`` has found, by the ends of the waves."""

    @functools.cached_property
    def rest(self) -> Plan | None:
        """The plan of the ops after the chain."""
        return plan_memory(self.rest_graph, self.rest_lowered) if self.rest_lowered else None


@dataclass(frozen=True, eq=False)
class StreamedChain:
    """A chain in steps of certain rows, before its buffers have places."""

    schedule: RowSchedule
    lowered: tuple[Lowered, ...]
    buffers: tuple[RowBuffer, ...]
    overlaps: tuple[Takeover, ...]

    @functools.cached_property
    def live(self) -> npt.NDArray[np.int64]:
        """Bytes in use at each step."""
        return live_bytes(self.buffers, self.overlaps)

    @property
    def bound(self) -> int:
        """A lower bound of the chain's bytes: the most that are in use at one step."""
        return int(self.live.max())

    @functools.cached_property
    def larger(self) -> Mapping[int, tuple[Lowered, ...]]:
        """The ops that have scratch by all larger blocks, the smallest first."""
        ops = (op for (kind, op) in (buffer.name for buffer in self.buffers) if kind == "scratch")
        growing = {op: self.lowered[op] for op in ops if self.lowered[op].blocks is not None}
        return {op: tuple(map(with_members_of, step_sizes(low, MAX_BYTES))) for op, low in growing.items()}


@dataclass(frozen=True, eq=False)
class ChainLayout:
    """Offsets of a chain's buffers; ``rest``, the plan of later ops, lies ``rest_shift`` bytes higher."""

    offsets: tuple[int, ...]
    rest: Plan | None
    rest_shift: int
    arena_bytes: int


@dataclass(frozen=True, eq=False)
class PlacedChain:
    """A streamed chain whose buffers have places.

    ``cycles`` are those of all ops of the network, modelled; 0 without a model.
    """

    parts: SplitNetwork
    streamed: StreamedChain
    layout: ChainLayout
    cycles: float = 0.0

    @property
    def arena_bytes(self) -> int:
        """Bytes of the arena, with the ops after the chain."""
        return self.layout.arena_bytes


def parts_of(graph: Graph, lowered: Sequence[Lowered], chain: RowChain, lower: Lower) -> SplitNetwork:
    """``chain`` with what follows it."""
    length = len(chain.ops)
    rest = replace(graph, ops=graph.ops[length:], inputs=(chain.output,))
    rest_lowered = tuple(replace(low, op_index=low.op_index - length) for low in lowered[length:])
    ends = (*chain.ops[0].reads, chain.output)
    bound = max(aligned(graph.tensors[t].nbytes) for t in ends)
    if rest_lowered:
        bound = max(bound, min_arena_bytes(rest, rest_lowered))
    return SplitNetwork(chain, lower, rest, rest_lowered, bound)


def streamed(graph: Graph, parts: SplitNetwork, bands: Sequence[int]) -> StreamedChain | None:
    """The chain with at most ``bands`` rows in a step, each op lowered for the most that it takes. None if a
    step cannot be written down.
    """
    return _streamed(graph, parts, make_schedule(parts.chain.ops, bands))


def streamed_in_waves(graph: Graph, parts: SplitNetwork, ends: Sequence[int]) -> StreamedChain | None:
    """The same in waves, of which ``ends`` are the ends in rows of the first op's output."""
    key = tuple(ends)
    if key not in parts.in_waves:
        parts.in_waves[key] = _streamed(graph, parts, schedule_of_waves(parts.chain.ops, key))
    return parts.in_waves[key]


def _streamed(graph: Graph, parts: SplitNetwork, schedule: RowSchedule) -> StreamedChain | None:
    if not all(step.fits for step in schedule.steps):
        return None
    heights: list[list[int]] = [[] for _ in parts.chain.ops]
    for turn in schedule.turns:
        if turn.count:
            heights[turn.op].append(turn.count)
    moves = Counter(step.op for step in schedule.steps if step.only_moves)
    lowered = tuple(
        _of_steps(parts.lower(i, max(each)), tuple(each), moves[i]) for i, each in enumerate(heights)
    )
    tensors = tensor_buffers(schedule, {t: row_bytes(graph.tensors[t]) for t in schedule.capacity})
    scratch = [_scratch(schedule, low) for low in lowered if low.scratch_bytes]
    overlaps = takeovers(schedule, tensors, parts.chain.ops, lowered)
    return StreamedChain(schedule, lowered, (*tensors, *scratch), overlaps)


def _of_steps(low: Lowered, heights: tuple[int, ...], moves: int) -> Lowered:
    assert low.row_call is not None
    return replace(low, row_call=replace(low.row_call, heights=heights, moves=moves))


def _scratch(schedule: RowSchedule, low: Lowered) -> RowBuffer:
    assert low.row_call is not None
    return scratch_buffer(schedule, low.op_index, low.scratch_bytes, lasting=low.row_call.lasting)


def laid_out(parts: SplitNetwork, streamed: StreamedChain, enough_bytes: int, tries: int) -> ChainLayout:
    """Both parts, moved to where the tensor between them has one offset."""
    rest, buffers, output = parts.rest, streamed.buffers, parts.chain.output
    if rest is None:
        offsets = lay_out(buffers, streamed.overlaps, None, max(enough_bytes, streamed.bound), tries)
        return ChainLayout(offsets, None, 0, top(buffers, offsets))
    joint = next(i for i, b in enumerate(buffers) if b.name == ("tensor", output))

    def shift(offsets: Sequence[int]) -> int:
        return rest.offsets[output] - offsets[joint]

    def arena_bytes(offsets: Sequence[int]) -> int:
        return max(top(buffers, offsets) + max(0, shift(offsets)), rest.arena_bytes + max(0, -shift(offsets)))

    enough = max(enough_bytes, streamed.bound, rest.arena_bytes)
    found = lay_out(buffers, streamed.overlaps, arena_bytes, enough, tries)
    up = max(0, shift(found))
    return ChainLayout(tuple(o + up for o in found), rest, max(0, -shift(found)), arena_bytes(found))


def within(parts: SplitNetwork, found: StreamedChain | None, arena_bytes: int) -> PlacedChain | None:
    """``found`` with places, if that takes no more than ``arena_bytes``."""
    if found is None or found.bound > arena_bytes:
        return None
    layout = laid_out(parts, found, arena_bytes, _FEW_TRIES)
    return PlacedChain(parts, found, layout) if layout.arena_bytes <= arena_bytes else None


def with_room(found: StreamedChain, arena_bytes: int, cycles: Cycles) -> StreamedChain:
    """``found`` with the fastest blocks for which ``arena_bytes`` could have room, before it has places."""
    return with_blocks(found, fastest_with_room(found, arena_bytes, cycles))


def fastest_with_room(found: StreamedChain, arena_bytes: int, cycles: Cycles) -> tuple[Lowered, ...]:
    """The ops of ``found`` in the fastest blocks for which ``arena_bytes`` could have room."""
    offers = larger_blocks(found, arena_bytes)
    return tuple(min((low, *offers.get(op, ())), key=cycles) for op, low in enumerate(found.lowered))


def larger_blocks(found: StreamedChain, arena_bytes: int) -> dict[int, tuple[Lowered, ...]]:
    """Each op by all larger blocks for which ``arena_bytes`` could have room, the smallest first."""
    free_bytes, offers = arena_bytes - found.live, {}
    for buffer in found.buffers:
        kind, op = buffer.name
        low = found.lowered[op] if kind == "scratch" else None
        if low is not None and low.blocks is not None:
            room = int(free_bytes[buffer.high > buffer.low].min()) + low.scratch_bytes
            offers[op] = tuple(each for each in found.larger[op] if each.scratch_bytes <= room)
    return offers


def with_blocks(found: StreamedChain, lowered: tuple[Lowered, ...]) -> StreamedChain:
    """``found`` with ops in other blocks."""
    changed = {op for op, low in enumerate(lowered) if low is not found.lowered[op]}
    buffers = (
        _scratch(found.schedule, lowered[b.name[1]]) if b.name[0] == "scratch" and b.name[1] in changed else b
        for b in found.buffers
    )
    return replace(found, lowered=lowered, buffers=tuple(buffers))


def in_larger_blocks(placed: PlacedChain, limit_bytes: int, cycles: Cycles | None) -> PlacedChain:
    """The largest blocks for which the layout, or the limit, has room while an op runs; with ``cycles`` the
    fastest.
    """
    streamed, layout = placed.streamed, placed.layout
    limit_bytes = max(limit_bytes, layout.arena_bytes)
    buffers, places, lowered = list(streamed.buffers), list(layout.offsets), list(streamed.lowered)
    for k, buffer in enumerate(streamed.buffers):
        kind, op = buffer.name
        if kind != "scratch" or lowered[op].blocks is None:
            continue
        first, end = free_gap(buffers, places, k, limit_bytes)
        larger = _in_steps(lowered[op], end - first, cycles)
        if larger.scratch_bytes != lowered[op].scratch_bytes:
            lowered[op], places[k] = larger, first
            buffers[k] = _scratch(streamed.schedule, lowered[op])
    done = tuple(replace(low, blocks=None) for low in lowered)
    arena_bytes = max(layout.arena_bytes, top(buffers, places))
    return replace(
        placed,
        streamed=replace(streamed, lowered=done, buffers=tuple(buffers)),
        layout=replace(layout, offsets=tuple(places), arena_bytes=arena_bytes),
    )


def _in_steps(low: Lowered, free_bytes: int, cycles: Cycles | None) -> Lowered:
    if cycles is None:
        return with_members_of(by_blocks(low, free_bytes))
    return min((low, *map(with_members_of, step_sizes(low, free_bytes))), key=cycles)
