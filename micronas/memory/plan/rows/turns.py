"""The order in which the ops of a chain run row by row.

By demand, the last op asks for its rows, and every op first asks for the rows that its windows still lack
(depth first). In waves, the first op makes some rows, and every later op, in turn, all that these suffice
for. Nothing is computed twice.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from micronas.codegen.lowering.row_window import RowOp


@dataclass(frozen=True)
class RowTurn:
    """An op produces ``count`` rows of its output from ``first`` on, or gathers as many of its input.

    With a ``count`` of 0 the rows of its output that are still needed move to the front of their buffer.
    """

    op: int
    first: int
    count: int


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


def turns_of_waves(ops: Sequence[RowOp], ends: Sequence[int]) -> tuple[RowTurn, ...]:
    """In waves that go until ``ends``, rows of the first op's output."""
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
