"""The memory plan: an order of the ops and an offset in one arena for every activation and scratch buffer.

The plan is what the code generator writes, the ledger budgets and the linker map shows. It aims at the
live-tensor bound: the most bytes live at any one step. Outputs take over dying inputs, or trail them through
memory, where the kernel allows it; copies share memory with what they copy.

A graph input is live from the start to its last use (the run may overwrite it), an output to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from micronas.graph import Graph
from micronas.lowering import Lowered
from micronas.plan.blocks import Block, lower_bound, make_blocks, taken_bytes
from micronas.plan.order import best_orders, unavoidable_peak
from micronas.plan.place import height, improve, place
from micronas.plan.values import TENSOR_ALIGNMENT, Problem, make_problem

ARENA_ALIGNMENT = 16
"""Alignment of the arena itself, as TFLite Micro's users know it; also a cache-friendly start for DMA."""

__all__ = ["ARENA_ALIGNMENT", "TENSOR_ALIGNMENT", "Plan", "Span", "least_arena_bytes", "plan_memory"]


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
class Plan:
    """Offsets in bytes from the arena's start, all multiples of ``TENSOR_ALIGNMENT``.

    ``order`` lists op indices in execution order. ``bound_bytes`` is the live-tensor bound of that order;
    ``peak_op`` the op at which it is reached (None: while inputs are loaded or outputs read).
    """

    order: tuple[int, ...]
    offsets: Mapping[int, int]
    scratch_offsets: Mapping[int, int]
    spans: tuple[Span, ...]
    arena_bytes: int
    bound_bytes: int
    peak_op: int | None

    @property
    def at_bound(self) -> bool:
        """Whether no placement of this order could be smaller."""
        return self.arena_bytes == self.bound_bytes

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


def plan_memory(graph: Graph, lowered: Sequence[Lowered]) -> Plan:
    """Plan ``graph`` with scratch, copies and in-place inputs from ``lowered`` (one per op, in order)."""
    problem = make_problem(graph, lowered)
    order, blocks, offsets = _best_placement(problem)
    tensors, scratch = _named_offsets(problem, blocks, offsets)
    return Plan(
        order=order,
        offsets=tensors,
        scratch_offsets=scratch,
        spans=_spans(problem, order, tensors, scratch),
        arena_bytes=height(blocks, offsets),
        bound_bytes=lower_bound(blocks),
        peak_op=_peak_op(blocks, order),
    )


def least_arena_bytes(graph: Graph, lowered: Sequence[Lowered]) -> int:
    """A bound below the arena of every plan of ``graph``, in a fraction of a plan's time."""
    return unavoidable_peak(make_problem(graph, lowered))


def _best_placement(problem: Problem) -> tuple[tuple[int, ...], tuple[Block, ...], tuple[int, ...]]:
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
    problem: Problem, blocks: tuple[Block, ...], offsets: tuple[int, ...]
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
    problem: Problem, order: tuple[int, ...], tensors: Mapping[int, int], scratch: Mapping[int, int]
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


def _peak_op(blocks: tuple[Block, ...], order: tuple[int, ...]) -> int | None:
    taken = taken_bytes(blocks)
    step = taken.index(max(taken))
    return order[step - 1] if 1 <= step <= len(order) else None
