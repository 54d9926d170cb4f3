"""Where each row of a chain that runs row by row lies in its buffer, in an order of turns (``turns``).

A buffer holds a row until its last reader has passed it. The rows that are still needed move to the front of
their buffer: by demand where it is full, in waves before each of them.

The first rows of a buffer lie as far behind its start as its reader has rows of padding, so that every window
of a wave starts where the window of the wave before did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from micronas.codegen.lowering.row_window import RowOp
from micronas.codegen.row_step import RowStep
from micronas.memory.plan.rows.turns import RowTurn, order_of_turns, turns_of_waves


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
