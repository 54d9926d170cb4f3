"""Scratch for blocks from what a plan leaves free.

Only one op is at its peak; at the others' steps a part of the arena lies idle. Scratch lives for one step, so
it can move and grow within that step without moving anything else: no tensor changes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.blocks import by_blocks
from micronas.memory.plan import Plan, Span
from micronas.memory.plan.values import TENSOR_ALIGNMENT, aligned

Range = tuple[int, int]


def use_free_bytes(
    lowered: Sequence[Lowered], plan: Plan, limit_bytes: int = 0
) -> tuple[tuple[Lowered, ...], Plan]:
    """``lowered`` with the largest blocks for which ``plan`` has room, and the plan with their scratch.

    An arena in one piece may grow to ``limit_bytes``, where that is more than it takes.
    """
    growing = [low.op_index for low in lowered if low.blocks is not None]
    if not growing:
        return tuple(lowered), plan
    step = {op: k + 1 for k, op in enumerate(plan.order)}
    live = _live_at(plan, {step[op] for op in growing})
    found = {}
    for low in lowered:
        if low.blocks is not None:
            here = [span for span in live[step[low.op_index]] if span.scratch_of != low.op_index]
            first, end = _largest_gap(here, _memories(plan, limit_bytes))
            found[low.op_index] = (by_blocks(low, end - first), first)
    changed = {op: (low, first) for op, (low, first) in found.items() if low.blocks is None}
    after = tuple(changed[low.op_index][0] if low.op_index in changed else low for low in lowered)
    return after, _with_scratch(plan, changed)


def _live_at(plan: Plan, steps: set[int]) -> dict[int, list[Span]]:
    live: dict[int, list[Span]] = {step: [] for step in steps}
    for span in plan.spans:
        for step in range(span.first, span.last + 1):
            if step in live:
                live[step].append(span)
    return live


def _memories(plan: Plan, limit_bytes: int) -> list[Range]:
    """The ranges of offsets that lie in one piece."""
    if plan.banks:
        return [(bank.start, bank.start + bank.nbytes) for bank in plan.banks]
    whole_words = limit_bytes - limit_bytes % TENSOR_ALIGNMENT
    return [(0, max(plan.arena_bytes, whole_words))]


def _largest_gap(spans: Sequence[Span], memories: Sequence[Range]) -> Range:
    """The longest range of whole words that no span takes; the lowest of equals."""
    gaps = [(0, 0)]
    for start, end in memories:
        reach = start
        for span in sorted(spans, key=lambda span: span.offset):
            if start <= span.offset < end:
                gaps.append((reach, span.offset))
                reach = max(reach, aligned(span.offset + span.size))
        gaps.append((reach, end))
    return max(gaps, key=lambda gap: gap[1] - gap[0])


def _with_scratch(plan: Plan, changed: dict[int, tuple[Lowered, int]]) -> Plan:
    """``plan`` with the scratch of the ``changed`` ops at their new offsets."""
    spans = []
    for span in plan.spans:
        if span.scratch_of in changed:
            low, first = changed[span.scratch_of]
            size = aligned(low.scratch_bytes)
            span = replace(span, offset=first, size=size, spare=size - span.size)
        spans.append(span)
    return replace(
        plan,
        scratch_offsets={**plan.scratch_offsets, **{op: first for op, (_, first) in changed.items()}},
        spans=tuple(sorted(spans, key=lambda s: (s.first, s.offset, s.last))),
        arena_bytes=max(plan.arena_bytes, *(span.offset + span.size for span in spans)),
    )
