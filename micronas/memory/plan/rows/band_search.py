"""A search for rows and blocks of a chain that make all ops fast enough within a limit, by modelled cycles.

On demand, it climbs from single rows to more; in waves, it tries some sizes of them. Its work is counted, not
timed, so that a plan is the same on every machine.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.row_window import RowOp
from micronas.memory.plan.free_scratch import Cycles, use_free_bytes
from micronas.memory.plan.rows.streamed import (
    PlacedChain,
    StreamedChain,
    fastest_with_room,
    in_larger_blocks,
    larger_blocks,
    streamed,
    streamed_in_waves,
    with_blocks,
    with_room,
    within,
)
from micronas.model.graph import Graph

_MOST_SEARCHED = 120_000
"""Of one search: pairs of buffers of its layouts, and what other work counts as such. It takes the best plan
found until then.
"""

_PER_LAYOUT = 100
_PER_OP = 5

_MORE = (1, 2)
_Rows: TypeAlias = tuple[int, ...]
"""The most rows in a step of ops of each height."""

_Hope: TypeAlias = tuple[float, StreamedChain, _Rows]

_MOST_WAVES = 12
"""Waves of different sizes that are laid out for one limit: those that could take the fewest cycles."""

_ROOMS = (16, 15, 14, 0)
"""Sixteenths of a limit from which waves take their blocks."""

_WAVE_ROWS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16)


def ends_of_waves(ops: Sequence[RowOp]) -> list[tuple[int, ...]]:
    """Waves to try, as rows of the first op's output: of one size, with a first one that may be larger.

    In the first wave later ops lose the rows below which their windows lack others.
    """
    turns, lost = ops[0].turns, _rows_lost(ops)
    found: dict[tuple[int, ...], None] = {}
    for rows in (each for each in _WAVE_ROWS if each <= turns):
        for first in (rows, rows + (turns - rows) % rows, rows + lost // 2, rows + lost):
            found[*range(min(first, turns), turns, rows), turns] = None
    return list(found)


def _rows_lost(ops: Sequence[RowOp]) -> int:
    """Rows of the first op's output that the first row of the last one needs, less one."""
    needed = dict.fromkeys((op.writes for op in ops), 1)
    for op in reversed(ops):
        rows = op.rows_for(0, 1 if op.gathers else needed[op.writes])
        for t in op.reads:
            needed[t] = max(needed.get(t, 1), rows.first + rows.count)
    return needed[ops[0].writes] - 1


def remembered(cycles: Cycles) -> Cycles:
    """``cycles``, which are the same for an op in the same steps and blocks."""
    known: dict[tuple[object, ...], float] = {}

    def known_or_new(low: Lowered) -> float:
        heights = None if low.row_call is None else low.row_call.heights
        key = low.op_index, low.kernel, low.scratch_bytes, heights
        if key not in known:
            known[key] = cycles(low)
        return known[key]

    return known_or_new


class BandSearch:
    """Climbs from single rows to more. All ops whose images have the same height have one band.

    ``cycles`` are asked for again and again: those of ``remembered``.
    """

    def __init__(self, graph: Graph, lowest: PlacedChain, cycles: Cycles, most_cycles: float) -> None:
        self._graph, self._lowest, self._most = graph, lowest, most_cycles
        self._cycles = cycles
        self._parts = lowest.parts
        self._heights = tuple(dict.fromkeys(op.turns for op in lowest.parts.chain.ops))
        self._known: dict[_Rows, StreamedChain | None] = {}
        self._work_left = _MOST_SEARCHED

    @property
    def is_over(self) -> bool:
        """Whether it has done all the work that it may; what it has found by then is the answer."""
        return self._work_left <= 0

    def within(self, limit_bytes: int) -> PlacedChain | None:
        """The first found in at most ``limit_bytes`` that is fast enough."""
        rows: _Rows = (1,) * len(self._heights)
        best, tried = float("inf"), {rows}
        if self._lowest.arena_bytes <= limit_bytes:
            lowest = self.with_blocks(self._lowest, limit_bytes)
            if lowest.cycles <= self._most:
                return lowest
        waves = self.in_waves(limit_bytes)
        if waves is not None and waves.cycles <= self._most:
            return waves
        offers = self._hopeful([rows], limit_bytes)
        while offers:
            hoped, found, each = offers.pop(0)
            if hoped >= best:
                break
            placed = self._placed(found, limit_bytes)
            if placed is None or placed.cycles >= best:
                continue
            if placed.cycles <= self._most:
                return placed
            best, rows = placed.cycles, each
            offers = self._hopeful([r for r in self._larger(rows) if r not in tried], limit_bytes)
            tried |= {r for *_, r in offers}
        return None

    def in_waves(self, limit_bytes: int) -> PlacedChain | None:
        """The fastest found in at most ``limit_bytes`` in waves; the first that is fast enough ends it."""
        best: PlacedChain | None = None
        hopes = self._ranked(((each, ()) for each in self._waves), limit_bytes)
        for hoped, found, _ in hopes[:_MOST_WAVES]:
            if best is not None and hoped >= best.cycles:
                break
            placed = self._placed_in_wave(found, limit_bytes)
            if placed is not None and (best is None or placed.cycles < best.cycles):
                best = placed
                if best.cycles <= self._most:
                    break
        return best

    def no_slower(self, placed: PlacedChain) -> PlacedChain:
        """The fastest found in waves in the arena of ``placed``, or ``placed``."""
        self._most = 0.0
        found = self.in_waves(placed.arena_bytes)
        return placed if found is None else min(placed, found, key=lambda each: each.cycles)

    @functools.cached_property
    def _waves(self) -> list[StreamedChain]:
        found = []
        for ends in ends_of_waves(self._parts.chain.ops):
            if not self.is_over:
                found.append(self._counted(streamed_in_waves(self._graph, self._parts, ends)))
        return [each for each in found if each is not None]

    def _counted(self, found: StreamedChain | None) -> StreamedChain | None:
        if found is not None:
            self._work_left -= len(found.schedule.steps) // 4 + _PER_OP * len(found.lowered)
        return found

    def _laid_out(self, found: StreamedChain, limit_bytes: int) -> PlacedChain | None:
        """``found`` with places within the limit; None, too, for all that come after the last of the work."""
        if self.is_over:
            return None
        self._work_left -= len(found.buffers) ** 2 + _PER_LAYOUT
        return within(self._parts, found, limit_bytes)

    def _hopeful(self, offers: list[_Rows], limit_bytes: int) -> list[_Hope]:
        """Rows with the fewest cycles that they could take, were all their blocks to find places."""
        streamed = ((self._streamed(rows), rows) for rows in offers)
        return self._ranked(((found, rows) for found, rows in streamed if found is not None), limit_bytes)

    def _ranked(self, offers: Iterable[tuple[StreamedChain, _Rows]], limit_bytes: int) -> list[_Hope]:
        hopes = []
        for found, rows in offers:
            if found.bound <= limit_bytes and not self.is_over:
                self._work_left -= _PER_OP * len(found.lowered)
                roomy = fastest_with_room(found, limit_bytes, self._cycles)
                hopes.append((self._total(roomy, limit_bytes), found, rows))
        return sorted(hopes, key=lambda hope: hope[0])

    def _larger(self, rows: _Rows) -> list[_Rows]:
        """More rows of one height; or of all of them, in proportion to their heights."""
        single = [(*rows[:i], rows[i] + more, *rows[i + 1 :]) for i in range(len(rows)) for more in _MORE]
        of_all = [
            tuple(max(1, many * height // self._heights[0]) for height in self._heights)
            for many in (rows[0] + 1, 2 * rows[0])
        ]
        return list(dict.fromkeys([*single, *of_all]))

    def with_blocks(self, placed: PlacedChain, limit_bytes: int) -> PlacedChain:
        """``placed`` in its fastest blocks within the limit, with its cycles."""
        placed = in_larger_blocks(placed, limit_bytes, self._cycles)
        return replace(placed, cycles=self._total(placed.streamed.lowered, placed.arena_bytes))

    def _placed(self, found: StreamedChain, limit_bytes: int) -> PlacedChain | None:
        """With the fastest blocks for which there are places: all at once, or op by op."""
        placed = self._laid_out(with_room(found, limit_bytes, self._cycles), limit_bytes)
        if placed is None:
            placed = self._laid_out(self._op_by_op(found, limit_bytes), limit_bytes)
        return None if placed is None else self.with_blocks(placed, limit_bytes)

    def _op_by_op(self, found: StreamedChain, limit_bytes: int) -> StreamedChain:
        for op, sizes in larger_blocks(found, limit_bytes).items():
            before = self._cycles(found.lowered[op])
            fastest = min(sizes, key=self._cycles, default=found.lowered[op])
            for larger in (fastest, *sizes[:1]):
                wanted = with_blocks(found, (*found.lowered[:op], larger, *found.lowered[op + 1 :]))
                if self._cycles(larger) < before and self._laid_out(wanted, limit_bytes):
                    found = wanted
                    break
        return found

    def _placed_in_wave(self, found: StreamedChain, limit_bytes: int) -> PlacedChain | None:
        """With the fastest blocks for which a layout is found, all of them from one share of the limit."""
        by_room = [with_room(found, limit_bytes * room // 16, self._cycles) for room in _ROOMS]
        different = {tuple(low.scratch_bytes for low in each.lowered): each for each in by_room}
        layouts = (self._laid_out(each, limit_bytes) for each in different.values())
        placed = next((each for each in layouts if each is not None), None)
        return None if placed is None else self.with_blocks(placed, limit_bytes)

    def _streamed(self, rows: _Rows) -> StreamedChain | None:
        if rows not in self._known:
            band = dict(zip(self._heights, rows, strict=True))
            bands = [min(band[op.turns], op.turns) for op in self._parts.chain.ops]
            self._known[rows] = self._counted(streamed(self._graph, self._parts, bands))
        return self._known[rows]

    def _total(self, lowered: Sequence[Lowered], arena_bytes: int) -> float:
        """Cycles of the whole network."""
        later, rest = self._parts.rest_lowered, self._parts.rest
        if rest is not None:
            later, _ = use_free_bytes(later, rest, arena_bytes)
        behind = len(self._parts.chain.ops)
        calls = (*lowered, *(replace(low, op_index=low.op_index + behind) for low in later))
        return sum(map(self._cycles, calls))
