"""The memory plan: an order of the ops and an offset in one arena for every activation and scratch buffer.

The code generator writes this plan, the ledger counts it, and the linker map confirms it. Its target is the
live-tensor bound: the maximum bytes live at any one step. Outputs take over dying inputs, or trail them
through memory, if the kernel allows it; copies share memory with their source.

A graph input is live from the start to its last use (the run may overwrite it), an output to the end, a state
always.

If no single memory of a board holds the arena, ``plan_in_banks`` splits it over several separate ones. It is
still one arena with one range of offsets: its banks are consecutive, and no block crosses a border.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered
from micronas.codegen.row_step import RowSteps
from micronas.memory.plan.banks import BankPlan, split
from micronas.memory.plan.blocks import MemoryBlock, lower_bound, make_blocks, taken_bytes
from micronas.memory.plan.order import best_orders, has_order_within, unavoidable_peak
from micronas.memory.plan.place import few_rivals, height, place
from micronas.memory.plan.stacking import improve
from micronas.memory.plan.values import TENSOR_ALIGNMENT, AllocationProblem, make_problem
from micronas.model.graph import Graph

ARENA_ALIGNMENT = 16
"""Alignment of the arena itself, the same as in TFLite Micro; also a cache-friendly start for DMA."""

__all__ = [
    "ARENA_ALIGNMENT",
    "TENSOR_ALIGNMENT",
    "Bank",
    "Plan",
    "Shortfall",
    "Span",
    "is_plan_within",
    "min_arena_bytes",
    "no_plan_within",
    "plan_in_banks",
    "plan_memory",
]


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


@dataclass(frozen=True)
class Shortfall:
    """Why an arena cannot be split over separate banks; all in bytes.

    ``live_bytes`` are live at the peak of the best order; ``largest_bytes`` must stay in one piece: a tensor
    with the outputs that take it over. ``needed`` is the size of each bank in the best placement found; empty
    if there is none, because all banks together, or the largest one, are smaller than these two.
    """

    live_bytes: int
    largest_bytes: int
    needed: Mapping[str, int]


def plan_memory(graph: Graph, lowered: Sequence[Lowered], enough_bytes: int = 0) -> Plan:
    """Plan ``graph`` with scratch, copies and in-place inputs from ``lowered`` (one per op, in order).

    The first placement found that takes at most ``enough_bytes`` ends the search for a lower one.
    """
    problem = make_problem(graph, lowered)
    order, blocks, offsets = _best_placement(problem, enough_bytes)
    return _plan(problem, order, blocks, offsets, height(blocks, offsets))


def plan_in_banks(
    graph: Graph, lowered: Sequence[Lowered], free_bytes: Mapping[str, int]
) -> Plan | Shortfall:
    """Plan ``graph`` over separate memories: free bytes by name, best first.

    Of all sets of banks found to hold the arena, it takes the one with the fewest banks, and of these the
    first. Each tensor and each scratch buffer is in a single bank.
    """
    problem = make_problem(graph, lowered)
    ordered = [(order, make_blocks(problem, order)) for order in best_orders(problem)]
    short = _shortfall([blocks for _, blocks in ordered])
    min_over = 0
    for names in _choices(free_bytes):
        capacities = [free_bytes[name] for name in names]
        if short.live_bytes > sum(capacities) or short.largest_bytes > max(capacities):
            continue
        for order, blocks in ordered:
            found = split(blocks, capacities)
            if found.over_bytes == 0:
                return _banked_plan(problem, order, blocks, names, found)
            if not short.needed or found.over_bytes < min_over:
                min_over = found.over_bytes
                short = replace(short, needed=dict(zip(names, found.heights, strict=True)))
    return short


def _shortfall(blocks: Sequence[tuple[MemoryBlock, ...]]) -> Shortfall:
    """Lower bounds of any placement, for every order."""
    largest = min(max(block.size for block in each) for each in blocks)
    return Shortfall(min(lower_bound(each) for each in blocks), largest, {})


def _choices(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Sets of two banks or more: fewer first, then as listed."""
    listed = tuple(names)
    for count in range(2, len(listed) + 1):
        yield from itertools.combinations(listed, count)


def _banked_plan(
    problem: AllocationProblem,
    order: tuple[int, ...],
    blocks: tuple[MemoryBlock, ...],
    names: tuple[str, ...],
    found: BankPlan,
) -> Plan:
    """Banks in consecutive ranges of offsets; empty ones are left out."""
    starts = tuple(itertools.accumulate(found.heights, initial=0))
    banks = tuple(
        Bank(name, start, nbytes)
        for name, start, nbytes in zip(names, starts[:-1], found.heights, strict=True)
        if nbytes
    )
    offsets = tuple(starts[b] + offset for b, offset in zip(found.banks, found.offsets, strict=True))
    return _plan(problem, order, blocks, offsets, starts[-1], banks)


def _plan(
    problem: AllocationProblem,
    order: tuple[int, ...],
    blocks: tuple[MemoryBlock, ...],
    offsets: tuple[int, ...],
    arena_bytes: int,
    banks: tuple[Bank, ...] = (),
) -> Plan:
    tensors, scratch = _named_offsets(problem, blocks, offsets)
    return Plan(
        order=order,
        offsets=tensors,
        scratch_offsets=scratch,
        spans=_spans(problem, order, tensors, scratch),
        arena_bytes=arena_bytes,
        bound_bytes=lower_bound(blocks),
        peak_op=_peak_op(blocks, order),
        banks=banks,
    )


def min_arena_bytes(graph: Graph, lowered: Sequence[Lowered]) -> int:
    """A lower bound of the arena of every plan of ``graph``, in a fraction of a plan's time."""
    return unavoidable_peak(make_problem(graph, lowered))


def no_plan_within(graph: Graph, lowered: Sequence[Lowered], arena_bytes: int) -> bool:
    """Whether every plan of ``graph`` takes more than ``arena_bytes``, in a fraction of a plan's time.

    True if one op alone does, or the live bytes of the best order; False means undecided.
    """
    return not has_order_within(make_problem(graph, lowered), arena_bytes)


def is_plan_within(graph: Graph, lowered: Sequence[Lowered], arena_bytes: int) -> bool:
    """Whether the arena of ``plan_memory``, which may end at ``arena_bytes``, takes no more than that."""
    problem = make_problem(graph, lowered)
    if not has_order_within(problem, arena_bytes):
        return False
    _, blocks, offsets = _best_placement(problem, arena_bytes)
    return height(blocks, offsets) <= arena_bytes


_Placed: TypeAlias = tuple[tuple[int, ...], tuple[MemoryBlock, ...], tuple[int, ...]]
"""An order, its blocks, and an offset for each."""


def _best_placement(problem: AllocationProblem, enough_bytes: int) -> _Placed:
    """The lowest plan found of several orders.

    The graph's own order comes first where it may be enough, since the search for a better one takes time.
    It is also the last resort where the others stay above its bound.
    """
    own_order = tuple(range(len(problem.demands)))
    own_blocks = make_blocks(problem, own_order)
    own_bound = lower_bound(own_blocks)
    if own_bound <= enough_bytes:
        offsets = place(own_blocks, few_rivals(own_blocks), enough_bytes)
        if height(own_blocks, offsets) <= enough_bytes:
            return own_order, own_blocks, offsets
    order, blocks, offsets = _best_of_orders(problem, enough_bytes)
    found = height(blocks, offsets)
    if order != own_order and own_bound < found and found > enough_bytes:
        own_offsets = place(own_blocks, few_rivals(own_blocks), enough_bytes)
        if height(own_blocks, own_offsets) < found:
            return own_order, own_blocks, own_offsets
    return order, blocks, offsets


def _best_of_orders(problem: AllocationProblem, enough_bytes: int) -> _Placed:
    """The plan of the first order that reaches its bound, else the lowest one, improved by the search."""
    tried = []
    for order in best_orders(problem):
        blocks = make_blocks(problem, order)
        rivals = few_rivals(blocks)
        offsets = place(blocks, rivals, enough_bytes)
        tried.append((order, blocks, rivals, offsets))
        if height(blocks, offsets) <= max(lower_bound(blocks), enough_bytes):
            break
    order, blocks, rivals, offsets = min(tried, key=lambda t: height(t[1], t[3]))
    return order, blocks, improve(blocks, rivals, offsets, enough_bytes)


def _named_offsets(
    problem: AllocationProblem, blocks: tuple[MemoryBlock, ...], offsets: tuple[int, ...]
) -> tuple[dict[int, int], dict[int, int]]:
    tensors: dict[int, int] = {}
    scratch: dict[int, int] = {}
    for block, offset in zip(blocks, offsets, strict=True):
        for value in block.values:
            tensors.update(dict.fromkeys(problem.values[value].tensors, offset))
        if block.scratch_of is not None:
            scratch[block.scratch_of] = offset
    return dict(sorted(tensors.items())), dict(sorted(scratch.items()))


def _spans(
    problem: AllocationProblem, order: tuple[int, ...], tensors: Mapping[int, int], scratch: Mapping[int, int]
) -> tuple[Span, ...]:
    step = {op: k + 1 for k, op in enumerate(order)}
    spans = []
    for value in problem.values:
        first = 0 if value.producer is None else step[value.producer]
        uses = (step[op] for op in value.readers)
        last = len(order) + 1 if value.is_output else max([first, *uses])
        spans.append(Span(tensors[value.tensors[0]], value.size, first, last, value.tensors))
    spans += [
        Span(offset, problem.demands[op].scratch, step[op], step[op], scratch_of=op)
        for op, offset in scratch.items()
    ]
    return tuple(sorted(spans, key=lambda s: (s.first, s.offset, s.last)))


def _peak_op(blocks: tuple[MemoryBlock, ...], order: tuple[int, ...]) -> int | None:
    taken = taken_bytes(blocks)
    step = taken.index(max(taken))
    return order[step - 1] if 1 <= step <= len(order) else None
