"""The plan of a network whose first ops run row by row, in less memory than any plan op by op has found."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.row_window import row_bytes
from micronas.codegen.lowering.rows import lower_rows, with_members_of
from micronas.memory.plan import Plan, min_arena_bytes, plan_memory
from micronas.memory.plan.free_scratch import Cycles
from micronas.memory.plan.rows import RowChain, chains
from micronas.memory.plan.rows.join import ChainLayout, RowPlan, join
from micronas.memory.plan.rows.layout import (
    RowBuffer,
    free_gap,
    lay_out,
    live_bytes,
    scratch_buffer,
    tensor_buffers,
    top,
)
from micronas.memory.plan.rows.schedule import RowSchedule, make_schedule
from micronas.memory.plan.values import TENSOR_ALIGNMENT, aligned
from micronas.model.graph import Graph

_MOST_CHAINS = 4
"""Chains that are laid out: those of the lowest bounds."""

_TRIES, _FEW_TRIES = 300, 60
"""First fits in changed orders: for the lowest arena, and for more rows at a time within it."""

_MOST_ROWS = 8

Lower: TypeAlias = Callable[[int, int], Lowered]
"""The op with this index, in steps of this number of rows."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """A chain, and the ops after it as a graph of their own, with its plan (None if there are none).

    ``bound`` is a lower bound of the arena, however the chain runs.
    """

    chain: RowChain
    lower: Lower
    rest_graph: Graph
    rest_lowered: tuple[Lowered, ...]
    bound: int

    @functools.cached_property
    def rest(self) -> Plan | None:
        """The plan of the ops after the chain."""
        return plan_memory(self.rest_graph, self.rest_lowered) if self.rest_lowered else None


@dataclass(frozen=True, eq=False)
class _Streamed:
    """A chain in steps of certain rows, before its buffers have places."""

    schedule: RowSchedule
    lowered: tuple[Lowered, ...]
    buffers: tuple[RowBuffer, ...]

    @property
    def bound(self) -> int:
        return int(live_bytes(self.buffers).max())


def plan_by_rows(
    graph: Graph,
    lowered: Sequence[Lowered],
    target: Target,
    below_bytes: int,
    *,
    enough_bytes: int = 0,
    limit_bytes: int = 0,
    quick: bool = False,
    cycles: Cycles | None = None,
) -> RowPlan | None:
    """The lowest plan found with a chain by rows, if its arena takes less than ``below_bytes``.

    The first one found that takes at most ``enough_bytes`` ends the search. In the arena found, which may
    grow to ``limit_bytes``, ops take as many rows at a time, and as large blocks, as it has room for;
    ``quick``: one row at a time. With ``cycles`` blocks are used only where they are faster.
    """
    best: tuple[_Parts, _Streamed, ChainLayout] | None = None
    for parts in _most_promising(graph, lowered, target, below_bytes):
        streamed = _streamed(graph, parts, [1] * len(parts.chain.ops))
        if streamed is None or streamed.bound >= below_bytes or parts.bound >= below_bytes:
            continue
        layout = _laid_out(parts, streamed, enough_bytes, _TRIES)
        if layout.arena_bytes < below_bytes:
            best, below_bytes = (parts, streamed, layout), layout.arena_bytes
        if best is not None and below_bytes <= enough_bytes:
            break
    if best is None:
        return None
    parts, streamed, layout = best
    limit_bytes -= limit_bytes % TENSOR_ALIGNMENT
    if not quick:
        streamed, layout = _in_larger_steps(graph, parts, streamed, layout, limit_bytes)
    streamed, layout = _in_larger_blocks(streamed, layout, limit_bytes, cycles)
    found = join(
        parts.chain, streamed.schedule, streamed.buffers, streamed.lowered, layout, parts.rest_lowered
    )
    grown = replace(found.plan, grown_bytes=layout.arena_bytes - below_bytes)
    return replace(found, plan=grown)


def _most_promising(
    graph: Graph, lowered: Sequence[Lowered], target: Target, below_bytes: int
) -> list[_Parts]:
    """By their bounds; of equal ones, the chain with fewer ops."""

    @functools.cache
    def lower(index: int, rows: int) -> Lowered:
        return lower_rows(graph, index, longest.ops[index], rows, target)

    found = chains(graph)
    if not found:
        return []
    longest = found[-1]
    parts = [_parts(graph, lowered, chain, lower) for chain in found]
    below = sorted((p for p in parts if p.bound < below_bytes), key=lambda p: p.bound)
    return below[:_MOST_CHAINS]


def _parts(graph: Graph, lowered: Sequence[Lowered], chain: RowChain, lower: Lower) -> _Parts:
    length = len(chain.ops)
    rest = replace(graph, ops=graph.ops[length:], inputs=(chain.output,))
    rest_lowered = tuple(replace(low, op_index=low.op_index - length) for low in lowered[length:])
    ends = (chain.ops[0].reads[0], chain.output)
    bound = max(aligned(graph.tensors[t].nbytes) for t in ends)
    if rest_lowered:
        bound = max(bound, min_arena_bytes(rest, rest_lowered))
    return _Parts(chain, lower, rest, rest_lowered, bound)


def _streamed(graph: Graph, parts: _Parts, bands: Sequence[int]) -> _Streamed | None:
    """The chain with at most ``bands`` rows in a step, each op lowered for the most that it takes. None if a
    step cannot be written down.
    """
    schedule = make_schedule(parts.chain.ops, bands)
    if not all(step.fits for step in schedule.steps):
        return None
    rows, steps = [0] * len(bands), [0] * len(bands)
    for turn in schedule.turns:
        rows[turn.op], steps[turn.op] = max(rows[turn.op], turn.count), steps[turn.op] + 1
    lowered = tuple(_of_steps(parts.lower(i, rows[i]), steps[i]) for i in range(len(bands)))
    tensors = tensor_buffers(schedule, {t: row_bytes(graph.tensors[t]) for t in schedule.capacity})
    scratch = [_scratch(schedule, low) for low in lowered if low.scratch_bytes]
    return _Streamed(schedule, lowered, (*tensors, *scratch))


def _of_steps(low: Lowered, steps: int) -> Lowered:
    assert low.row_call is not None
    return replace(low, row_call=replace(low.row_call, steps=steps))


def _scratch(schedule: RowSchedule, low: Lowered) -> RowBuffer:
    assert low.row_call is not None
    return scratch_buffer(schedule, low.op_index, low.scratch_bytes, lasting=low.row_call.lasting)


def _laid_out(parts: _Parts, streamed: _Streamed, enough_bytes: int, tries: int) -> ChainLayout:
    """Both parts, moved to where the tensor between them has one offset."""
    rest, buffers, output = parts.rest, streamed.buffers, parts.chain.output
    if rest is None:
        offsets = lay_out(buffers, None, max(enough_bytes, streamed.bound), tries)
        return ChainLayout(offsets, None, 0, top(buffers, offsets))
    joint = next(i for i, b in enumerate(buffers) if b.name == ("tensor", output))

    def shift(offsets: Sequence[int]) -> int:
        return rest.offsets[output] - offsets[joint]

    def arena_bytes(offsets: Sequence[int]) -> int:
        return max(top(buffers, offsets) + max(0, shift(offsets)), rest.arena_bytes + max(0, -shift(offsets)))

    enough = max(enough_bytes, streamed.bound, rest.arena_bytes)
    found = lay_out(buffers, arena_bytes, enough, tries)
    up = max(0, shift(found))
    return ChainLayout(tuple(o + up for o in found), rest, max(0, -shift(found)), arena_bytes(found))


def _in_larger_steps(
    graph: Graph, parts: _Parts, streamed: _Streamed, layout: ChainLayout, limit_bytes: int
) -> tuple[_Streamed, ChainLayout]:
    """More rows in a step, op by op, as long as the arena stays within the limit, or as it is."""
    bands, rows = [1] * len(parts.chain.ops), 2
    limit_bytes = max(limit_bytes, layout.arena_bytes)
    growing = set(range(len(bands)))
    while growing and rows <= _MOST_ROWS:
        for i in sorted(growing, reverse=True):  # an op makes no more rows than the next one asks for
            wanted = [*bands[:i], min(rows, parts.chain.ops[i].turns), *bands[i + 1 :]]
            larger = _streamed(graph, parts, wanted) if wanted != bands else None
            found = _within(parts, larger, limit_bytes)
            if larger is None or found is None or len(larger.schedule.steps) == len(streamed.schedule.steps):
                growing.discard(i)
            else:
                arena_bytes = max(found.arena_bytes, layout.arena_bytes)
                bands, streamed, layout = wanted, larger, replace(found, arena_bytes=arena_bytes)
        rows *= 2
    return streamed, layout


def _within(parts: _Parts, streamed: _Streamed | None, arena_bytes: int) -> ChainLayout | None:
    if streamed is None or streamed.bound > arena_bytes:
        return None
    found = _laid_out(parts, streamed, arena_bytes, _FEW_TRIES)
    return found if found.arena_bytes <= arena_bytes else None


def _in_larger_blocks(
    streamed: _Streamed, layout: ChainLayout, limit_bytes: int, cycles: Cycles | None
) -> tuple[_Streamed, ChainLayout]:
    """The largest blocks for which the layout, or the limit, has room while an op runs."""
    limit_bytes = max(limit_bytes, layout.arena_bytes)
    buffers, places, lowered = list(streamed.buffers), list(layout.offsets), list(streamed.lowered)
    for k, buffer in enumerate(streamed.buffers):
        kind, op = buffer.name
        if kind != "scratch" or lowered[op].blocks is None:
            continue
        first, end = free_gap(buffers, places, k, limit_bytes)
        larger = by_blocks(lowered[op], end - first)
        if larger is not lowered[op] and (cycles is None or cycles(larger) < cycles(lowered[op])):
            lowered[op], places[k] = with_members_of(larger), first
            buffers[k] = _scratch(streamed.schedule, lowered[op])
    done = tuple(replace(low, blocks=None) for low in lowered)
    arena_bytes = max(layout.arena_bytes, top(buffers, places))
    return (
        replace(streamed, lowered=done, buffers=tuple(buffers)),
        replace(layout, offsets=tuple(places), arena_bytes=arena_bytes),
    )
