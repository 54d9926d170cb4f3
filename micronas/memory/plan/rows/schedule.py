"""The order in which a chain of ops runs row by row, and where each row lies in its buffer.

The last op asks for its rows; every op first asks for the rows that its windows still lack (depth first).
Nothing is computed twice: a buffer holds a row until its last reader has passed it. A buffer that is full
moves the rows that are still needed to its front.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from micronas.codegen.lowering.row_window import RowOp
from micronas.codegen.row_step import RowStep


@dataclass(frozen=True)
class RowTurn:
    """An op produces ``count`` rows of its output from ``first`` on, or gathers as many of its input."""

    op: int
    first: int
    count: int


@dataclass(frozen=True)
class HeldRows:
    """Rows of a tensor in its buffer during one step: places from ``low`` up to ``high``."""

    low: int
    high: int


@dataclass(frozen=True)
class RowSchedule:
    """Steps of a streamed chain. ``capacity`` is rows of each tensor's buffer; ``held`` has for each step the
    rows of every tensor that are in use.
    """

    turns: tuple[RowTurn, ...]
    steps: tuple[RowStep, ...]
    capacity: Mapping[int, int]
    held: tuple[Mapping[int, HeldRows], ...]


def make_schedule(ops: Sequence[RowOp], bands: Sequence[int]) -> RowSchedule:
    """The schedule of ``ops``, in an order in which they could run, of at most ``bands`` rows in a turn.

    The first op's input is there from the start; the last op's output stays, whole.
    """
    turns = order_of_turns(ops, bands)
    return _with_places(ops, turns, _capacities(ops, turns))


def order_of_turns(ops: Sequence[RowOp], bands: Sequence[int]) -> tuple[RowTurn, ...]:
    """Depth first, from the last op's demand."""
    maker = {op.writes: i for i, op in enumerate(ops)}
    ends = _ends_of_turns(ops, bands, maker)
    done = [0] * len(ops)
    turns: list[RowTurn] = []
    asked = [(len(ops) - 1, ops[-1].turns)]
    while asked:
        i, until = asked[-1]
        if done[i] >= until:
            asked.pop()
            continue
        turn = RowTurn(i, done[i], ends[i][bisect.bisect_right(ends[i], done[i])] - done[i])
        missing = _missing(ops[i], turn, maker, done)
        if missing is not None:
            asked.append(missing)
        else:
            turns.append(turn)
            done[i] += turn.count
    return tuple(turns)


def _ends_of_turns(
    ops: Sequence[RowOp], bands: Sequence[int], maker: Mapping[int, int]
) -> tuple[tuple[int, ...], ...]:
    """Where the turns of each op end: with the most rows that those of the op before have made possible, up
    to its band. An op so takes few turns of fewer rows, which cost as much as larger ones.
    """
    found: list[tuple[int, ...]] = []
    for op, band in zip(ops, bands, strict=True):
        before = max((maker[t] for t in op.reads if t in maker), default=None)
        possible = range(op.turns + 1) if before is None else [op.turns_with(end) for end in found[before]]
        if before is not None and ops[before].gathers:
            possible = [op.turns]
        ends = [0]
        while ends[-1] < op.turns:
            most = ends[-1] + band
            ends.append(max((end for end in possible if ends[-1] < end <= most), default=min(most, op.turns)))
        found.append(tuple(ends))
    return tuple(found)


def _missing(
    op: RowOp, turn: RowTurn, maker: Mapping[int, int], done: Sequence[int]
) -> tuple[int, int] | None:
    """An op that must run before ``turn`` can, and until which row."""
    rows = op.rows_for(turn.first, turn.count)
    until = rows.first + rows.count
    return next(((maker[t], until) for t in op.reads if t in maker and done[maker[t]] < until), None)


class _Progress:
    """Rows made and still needed of every tensor, turn by turn."""

    def __init__(self, ops: Sequence[RowOp]) -> None:
        self._ops = ops
        self._turns = [0] * len(ops)
        self._readers: dict[int, list[int]] = {}
        for i, op in enumerate(ops):
            for t in op.reads:
                self._readers.setdefault(t, []).append(i)
        self.made = {op.writes: 0 for op in ops}
        self.output = ops[-1].writes
        for op in ops:
            for t in op.reads:
                self.made.setdefault(t, op.in_h)
        self._needs = [self._first_needed(i) for i in range(len(ops))]

    def needed_from(self, tensor: int) -> int:
        """The first of the rows made so far that a reader still needs; past the last if none does."""
        if tensor == self.output:
            return 0
        return min(self.made[tensor], *(self._needs[i] for i in self._readers[tensor]))

    def _first_needed(self, i: int) -> int:
        op, turn = self._ops[i], self._turns[i]
        return op.in_h if turn == op.turns else op.rows_for(turn, 1).first

    def advance(self, turn: RowTurn) -> None:
        """``turn`` has run."""
        op = self._ops[turn.op]
        self._turns[turn.op] += turn.count
        self._needs[turn.op] = self._first_needed(turn.op)
        if not op.gathers:
            self.made[op.writes] += turn.count
        elif self._turns[turn.op] == op.turns:
            self.made[op.writes] = 1

    def out_rows(self, turn: RowTurn) -> int:
        """Rows of output that ``turn`` writes."""
        op = self._ops[turn.op]
        if op.gathers:
            return int(turn.first + turn.count == op.turns)
        return turn.count


def _capacities(ops: Sequence[RowOp], turns: Sequence[RowTurn]) -> dict[int, int]:
    """The most rows of each tensor that are held or being written at once; all of input and output."""
    progress = _Progress(ops)
    capacity = dict(progress.made)
    for turn in turns:
        written = ops[turn.op].writes
        rows = progress.made[written] + progress.out_rows(turn) - progress.needed_from(written)
        capacity[written] = max(capacity[written], rows)
        progress.advance(turn)
    capacity[ops[-1].writes] = ops[-1].out_h
    return capacity


def _with_places(ops: Sequence[RowOp], turns: Sequence[RowTurn], capacity: Mapping[int, int]) -> RowSchedule:
    progress = _Progress(ops)
    front = dict.fromkeys(capacity, 0)  # the row at the start of each buffer
    steps, held = [], []
    for turn in turns:
        op, written = ops[turn.op], ops[turn.op].writes
        out_rows, drop = progress.out_rows(turn), 0
        if progress.made[written] + out_rows - front[written] > capacity[written]:
            drop = progress.needed_from(written) - front[written]
            front[written] += drop
        rows = op.rows_for(turn.first, turn.count)
        low = {t: progress.needed_from(t) for t in capacity}
        places = [rows.first - front[t] for t in op.reads]
        y = progress.made[written] - front[written]
        progress.advance(turn)
        second = places[1] if len(places) > 1 else int(op.gathers and turn.first == 0)
        steps.append(
            RowStep(turn.op, out_rows, rows.count, rows.above, drop, second, places[0], y if out_rows else 0)
        )
        reach = max(y + out_rows, y + drop if y else 0)
        held.append(_held(progress, front, low, {written: reach}))
    return RowSchedule(tuple(turns), tuple(steps), dict(capacity), tuple(held))


def _held(
    progress: _Progress, front: Mapping[int, int], low: Mapping[int, int], reach: Mapping[int, int]
) -> dict[int, HeldRows]:
    """What is in use during a step: from the first row that it still needs to the last that it made."""
    held = {}
    for t, start in front.items():
        first, end = low[t] - start, max(progress.made[t] - start, reach.get(t, 0))
        if end > first:
            held[t] = HeldRows(first, end)
    return held
