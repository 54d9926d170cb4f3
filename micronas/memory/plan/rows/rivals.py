"""Distances that keep the bytes in use of two buffers of a streamed chain apart, at every step.

A step may write its output on rows that it reads for the last time, where its kernel allows that: from the
same byte on, or some bytes ahead or behind. Distances are offsets of one buffer less those of another; those
that are forbidden are open intervals, between which a single distance may be free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.memory.plan.values import TENSOR_ALIGNMENT

Bytes: TypeAlias = npt.NDArray[np.int64]
Interval: TypeAlias = tuple[int, int]

FREE = -(2**40)
"""End of the bytes in use of a buffer that has none; its start is as far on the other side."""


@dataclass(frozen=True, eq=False)
class RowBuffer:
    """``size`` bytes, of which those from ``low[k]`` up to ``high[k]`` are in use at step ``k``, and those
    from ``after[k]`` on also behind it. What is ``given`` is there before the first step.
    """

    name: tuple[str, int]
    size: int
    low: Bytes
    high: Bytes
    after: Bytes
    given: bool = False


@dataclass(frozen=True, eq=False)
class Takeover:
    """The ``steps`` of an op whose output may lie on its input, as bytes of buffer ``y`` and of buffer ``x``.

    Its windows begin at ``read[i]`` of ``x`` in step ``steps[i]``, which writes from ``written[i]`` of ``y``
    on. The output may begin where the windows do (``in_place``), ``lead`` bytes before or more, or ``lag``
    bytes behind or more.
    """

    x: int
    y: int
    steps: npt.NDArray[np.intp]
    read: Bytes
    written: Bytes
    in_place: bool
    lead: int | None
    lag: int | None


class RowRival(NamedTuple):
    """Another buffer, and distances between ``start`` and ``end`` at which one may not start from it."""

    block: int
    start: int
    end: int


def live_bytes(buffers: Sequence[RowBuffer], takeovers: Sequence[Takeover] = ()) -> Bytes:
    """Bytes in use at each step, as far as they cannot lie on each other: their maximum is a lower bound of
    every layout.
    """
    used: Bytes = np.sum([np.maximum(0, b.high - b.low) for b in buffers], axis=0)
    shared = np.zeros_like(used)
    for each in takeovers:
        x, y, k = buffers[each.x], buffers[each.y], each.steps
        given_up = np.minimum(x.after[k], x.high[k]) - x.low[k]
        shared[k] = np.maximum(shared[k], np.minimum(given_up, y.high[k] - each.written))
    return used - shared


def find_rivals(buffers: Sequence[RowBuffer], takeovers: Sequence[Takeover] = ()) -> list[list[RowRival]]:
    """For each buffer, those that are in use at a same step."""
    low, high = np.stack([b.low for b in buffers]), np.stack([b.high for b in buffers])
    of_pair: dict[tuple[int, int], list[Takeover]] = {}
    for each in takeovers:
        of_pair.setdefault((each.y, each.x), []).append(each)
    rivals: list[list[RowRival]] = [[] for _ in buffers]
    for i in range(len(buffers)):
        both = (high > low) & (high[i] > low[i])
        for y, x in of_pair:
            if y == i:
                for each in of_pair[y, x]:
                    both[x, each.steps] = False
        for y, x in of_pair:
            if x == i:
                for each in of_pair[y, x]:
                    both[y, each.steps] = False
        above = np.where(both, high - low[i], FREE).max(axis=1)
        below = np.where(both, high[i] - low, FREE).max(axis=1)
        for j in range(i):
            intervals = [(-int(below[j]), int(above[j]))] if both[j].any() else []
            intervals += [o for each in of_pair.get((i, j), ()) for o in _around(buffers, each)]
            mirrored = [o for each in of_pair.get((j, i), ()) for o in _around(buffers, each)]
            intervals += [(-end, -start) for start, end in mirrored]
            merged = _merged(intervals)
            rivals[i] += [RowRival(j, start, end) for start, end in merged]
            rivals[j] += [RowRival(i, -end, -start) for start, end in merged]
    return rivals


def _around(buffers: Sequence[RowBuffer], each: Takeover) -> list[Interval]:
    """Forbidden distances of ``y`` from ``x`` in the steps of an op, each once."""
    k, x, y = each.steps, buffers[each.x], buffers[each.y]
    start, same, end = each.written, each.read - each.written, y.high[k]
    held, kept = y.low[k] < start, x.after[k] < x.high[k]
    found = _intervals(x.low[k] - start, x.high[k] - y.low[k], held)
    found |= _intervals(x.after[k] - end, x.high[k] - start, kept)
    lowest, highest = x.low[k] - end, x.high[k] - start
    left = lowest if each.lead is None else np.maximum(lowest, same - each.lead)
    right = highest if each.lag is None else np.minimum(highest, same + each.lag)
    if each.in_place or 0 in (each.lead, each.lag):
        found |= _intervals(left, np.minimum(same, highest), left < same)
        return sorted(found | _intervals(np.maximum(same, lowest), right, same < right))
    return sorted(found | _intervals(left, right, left < right))


def _intervals(start: Bytes, end: Bytes, wanted: npt.NDArray[np.bool_]) -> set[Interval]:
    return {o for o in zip(start[wanted].tolist(), end[wanted].tolist(), strict=True) if o[0] < o[1]}


def _merged(intervals: list[Interval]) -> tuple[Interval, ...]:
    """Their union, by multiples of the alignment. Open intervals that only touch stay apart."""
    step = TENSOR_ALIGNMENT
    merged: list[Interval] = []
    for start, end in sorted((a // step * step, -(-b // step) * step) for a, b in intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def first_fit(
    rivals: Sequence[Sequence[RowRival]], order: Sequence[int], ends: Sequence[int] = ()
) -> tuple[int, ...]:
    """Each buffer in turn at the lowest offset that its rivals leave free; empty as soon as one lies above
    its place in ``ends``, if there are any.
    """
    offsets = [-1] * len(rivals)
    for i in order:
        forbidden = [(at + start, at + end) for j, start, end in rivals[i] if (at := offsets[j]) >= 0]
        forbidden.sort()
        offset = 0
        for start, end in forbidden:
            if start >= offset:
                break
            if end > offset:
                offset = end
        if ends and offset > ends[i]:
            return ()
        offsets[i] = offset
    return tuple(offsets)
