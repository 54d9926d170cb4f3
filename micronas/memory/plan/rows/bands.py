"""How many rows each op of a chain takes in a step: more are faster, and take more memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered
from micronas.memory.plan.free_scratch import Cycles, use_free_bytes
from micronas.memory.plan.rows.streamed import (
    PlacedChain,
    StreamedChain,
    in_larger_blocks,
    larger_blocks,
    streamed,
    with_blocks,
    with_room,
    within,
)
from micronas.model.graph import Graph

ROWS_MAY_COST = 0.05
"""The share of the cycles that a plan by rows may cost, if it does not have to be the smallest."""

_MOST_ROWS = 8
_MOST_WORK = 30_000_000
"""Of all chains with more rows in a step: pairs of buffers, times steps."""

_MORE = (1, 2)
_HALVINGS = 4

_Rows: TypeAlias = tuple[int, ...]
"""The most rows in a step of ops of each height."""


def larger_bands(graph: Graph, lowest: PlacedChain, limit_bytes: int) -> PlacedChain:
    """More rows in a step, op by op, as long as the arena stays within the limit, or as it is."""
    parts, best = lowest.parts, lowest
    bands, rows = [1] * len(parts.chain.ops), 2
    limit_bytes = max(limit_bytes, lowest.arena_bytes)
    growing, work_left = set(range(len(bands))), _MOST_WORK
    while growing and rows <= _MOST_ROWS:
        for i in sorted(growing, reverse=True):  # an op makes no more rows than the next one asks for
            wanted = [*bands[:i], min(rows, parts.chain.ops[i].turns), *bands[i + 1 :]]
            larger = streamed(graph, parts, wanted) if wanted != bands else None
            if larger is not None:
                work_left -= len(larger.buffers) ** 2 * len(larger.schedule.steps)
            if work_left < 0:
                return best
            found = within(parts, larger, limit_bytes)
            if found is None or _steps(found) >= _steps(best):
                growing.discard(i)
            else:
                bands, best = wanted, found
        rows *= 2
    return best


def _steps(placed: PlacedChain) -> int:
    return len(placed.streamed.schedule.steps)


def smallest_fast_plan(
    graph: Graph, lowest: PlacedChain, below_bytes: int, cycles: Cycles, most_cycles: float
) -> PlacedChain | None:
    """In the smallest arena below ``below_bytes`` that is found to let all ops take at most ``most_cycles``;
    None if none is found. ``lowest`` is the chain row by row.
    """
    search = _Search(graph, lowest, cycles, most_cycles)
    best = search.within(below_bytes - 1)
    low = lowest.arena_bytes
    for _ in range(_HALVINGS):
        if best is None:
            break
        middle = (low + best.arena_bytes) // 2
        found = search.within(middle)
        if found is None:
            low = middle
        else:
            best = found
    return best


class _Search:
    """Climbs from single rows to more. All ops whose images have the same height have one band."""

    def __init__(self, graph: Graph, lowest: PlacedChain, cycles: Cycles, most_cycles: float) -> None:
        self._graph, self._lowest, self._cycles, self._most = graph, lowest, cycles, most_cycles
        self._parts = lowest.parts
        self._heights = tuple(dict.fromkeys(op.turns for op in lowest.parts.chain.ops))
        self._known: dict[_Rows, StreamedChain | None] = {}

    def within(self, limit_bytes: int) -> PlacedChain | None:
        """The first found in at most ``limit_bytes`` that is fast enough."""
        rows: _Rows = (1,) * len(self._heights)
        best, tried = float("inf"), {rows}
        if self._lowest.arena_bytes <= limit_bytes:
            lowest = self._with_blocks(self._lowest, limit_bytes)
            if lowest.cycles <= self._most:
                return lowest
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

    def _hopeful(self, offers: list[_Rows], limit_bytes: int) -> list[tuple[float, StreamedChain, _Rows]]:
        """Rows with the fewest cycles that they could take, were all their blocks to find places."""
        hopes = []
        for rows in offers:
            found = self._streamed(rows)
            if found is not None and found.bound <= limit_bytes:
                roomy = with_room(found, limit_bytes, self._cycles)
                hopes.append((self._total(roomy.lowered, limit_bytes), found, rows))
        return sorted(hopes, key=lambda hope: hope[0])

    def _larger(self, rows: _Rows) -> list[_Rows]:
        """More rows of one height; or of all of them, in proportion to their heights."""
        single = [(*rows[:i], rows[i] + more, *rows[i + 1 :]) for i in range(len(rows)) for more in _MORE]
        of_all = [
            tuple(max(1, many * height // self._heights[0]) for height in self._heights)
            for many in (rows[0] + 1, 2 * rows[0])
        ]
        return list(dict.fromkeys([*single, *of_all]))

    def _placed(self, found: StreamedChain, limit_bytes: int) -> PlacedChain | None:
        """With the largest blocks for which there are places: all at once, or op by op."""
        placed = within(self._parts, with_room(found, limit_bytes, self._cycles), limit_bytes)
        if placed is None:
            placed = within(self._parts, self._op_by_op(found, limit_bytes), limit_bytes)
        return None if placed is None else self._with_blocks(placed, limit_bytes)

    def _with_blocks(self, placed: PlacedChain, limit_bytes: int) -> PlacedChain:
        placed = in_larger_blocks(placed, limit_bytes, self._cycles)
        return replace(placed, cycles=self._total(placed.streamed.lowered, placed.arena_bytes))

    def _op_by_op(self, found: StreamedChain, limit_bytes: int) -> StreamedChain:
        for op, sizes in larger_blocks(found, limit_bytes).items():
            before = self._cycles(found.lowered[op])
            fastest = min(sizes, key=self._cycles, default=found.lowered[op])
            for larger in (fastest, *sizes[:1]):
                wanted = with_blocks(found, op, larger)
                if self._cycles(larger) < before and within(self._parts, wanted, limit_bytes):
                    found = wanted
                    break
        return found

    def _streamed(self, rows: _Rows) -> StreamedChain | None:
        if rows not in self._known:
            band = dict(zip(self._heights, rows, strict=True))
            bands = [min(band[op.turns], op.turns) for op in self._parts.chain.ops]
            self._known[rows] = streamed(self._graph, self._parts, bands)
        return self._known[rows]

    def _total(self, lowered: Sequence[Lowered], arena_bytes: int) -> float:
        """Cycles of the whole network."""
        later, rest = self._parts.rest_lowered, self._parts.rest
        if rest is not None:
            later, _ = use_free_bytes(later, rest, arena_bytes)
        behind = len(self._parts.chain.ops)
        calls = (*lowered, *(replace(low, op_index=low.op_index + behind) for low in later))
        return sum(map(self._cycles, calls))
