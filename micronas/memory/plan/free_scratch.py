"""Scratch for blocks from what a plan leaves free, and from an arena that may grow.

Only one op is at its peak; at the others' steps a part of the arena lies idle. Scratch lives for one step, so
it can move and grow within that step without moving anything else: no tensor changes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.blocks import by_blocks, step_sizes
from micronas.memory.plan.arena_plan import Plan, Span
from micronas.memory.plan.values import TENSOR_ALIGNMENT, aligned

Range: TypeAlias = tuple[int, int]
Cycles: TypeAlias = Callable[[Lowered], float]
"""What an op is modelled to take; only differences between sizes of its steps count."""

TOLERANCE = 0.005
"""Share of the cycles for which no arena grows: the model does not tell such differences apart."""


@dataclass(frozen=True, eq=False)
class _Place:
    """An op by larger steps, and the offset of its scratch."""

    low: Lowered
    first: int
    cycles: float = 0.0

    @property
    def end(self) -> int:
        return self.first + aligned(self.low.scratch_bytes)


def use_free_bytes(
    lowered: Sequence[Lowered], plan: Plan, limit_bytes: int = 0, cycles: Cycles | None = None
) -> tuple[tuple[Lowered, ...], Plan]:
    """``lowered`` with the largest blocks for which ``plan`` has room, and the plan with their scratch.

    An arena in one piece may grow to ``limit_bytes``, where that is more than it takes. With ``cycles`` it
    grows only where that saves some: it is the smallest arena that is within ``TOLERANCE`` of the fastest.
    """
    growing = [low for low in lowered if low.blocks is not None]
    if not growing:
        return tuple(lowered), plan
    step = {op: k + 1 for k, op in enumerate(plan.order)}
    live = _live_at(plan, {step[low.op_index] for low in growing})
    others = {
        low.op_index: [span for span in live[step[low.op_index]] if span.scratch_of != low.op_index]
        for low in growing
    }
    without_growth = _memories(plan, 0 if cycles else limit_bytes)
    found = {low.op_index: _largest(low, others[low.op_index], without_growth) for low in growing}
    if cycles and not plan.banks and limit_bytes > plan.arena_bytes:
        larger = _memories(plan, limit_bytes)
        offers = {
            low.op_index: _offers(low, others[low.op_index], larger, plan.arena_bytes, cycles)
            for low in growing
        }
        found |= _chosen({op: replace(at, cycles=cycles(at.low)) for op, at in found.items()}, offers)
    changed = {op: at for op, at in found.items() if at.low.blocks is None}
    after = tuple(changed[low.op_index].low if low.op_index in changed else low for low in lowered)
    return after, _with_scratch(plan, changed)


def _largest(low: Lowered, others: Sequence[Span], memories: Sequence[Range]) -> _Place:
    first, end = max(_gaps(others, memories), key=lambda gap: gap[1] - gap[0])
    return _Place(by_blocks(low, end - first), first)


def _offers(
    low: Lowered, others: Sequence[Span], memories: Sequence[Range], arena_bytes: int, cycles: Cycles
) -> list[_Place]:
    """Larger steps for which the arena would have to grow, each where it grows least."""
    gaps = _gaps(others, memories)
    offers = []
    for larger in step_sizes(low, max(end - first for first, end in gaps)):
        needed = aligned(larger.scratch_bytes)
        at = _Place(larger, next(first for first, end in gaps if end - first >= needed))
        if at.end > arena_bytes:
            offers.append(replace(at, cycles=cycles(larger)))
    return offers


def _chosen(now: dict[int, _Place], offers: dict[int, list[_Place]]) -> dict[int, _Place]:
    """The best place of each op in the smallest arena that is within ``TOLERANCE`` of the fastest."""

    def best(arena_bytes: float) -> dict[int, _Place]:
        return {
            op: min((at, *(o for o in offers[op] if o.end <= arena_bytes)), key=lambda o: o.cycles)
            for op, at in now.items()
        }

    def total(places: dict[int, _Place]) -> float:
        return sum(at.cycles for at in places.values())

    enough = total(best(float("inf"))) + TOLERANCE * total(now)
    if total(now) <= enough:
        return now
    ends = sorted({o.end for each in offers.values() for o in each})
    return next(places for places in map(best, ends) if total(places) <= enough)


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


def _gaps(spans: Sequence[Span], memories: Sequence[Range]) -> list[Range]:
    """The ranges of whole words that no span takes, the lowest first."""
    gaps = [(0, 0)]
    for start, end in memories:
        reach = start
        for span in sorted(spans, key=lambda span: span.offset):
            if start <= span.offset < end:
                gaps.append((reach, span.offset))
                reach = max(reach, aligned(span.offset + span.size))
        gaps.append((reach, end))
    return gaps


def _with_scratch(plan: Plan, changed: dict[int, _Place]) -> Plan:
    """``plan`` with the scratch of the ``changed`` ops at their new offsets."""
    spans = []
    for span in plan.spans:
        if span.scratch_of in changed:
            at = changed[span.scratch_of]
            size = at.end - at.first
            span = replace(span, offset=at.first, size=size, spare=size - span.size)
        spans.append(span)
    spans += _new_spans(plan, changed)
    arena_bytes = max(plan.arena_bytes, *(span.offset + span.size for span in spans))
    return replace(
        plan,
        scratch_offsets={**plan.scratch_offsets, **{op: at.first for op, at in changed.items()}},
        spans=tuple(sorted(spans, key=lambda s: (s.first, s.offset, s.last))),
        arena_bytes=arena_bytes,
        grown_bytes=arena_bytes - plan.arena_bytes,
    )


def _new_spans(plan: Plan, changed: dict[int, _Place]) -> list[Span]:
    """The scratch of ops that had none before."""
    had = {span.scratch_of for span in plan.spans}
    found = []
    for step, op in enumerate(plan.order, 1):
        if op in changed and op not in had:
            at = changed[op]
            size = at.end - at.first
            found.append(Span(at.first, size, step, step, scratch_of=op, spare=size))
    return found
