"""Places of a streamed chain's buffers: what lies in memory changes from step to step.

The input shrinks from its start, as its rows are consumed; the output grows. Buffers may therefore lie where
input was, or where output will be, and an output may take over the rows that its step reads last. Of every
pair of buffers, the distances are computed that keep the bytes in use apart at every step (``rivals``); a
first fit in several orders then places them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.row_window import RowOp
from micronas.memory.plan.rows.rivals import (
    FREE,
    RowBuffer,
    RowRival,
    Takeover,
    find_rivals,
    first_fit,
)
from micronas.memory.plan.rows.schedule import RowSchedule
from micronas.memory.plan.values import aligned

_MOST_COMPARED = 2_000_000
"""Pairs of buffers that first fits in changed orders compare, in all."""

_ROUNDS = 12
"""First fits with one order, each with what sticks out of the last one placed earlier."""


def tensor_buffers(schedule: RowSchedule, row_bytes: Mapping[int, int]) -> tuple[RowBuffer, ...]:
    """A buffer for each tensor of the chain."""
    buffers = []
    for t, rows in schedule.capacity.items():
        held, nbytes = schedule.held[t], row_bytes[t]
        used = held.high > held.low
        low, high = np.where(used, held.low * nbytes, -FREE), np.where(used, held.high * nbytes, FREE)
        after = np.where(used, held.after * nbytes, 0)
        given = t == schedule.given
        buffers.append(RowBuffer(("tensor", t), aligned(rows * nbytes), low, high, after, given))
    return tuple(buffers)


def scratch_buffer(schedule: RowSchedule, op: int, size: int, *, lasting: bool) -> RowBuffer:
    """Scratch of one op, in use while it runs; ``lasting``: from its first step to its last."""
    steps = schedule.runs == op
    if lasting:
        first, last = np.flatnonzero(steps)[[0, -1]]
        steps[first : last + 1] = True
    low, high = np.where(steps, 0, -FREE), np.where(steps, size, FREE)
    return RowBuffer(("scratch", op), aligned(size), low, high, high)


def takeovers(
    schedule: RowSchedule, buffers: Sequence[RowBuffer], ops: Sequence[RowOp], lowered: Sequence[Lowered]
) -> tuple[Takeover, ...]:
    """Where the kernel of each op lets its output lie on rows that it reads last."""
    number = {b.name[1]: i for i, b in enumerate(buffers) if b.name[0] == "tensor"}
    found = []
    for i, (op, low) in enumerate(zip(ops, lowered, strict=True)):
        call, alone = low.row_call, len(op.reads) == 1
        assert call is not None
        if op.gathers or len(set(op.reads)) != len(op.reads):
            continue
        for position, t in enumerate(op.reads):
            lead, lag = (low.lead_bytes, low.lag_bytes) if alone else (None, None)
            overlap = position in low.in_place, lead, lag
            if overlap == (False, None, None):
                continue
            at = np.flatnonzero(schedule.runs == i)
            of_op = [schedule.steps[k] for k in at.tolist()]
            places = [(s.x if position == 0 else s.second) - s.pad_top for s in of_op]
            read = np.array(places, np.int64) * call.x_bytes
            written = np.array([s.y for s in of_op], np.int64) * call.y_bytes
            found.append(Takeover(number[t], number[op.writes], at, read, written, *overlap))
    return tuple(found)


Cost: TypeAlias = Callable[[Sequence[int]], int]
_Order: TypeAlias = list[int]


def lay_out(
    buffers: Sequence[RowBuffer],
    overlaps: Sequence[Takeover] = (),
    cost: Cost | None = None,
    enough: int = 0,
    tries: int = 0,
) -> tuple[int, ...]:
    """Offsets of ``buffers``, all multiples of the tensor alignment; of those tried, the ones of least
    ``cost`` (default: the bytes that they take, and never less than these).

    It ends at the first layout that costs at most ``enough``. ``tries`` are first fits in changed orders,
    from a generator with a fixed seed.
    """
    price = cost or (lambda offsets: top(buffers, offsets))
    rivals = find_rivals(buffers, overlaps)
    best: tuple[int, _Order, tuple[int, ...]] | None = None
    for order in _orders(buffers):
        for each, offsets in _promoted(buffers, rivals, order):
            if best is None or price(offsets) < best[0]:
                best = price(offsets), each, offsets
        if best is not None and best[0] <= enough:
            return best[2]
    assert best is not None
    return _improved(best, [b.size for b in buffers], rivals, price, enough, tries)


def _orders(buffers: Sequence[RowBuffer]) -> list[_Order]:
    keys: tuple[Callable[[int], tuple[int, ...]], ...] = (
        lambda i: _from_the_last(buffers, i),
        lambda i: (-buffers[i].size, i),
        lambda i: (_first_step(buffers[i]), -buffers[i].size, i),
        lambda i: (_first_step(buffers[i]), buffers[i].size, i),
        lambda i: (-int(np.maximum(0, buffers[i].high - buffers[i].low).sum()), i),
        lambda i: (-_first_step(buffers[i]), -buffers[i].size, i),
    )
    return [sorted(range(len(buffers)), key=key) for key in keys]


def _improved(
    best: tuple[int, _Order, tuple[int, ...]],
    sizes: list[int],
    rivals: list[list[RowRival]],
    price: Cost,
    enough: int,
    tries: int,
) -> tuple[int, ...]:
    """One buffer at a time goes elsewhere in the order; what costs no more is kept."""
    cost, order, offsets = best
    rng = np.random.default_rng(len(order))
    tries = min(tries, _MOST_COMPARED // max(1, sum(map(len, rivals))))
    for source, target in rng.integers(0, len(order), (tries, 2)).tolist():
        if cost <= enough:
            break
        changed = [i for i in order if i != order[source]]
        changed.insert(target, order[source])
        placed = first_fit(rivals, changed, [cost - size for size in sizes])
        if placed and (found := price(placed)) <= cost:
            cost, order, offsets = found, changed, placed
    return offsets


def top(buffers: Sequence[RowBuffer], offsets: Sequence[int]) -> int:
    """Bytes of a layout."""
    return max(offset + b.size for b, offset in zip(buffers, offsets, strict=True))


def _from_the_last(buffers: Sequence[RowBuffer], i: int) -> tuple[int, ...]:
    """Tensors from the last one back, so that each may be taken over by the next; then scratch, that which
    is in use at more steps first; then the input, which ends highest.
    """
    buffer = buffers[i]
    if buffer.name[0] == "scratch":
        return (1, -int(np.count_nonzero(buffer.high > buffer.low)), -buffer.size, i)
    return (2 if buffer.given else 0, -_first_step(buffer), i)


def _first_step(buffer: RowBuffer) -> int:
    return int(np.argmax(buffer.high > buffer.low))


def _promoted(
    buffers: Sequence[RowBuffer], rivals: list[list[RowRival]], order: list[int]
) -> list[tuple[_Order, tuple[int, ...]]]:
    """Layouts of repeated first fits: what reaches highest goes to the front of the order."""
    found = []
    for _ in range(_ROUNDS):
        offsets = first_fit(rivals, order)
        found.append((order, offsets))
        most = top(buffers, offsets)
        highest = [i for i in order if offsets[i] + buffers[i].size == most]
        if order[: len(highest)] == highest:
            break
        order = [*highest, *(i for i in order if i not in highest)]
    return found


def free_gap(buffers: Sequence[RowBuffer], offsets: Sequence[int], one: int, limit: int) -> tuple[int, int]:
    """The largest range of bytes below ``limit`` that is free whenever buffer ``one`` is used."""
    used = buffers[one].high > buffers[one].low
    taken = sorted(
        (offset + int(b.low[both].min()), offset + aligned(int(b.high[both].max())))
        for i, (b, offset) in enumerate(zip(buffers, offsets, strict=True))
        if i != one and (both := used & (b.high > b.low)).any()
    )
    gaps, reach = [(0, 0)], 0
    for first, end in taken:
        start = aligned(reach)
        if first - first % 4 > start:
            gaps.append((start, first - first % 4))
        reach = max(reach, end)
    gaps.append((aligned(reach), max(limit, aligned(reach))))
    return max(gaps, key=lambda gap: gap[1] - gap[0])
