"""Where each row of a chain that runs row by row lies in its buffer, in an order of turns (``turns``).

A buffer holds a row until its last reader has passed it. The rows that are still needed move to the front of
their buffer: by demand where it is full, in waves before each of them.

The first rows of a buffer lie as far behind its start as its reader has rows of padding, so that every window
of a wave starts where the window of the wave before did.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering.row_window import RowOp
from micronas.codegen.row_step import RowStep
from micronas.memory.plan.rows.turns import RowTurn, order_of_turns, turns_of_waves

Rows: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HeldRows:
    """Rows of a tensor in its buffer during each step: places from ``low`` up to ``high``, none where these
    are no more. Those from ``after`` on are needed after the step.
    """

    low: Rows
    high: Rows
    after: Rows


@dataclass(frozen=True, eq=False)
class RowSchedule:
    """Steps of a streamed chain. ``capacity`` is rows of each tensor's buffer; ``held`` has the rows of every
    tensor that are in use. Turns that have nothing to move have no step. ``given`` is the tensor that is
    there from the start, None where the application delivers it row by row.
    """

    turns: tuple[RowTurn, ...]
    steps: tuple[RowStep, ...]
    capacity: Mapping[int, int]
    held: Mapping[int, HeldRows]
    given: int | None

    @functools.cached_property
    def runs(self) -> npt.NDArray[np.int64]:
        """The op whose kernel runs in each step, -1 where rows only move."""
        return np.array([-1 if step.only_moves else step.op for step in self.steps], np.int64)


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
    turns = turns_of_waves(ops, ends)
    return _with_places(ops, turns, _capacities(ops, turns))


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
        self._needs = [op.first_rows[0] for op in ops]

    def _padding(self, tensor: int) -> int:
        return max((self._ops[i].pad_top for i in self._readers.get(tensor, ())), default=0)

    def needed_from(self, tensor: int) -> int:
        """The first of the rows made so far that a reader still needs; past the last if none does."""
        if tensor == self.output:
            return 0
        needed = self.made[tensor]
        for i in self._readers[tensor]:
            needed = min(needed, self._needs[i])
        return needed

    def advance(self, turn: RowTurn) -> None:
        """``turn`` has run."""
        op = self._ops[turn.op]
        self._turns[turn.op] += turn.count
        self._needs[turn.op] = op.first_rows[self._turns[turn.op]]
        if not op.gathers:
            self.made[op.writes] += turn.count
        elif self._turns[turn.op] == op.turns:
            self.made[op.writes] = 1

    def at_rest(self, tensor: int) -> _Held:
        """Places of rows that a step without ``tensor`` finds in its buffer, and leaves there."""
        front, needed = self.front[tensor], self.needed_from(tensor)
        return _Held(needed - front, self.made[tensor] - front, needed - front)

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
    steps: list[RowStep] = []
    records = {t: _Record(progress.at_rest(t)) for t in capacity}
    for turn in turns:
        op, written, drop = ops[turn.op], ops[turn.op].writes, 0
        if turn.count == 0 or progress.end_after(turn) > capacity[written]:
            drop = progress.drop(written)
        y = progress.made[written] - progress.front[written]
        if turn.count == 0 and not (drop and y):
            records[written].rest(len(steps), progress.at_rest(written))
            continue
        touched = (*op.reads, written)
        low = [progress.needed_from(t) - progress.front[t] for t in touched]
        places = [progress.front[t] for t in op.reads]
        out_rows = progress.out_rows(turn)
        progress.advance(turn)
        reach = max(y + out_rows, y + drop if y else 0)
        for t, first in zip(touched, low, strict=True):
            rest = progress.at_rest(t)
            end = max(rest.high, reach) if t == written else rest.high
            records[t].step(len(steps), _Held(first, end, rest.after), rest)
        steps.append(_step(op, turn, out_rows, drop if y else 0, y, places))
    held = {t: record.rows(len(steps)) for t, record in records.items()}
    return RowSchedule(tuple(turns), tuple(steps), dict(capacity), held, next(iter(ops[0].reads), None))


class _Held(NamedTuple):
    """Places of rows of one tensor during one step: see ``HeldRows``."""

    low: int
    high: int
    after: int


class _Record:
    """What is held of one tensor, step by step: it changes only in steps of ops that write or read it."""

    def __init__(self, rest: _Held) -> None:
        self._rest, self._until = rest, 0
        self._held: list[_Held] = []
        self._counts: list[int] = []

    def step(self, k: int, held: _Held, rest: _Held) -> None:
        """``held`` during step ``k``, ``rest`` from then on."""
        self.rest(k, rest)
        if self._until > k:  # an op that reads a tensor twice
            self._held.pop()
            self._counts.pop()
        self._held.append(held)
        self._counts.append(1)
        self._until = k + 1

    def rest(self, k: int, rest: _Held) -> None:
        """``rest`` from step ``k`` on."""
        if k > self._until:
            self._held.append(self._rest)
            self._counts.append(k - self._until)
            self._until = k
        self._rest = rest

    def rows(self, steps: int) -> HeldRows:
        """All of it, of ``steps`` steps."""
        self.rest(steps, self._rest)
        columns = np.array(self._held, np.int64).reshape(-1, 3)
        return HeldRows(*np.repeat(columns, self._counts, axis=0).T)


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
