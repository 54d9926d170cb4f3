"""Placed blocks as a plan: the offset of each tensor and scratch buffer, and when it is in use."""

from __future__ import annotations

from collections.abc import Mapping

from micronas.memory.plan.arena_plan import Bank, Plan, Span
from micronas.memory.plan.blocks import lower_bound, taken_bytes
from micronas.memory.plan.placement import PlacedBlocks
from micronas.memory.plan.values import AllocationProblem


def make_plan(
    problem: AllocationProblem, placed: PlacedBlocks, arena_bytes: int, banks: tuple[Bank, ...] = ()
) -> Plan:
    """The plan of a placement in ``arena_bytes``, which are divided into ``banks`` if there are any."""
    tensors, scratch = _named_offsets(problem, placed)
    return Plan(
        order=placed.order,
        offsets=tensors,
        scratch_offsets=scratch,
        spans=_spans(problem, placed.order, tensors, scratch),
        arena_bytes=arena_bytes,
        bound_bytes=lower_bound(placed.blocks),
        peak_op=_peak_op(placed),
        banks=banks,
    )


def _named_offsets(problem: AllocationProblem, placed: PlacedBlocks) -> tuple[dict[int, int], dict[int, int]]:
    """The offset of each tensor, and of each op's scratch."""
    tensors: dict[int, int] = {}
    scratch: dict[int, int] = {}
    for block, offset in zip(placed.blocks, placed.offsets, strict=True):
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


def _peak_op(placed: PlacedBlocks) -> int | None:
    taken, order = taken_bytes(placed.blocks), placed.order
    step = taken.index(max(taken))
    return order[step - 1] if 1 <= step <= len(order) else None
