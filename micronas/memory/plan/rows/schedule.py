"""The order in which a chain of ops runs row by row, and where each row lies in its buffer.

By demand, the last op asks for its rows, and every op first asks for the rows that its windows still lack
(depth first). In waves, the first op makes some rows, and every later op, in turn, all that these suffice
for. Nothing is computed twice: a buffer holds a row until its last reader has passed it. The rows that are
still needed move to the front of their buffer: by demand where it is full, in waves before each of them.

The first rows of a buffer lie as far behind its start as its reader has rows of padding, so that every window
of a wave starts where the window of the wave before did.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from micronas.codegen.lowering.row_window import RowOp
from micronas.codegen.row_step import RowStep


@dataclass(frozen=True)
class RowTurn:
    """An op produces ``count`` rows of its output from ``first`` on, or gathers as many of its input.

    With a ``count`` of 0 the rows of its output that are still needed move to the front of their buffer.
    """

    op: int
    first: int
    count: int


@dataclass(frozen=True)
class HeldRows:
    """Rows of a tensor in its buffer during one step: places from ``low`` up to ``high``. Those from
    ``after`` on are needed after the step.
    """

    low: int
    high: int
    after: int


@dataclass(frozen=True)
class RowSchedule:
    """Steps of a streamed chain. ``capacity`` is rows of each tensor's buffer; ``held`` has for each step the
    rows of every tensor that are in use. Turns that have nothing to move have no step. ``given`` is the
    tensor that is there from the start, None where the application delivers it row by row.
    """

    turns: tuple[RowTurn, ...]
    steps: tuple[RowStep, ...]
    capacity: Mapping[int, int]
    held: tuple[Mapping[int, HeldRows], ...]
    given: int | None


def make_schedule(ops: Sequence[RowOp], bands: Sequence[int]) -> RowSchedule:
    """The schedule of ``ops``, in an order in which they could run, of at most ``bands`` rows in a turn.

    The first op's input is there from the start; the last op's output stays, whole.
    """
    turns = order_of_turns(ops, bands)
    return _with_places(ops, turns, _capacities(ops, turns))


def schedule_of_waves(ops: Sequence[RowOp], ends: Sequence[int]) -> RowSchedule:
    """The schedule of ``ops`` in waves: ``ends`` are the rows of the first op's output until which they go,
    the last of them all rows.
    """
    turns = _waves(ops, ends)
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
    if not ops[0].reads:  # the application delivers all rows, also those that no window reaches
        turns += _in_turns(0, done[0], ops[0].turns, bands[0])
    return tuple(turns)


def _waves(ops: Sequence[RowOp], ends: Sequence[int]) -> tuple[RowTurn, ...]:
    maker = {op.writes: i for i, op in enumerate(ops)}
    done, largest = [0] * len(ops), [op.turns for op in ops]
    turns: list[RowTurn] = []
    for end in ends:
        turns += [RowTurn(i, done[i], 0) for i in reversed(range(len(ops))) if done[i] and not ops[i].gathers]
        if end == ends[-1] and len(ends) > 1:
            largest = [
                max((turn.count for turn in turns if turn.op == i), default=op.turns)
                for i, op in enumerate(ops)
            ]
        for i, op in enumerate(ops):
            makers = [maker[t] for t in op.reads if t in maker]
            until = min((op.turns_with(done[k]) for k in makers), default=-(-op.turns * end // ops[0].turns))
            turns += _in_turns(i, done[i], until, largest[i])
            done[i] = until
    return tuple(turns)


def _in_turns(op: int, first: int, until: int, largest: int) -> list[RowTurn]:
    """In the last wave later ops make up for what they lost in the first: in turns as large as before."""
    parts = max(1, (until - first) // max(1, largest))
    ends = [first + (until - first) * k // parts for k in range(parts + 1)]
    return [RowTurn(op, start, end - start) for start, end in pairwise(ends) if end > start]


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
    """Rows made and still needed of every tensor, turn by turn, and ``front``, the row at the start of each
    buffer.
    """

    def __init__(self, ops: Sequence[RowOp]) -> None:
        self._ops = ops
        self._turns = [0] * len(ops)
        self._readers: dict[int, list[int]] = {}
        for i, op in enumerate(ops):
            for t in op.reads:
                self._readers.setdefault(t, []).append(i)
        self.made = {op.writes: 0 for op in ops}
        self.output = ops[-1].writes
        self.front = {t: -self._padding(t) for t in self.made}
        for op in ops:
            for t in op.reads:
                self.made.setdefault(t, op.in_h)
                self.front.setdefault(t, 0)
        self._needs = [self._first_needed(i) for i in range(len(ops))]

    def _padding(self, tensor: int) -> int:
        return max((self._ops[i].pad_top for i in self._readers.get(tensor, ())), default=0)

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

    def drop(self, tensor: int) -> int:
        """Rows at the front that are no longer needed, or were padding: they are given up."""
        dropped = max(0, self.needed_from(tensor) - self.front[tensor])
        self.front[tensor] += dropped
        return dropped

    def end_after(self, turn: RowTurn) -> int:
        """Place behind the last row that ``turn`` writes, or that its output has."""
        written = self._ops[turn.op].writes
        return self.made[written] + self.out_rows(turn) - self.front[written]

    def out_rows(self, turn: RowTurn) -> int:
        """Rows of output that ``turn`` writes."""
        op = self._ops[turn.op]
        if op.gathers:
            return int(turn.count > 0 and turn.first + turn.count == op.turns)
        return turn.count


def _capacities(ops: Sequence[RowOp], turns: Sequence[RowTurn]) -> dict[int, int]:
    """The most rows of each tensor that are held or being written at once, counted from its front where rows
    move in turns of their own; all of input and output.
    """
    progress, in_waves = _Progress(ops), any(turn.count == 0 for turn in turns)
    capacity = {t: max(1, made) for t, made in progress.made.items()}
    for turn in turns:
        written = ops[turn.op].writes
        if turn.count == 0 or not in_waves:
            progress.drop(written)
        capacity[written] = max(capacity[written], progress.end_after(turn))
        progress.advance(turn)
    capacity[ops[-1].writes] = ops[-1].out_h
    return capacity


def _with_places(ops: Sequence[RowOp], turns: Sequence[RowTurn], capacity: Mapping[int, int]) -> RowSchedule:
    progress = _Progress(ops)
    steps, held = [], []
    for turn in turns:
        op, written, drop = ops[turn.op], ops[turn.op].writes, 0
        if turn.count == 0 or progress.end_after(turn) > capacity[written]:
            drop = progress.drop(written)
        y = progress.made[written] - progress.front[written]
        if turn.count == 0 and not (drop and y):
            continue
        low = {t: progress.needed_from(t) for t in capacity}
        places = [progress.front[t] for t in op.reads]
        out_rows = progress.out_rows(turn)
        progress.advance(turn)
        steps.append(_step(op, turn, out_rows, drop if y else 0, y, places))
        reach = max(y + out_rows, y + drop if y else 0)
        held.append(_held(progress, low, {written: reach}))
    return RowSchedule(
        tuple(turns), tuple(steps), dict(capacity), tuple(held), next(iter(ops[0].reads), None)
    )


def _step(op: RowOp, turn: RowTurn, out_rows: int, drop: int, y: int, fronts: Sequence[int]) -> RowStep:
    if turn.count == 0:
        return RowStep(turn.op, 0, 0, 0, drop, 0, 0, y)
    if not op.reads:
        return RowStep(turn.op, out_rows, 0, 0, drop, 0, 0, y)
    rows = op.rows_for(turn.first, turn.count)
    places = [rows.first - front for front in fronts]
    second = places[1] if len(places) > 1 else int(op.gathers and turn.first == 0)
    y = y if out_rows else 0
    return RowStep(turn.op, out_rows, rows.count, rows.above, drop, second, places[0], y)


def _held(progress: _Progress, low: Mapping[int, int], reach: Mapping[int, int]) -> dict[int, HeldRows]:
    """What is in use during a step: from the first row that it still needs to the last that it made."""
    held = {}
    for t, start in progress.front.items():
        first, end = low[t] - start, max(progress.made[t] - start, reach.get(t, 0))
        if end > first:
            held[t] = HeldRows(first, end, progress.needed_from(t) - start)
    return held
