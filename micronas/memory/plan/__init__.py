"""The memory plan: an order of the ops and an offset in one arena for every activation and scratch buffer.

The plan is what the code generator writes, the ledger budgets and the linker map shows. It aims at the
live-tensor bound: the most bytes live at any one step. Outputs take over dying inputs, or trail them through
memory, where the kernel allows it; copies share memory with what they copy.

A graph input is live from the start to its last use (the run may overwrite it), an output to the end.

Where no single memory of a board holds the arena, ``plan_in_banks`` lays it over several that lie apart. It
is still one arena with one range of offsets: its banks follow each other, and nothing lies over a border.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from micronas.codegen.lowering import Lowered
from micronas.memory.plan.banks import BankPlan, split
from micronas.memory.plan.blocks import MemoryBlock, lower_bound, make_blocks, taken_bytes
from micronas.memory.plan.order import best_orders, unavoidable_peak
from micronas.memory.plan.place import height, improve, place
from micronas.memory.plan.values import TENSOR_ALIGNMENT, AllocationProblem, make_problem
from micronas.model.graph import Graph

ARENA_ALIGNMENT = 16
"""Alignment of the arena itself, as TFLite Micro's users know it; also a cache-friendly start for DMA."""

__all__ = [
    "ARENA_ALIGNMENT",
    "TENSOR_ALIGNMENT",
    "Bank",
    "Plan",
    "Shortfall",
    "Span",
    "min_arena_bytes",
    "plan_in_banks",
    "plan_memory",
]


@dataclass(frozen=True)
class Span:
    """A rectangle of the plan: ``size`` bytes at ``offset`` from step ``first`` to ``last`` inclusive.

    Step 0 loads the inputs, step k + 1 runs the k-th op of the order, the last step reads the outputs.
    ``tensors`` share it; scratch names its op instead.
    """

    offset: int
    size: int
    first: int
    last: int
    tensors: tuple[int, ...] = ()
    scratch_of: int | None = None


@dataclass(frozen=True)
class Bank:
    """The arena's ``nbytes`` from offset ``start`` on, which lie in the memory called ``name``."""

    name: str
    start: int
    nbytes: int


@dataclass(frozen=True)
class Plan:
    """Offsets in bytes from the arena's start, all multiples of ``TENSOR_ALIGNMENT``.

    ``order`` lists op indices in execution order. ``bound_bytes`` is the live-tensor bound of that order;
    ``peak_op`` the op at which it is reached (None: while inputs are loaded or outputs read). ``banks`` are
    the parts of an arena that lies in several memories; there are none where it is one piece.
    """

    order: tuple[int, ...]
    offsets: Mapping[int, int]
    scratch_offsets: Mapping[int, int]
    spans: tuple[Span, ...]
    arena_bytes: int
    bound_bytes: int
    peak_op: int | None
    banks: tuple[Bank, ...] = ()

    @property
    def at_bound(self) -> bool:
        """Whether no placement of this order could be smaller."""
        return self.arena_bytes == self.bound_bytes

    def bank_at(self, offset: int) -> Bank | None:
        """The bank that holds the arena's byte at ``offset``; None where the arena is one piece."""
        return next((b for b in self.banks if b.start <= offset < b.start + b.nbytes), None)

    def live_bytes(self, step: int) -> int:
        """Bytes in use at a step."""
        return sum(s.size for s in self.spans if s.first <= step <= s.last) - self._overlaid(step)

    def _overlaid(self, step: int) -> int:
        """Bytes counted twice at ``step`` where an output takes over its input."""
        live = sorted((s.offset, s.offset + s.size) for s in self.spans if s.first <= step <= s.last)
        overlap, reach = 0, 0
        for low, high in live:
            overlap += max(0, min(reach, high) - low)
            reach = max(reach, high)
        return overlap


@dataclass(frozen=True)
class Shortfall:
    """Why an arena cannot lie over banks that are apart; all in bytes.

    ``live_bytes`` are live at the peak of the best order; ``largest_bytes`` must lie in one piece: a tensor
    with what takes it over. ``needed`` is what the best placement found takes of each bank; empty where the
    banks together, or the largest of them, hold less than these two, so that there is none.
    """

    live_bytes: int
    largest_bytes: int
    needed: Mapping[str, int]


def plan_memory(graph: Graph, lowered: Sequence[Lowered]) -> Plan:
    """Plan ``graph`` with scratch, copies and in-place inputs from ``lowered`` (one per op, in order)."""
    problem = make_problem(graph, lowered)
    order, blocks, offsets = _best_placement(problem)
    return _plan(problem, order, blocks, offsets, height(blocks, offsets))


def plan_in_banks(
    graph: Graph, lowered: Sequence[Lowered], free_bytes: Mapping[str, int]
) -> Plan | Shortfall:
    """Plan ``graph`` over memories that lie apart: bytes free by name, the best first.

    Of all choices of banks that are found to hold the arena it takes the one of fewest, and of these the
    first. Each tensor and each scratch lies whole in one bank.
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
    """What any placement must hold, whichever of the orders it is for."""
    largest = min(max(block.size for block in each) for each in blocks)
    return Shortfall(min(lower_bound(each) for each in blocks), largest, {})


def _choices(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Two banks or more: few before many, and as listed."""
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
    """Banks one after the other in the range of offsets; what holds nothing is none."""
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
    """A bound below the arena of every plan of ``graph``, in a fraction of a plan's time."""
    return unavoidable_peak(make_problem(graph, lowered))


def _best_placement(
    problem: AllocationProblem,
) -> tuple[tuple[int, ...], tuple[MemoryBlock, ...], tuple[int, ...]]:
    """The first order that reaches its bound, else the lowest of all and what the search makes of it."""
    tried = []
    for order in best_orders(problem):
        blocks = make_blocks(problem, order)
        offsets = place(blocks)
        tried.append((order, blocks, offsets))
        if height(blocks, offsets) == lower_bound(blocks):
            break
    order, blocks, offsets = min(tried, key=lambda t: height(t[1], t[2]))
    return order, blocks, improve(blocks, offsets)


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
        uses = [step[op] for op in order if value.readers >> op & 1]
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
