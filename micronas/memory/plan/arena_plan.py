"""A memory plan: an order of the ops, and an offset in one arena for every activation and scratch buffer."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from micronas.codegen.row_step import RowSteps


@dataclass(frozen=True)
class Span:
    """A rectangle of the plan: ``size`` bytes at ``offset`` from step ``first`` to ``last`` inclusive.

    Step 0 loads the inputs, step k + 1 runs the k-th op of the order, the last step reads the outputs.
    ``tensors`` share it; scratch names its op instead. ``spare`` bytes at its end are used because they were
    free: the op could do without them.
    """

    offset: int
    size: int
    first: int
    last: int
    tensors: tuple[int, ...] = ()
    scratch_of: int | None = None
    spare: int = 0


@dataclass(frozen=True)
class Bank:
    """The arena's ``nbytes`` from offset ``start`` on, located in the memory called ``name``."""

    name: str
    start: int
    nbytes: int


@dataclass(frozen=True)
class Plan:
    """Offsets in bytes from the arena's start, all multiples of ``TENSOR_ALIGNMENT``.

    ``order`` lists op indices in execution order. ``bound_bytes`` is the live-tensor bound of that order;
    ``peak_op`` the op at which it is reached (None: while inputs are loaded or outputs read). ``banks`` are
    the parts of an arena in several memories; empty if it is one piece. ``grown_bytes`` of the arena are
    there for speed: the ops could do without them. With ``row_steps`` the first ops of the order run row by
    row: these are their steps, and all of them are in use together.
    """

    order: tuple[int, ...]
    offsets: Mapping[int, int]
    scratch_offsets: Mapping[int, int]
    spans: tuple[Span, ...]
    arena_bytes: int
    bound_bytes: int
    peak_op: int | None
    banks: tuple[Bank, ...] = ()
    grown_bytes: int = 0
    row_steps: RowSteps = ()

    @property
    def at_bound(self) -> bool:
        """Whether the placement is provably the smallest for this order."""
        return self.arena_bytes == self.bound_bytes

    def bank_at(self, offset: int) -> Bank | None:
        """The bank that holds the arena's byte at ``offset``; None if the arena is one piece."""
        return next((b for b in self.banks if b.start <= offset < b.start + b.nbytes), None)

    def live_bytes(self, step: int) -> int:
        """Bytes needed at a step; where an output lies on its input they count once, spare bytes never."""
        return self._live_bytes[step]

    @functools.cached_property
    def _live_bytes(self) -> tuple[int, ...]:
        """Bytes in use at every step."""
        steps = len(self.order) + 2
        begins: list[list[Span]] = [[] for _ in range(steps)]
        ends: list[list[Span]] = [[] for _ in range(steps)]
        for span in self.spans:
            begins[span.first].append(span)
            ends[span.last].append(span)
        live: list[tuple[int, int]] = []
        totals = []
        for step in range(steps):
            for span in begins[step]:
                bisect.insort(live, _needed(span))
            totals.append(_union_bytes(live))
            for span in ends[step]:
                live.remove(_needed(span))
        return tuple(totals)


def _needed(span: Span) -> tuple[int, int]:
    return span.offset, span.offset + span.size - span.spare


def _union_bytes(ranges: Sequence[tuple[int, int]]) -> int:
    """Bytes that lie in one or more of ``ranges``, which are sorted."""
    total, reach = 0, 0
    for low, high in ranges:
        total += max(0, high - max(low, reach))
        reach = max(reach, high)
    return total
