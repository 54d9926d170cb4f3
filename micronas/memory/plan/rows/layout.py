"""Places of a streamed chain's buffers: what lies in memory changes from step to step.

The input shrinks from its start, as its rows are consumed; the output grows. Buffers may therefore lie where
input was, or where output will be. Of every pair of buffers, the distances are computed that keep the bytes
in use apart at every step; a first fit in several orders then places them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.memory.plan.place import Rival, first_fit
from micronas.memory.plan.rows.schedule import RowSchedule
from micronas.memory.plan.values import aligned

Bytes: TypeAlias = npt.NDArray[np.int64]

_FREE = -(2**40)
"""End of the bytes in use of a buffer that has none; its start is as far on the other side."""

_MOST_COMPARED = 2_000_000
"""Pairs of buffers that first fits in changed orders compare, in all."""

_ROUNDS = 12
"""First fits with one order, each with what sticks out of the last one placed earlier."""


@dataclass(frozen=True, eq=False)
class RowBuffer:
    """``size`` bytes, of which those from ``low[k]`` up to ``high[k]`` are in use at step ``k``."""

    name: tuple[str, int]
    size: int
    low: Bytes
    high: Bytes


def tensor_buffers(schedule: RowSchedule, row_bytes: Mapping[int, int]) -> tuple[RowBuffer, ...]:
    """A buffer for each tensor of the chain."""
    steps = len(schedule.steps)
    buffers = {
        t: (np.full(steps, -_FREE, np.int64), np.full(steps, _FREE, np.int64)) for t in schedule.capacity
    }
    for k, held in enumerate(schedule.held):
        for t, rows in held.items():
            buffers[t][0][k], buffers[t][1][k] = rows.low * row_bytes[t], rows.high * row_bytes[t]
    return tuple(
        RowBuffer(("tensor", t), aligned(schedule.capacity[t] * row_bytes[t]), low, high)
        for t, (low, high) in buffers.items()
    )


def scratch_buffer(schedule: RowSchedule, op: int, size: int, *, lasting: bool) -> RowBuffer:
    """Scratch of one op, in use while it runs; ``lasting``: from its first step to its last."""
    steps = np.array([s.op == op for s in schedule.steps])
    if lasting:
        first, last = np.flatnonzero(steps)[[0, -1]]
        steps[first : last + 1] = True
    low, high = np.where(steps, 0, -_FREE), np.where(steps, size, _FREE)
    return RowBuffer(("scratch", op), aligned(size), low, high)


def live_bytes(buffers: Sequence[RowBuffer]) -> Bytes:
    """Bytes in use at each step: their maximum is a lower bound of every layout."""
    used: Bytes = np.sum([np.maximum(0, b.high - b.low) for b in buffers], axis=0)
    return used


Cost: TypeAlias = Callable[[Sequence[int]], int]
_Order: TypeAlias = list[int]


def lay_out(
    buffers: Sequence[RowBuffer], cost: Cost | None = None, enough: int = 0, tries: int = 0
) -> tuple[int, ...]:
    """Offsets of ``buffers``, all multiples of the tensor alignment; of those tried, the ones of least
    ``cost`` (default: the bytes that they take).

    It ends at the first layout that costs at most ``enough``. ``tries`` are first fits in changed orders,
    from a generator with a fixed seed.
    """
    price = cost or (lambda offsets: top(buffers, offsets))
    rivals = _rivals(buffers)
    best: tuple[int, _Order, tuple[int, ...]] | None = None
    for order in _orders(buffers):
        for each, offsets in _promoted(buffers, rivals, order):
            if best is None or price(offsets) < best[0]:
                best = price(offsets), each, offsets
        if best is not None and best[0] <= enough:
            return best[2]
    assert best is not None
    return _improved(best, rivals, price, enough, tries)


def _orders(buffers: Sequence[RowBuffer]) -> list[_Order]:
    keys: tuple[Callable[[int], tuple[int, ...]], ...] = (
        lambda i: (-buffers[i].size, i),
        lambda i: (_first_step(buffers[i]), -buffers[i].size, i),
        lambda i: (_first_step(buffers[i]), buffers[i].size, i),
        lambda i: (-int(np.maximum(0, buffers[i].high - buffers[i].low).sum()), i),
        lambda i: (-_first_step(buffers[i]), -buffers[i].size, i),
    )
    return [sorted(range(len(buffers)), key=key) for key in keys]


def _improved(
    best: tuple[int, _Order, tuple[int, ...]], rivals: list[list[Rival]], price: Cost, enough: int, tries: int
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
        placed = first_fit(rivals, changed)
        if (found := price(placed)) <= cost:
            cost, order, offsets = found, changed, placed
    return offsets


def top(buffers: Sequence[RowBuffer], offsets: Sequence[int]) -> int:
    """Bytes of a layout."""
    return max(offset + b.size for b, offset in zip(buffers, offsets, strict=True))


def _first_step(buffer: RowBuffer) -> int:
    return int(np.argmax(buffer.high > buffer.low))


def _promoted(
    buffers: Sequence[RowBuffer], rivals: list[list[Rival]], order: list[int]
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


def _rivals(buffers: Sequence[RowBuffer]) -> list[list[Rival]]:
    low = np.stack([b.low for b in buffers])
    high = np.stack([b.high for b in buffers])
    rivals: list[list[Rival]] = [[] for _ in buffers]
    for i in range(len(buffers)):
        live = (high > low) & (high[i] > low[i])
        above = np.where(live, high - low[i], _FREE).max(axis=1)  # that i starts above the other
        below = np.where(live, high[i] - low, _FREE).max(axis=1)
        rivals[i] = [
            Rival(j, aligned(int(above[j])), aligned(int(below[j])))
            for j in range(len(buffers))
            if j != i and live[j].any()
        ]
    return rivals


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
