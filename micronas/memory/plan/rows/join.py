"""One plan of a chain that runs by rows and of the ops after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from micronas.codegen.lowering import Lowered
from micronas.memory.plan.arena_plan import Plan, Span
from micronas.memory.plan.rows import RowChain
from micronas.memory.plan.rows.rivals import RowBuffer
from micronas.memory.plan.rows.streamed import ChainLayout, PlacedChain


@dataclass(frozen=True, eq=False)
class RowPlan:
    """A plan and the lowered ops that it is of; those of its chain run by rows."""

    plan: Plan
    lowered: tuple[Lowered, ...]


def join(placed_chain: PlacedChain) -> RowPlan:
    """The plan of a chain and of the ops after it."""
    parts, streamed, layout = placed_chain.parts, placed_chain.streamed, placed_chain.layout
    chain, buffers, steps = parts.chain, streamed.buffers, streamed.schedule.steps
    length, rest, shift = len(chain.ops), layout.rest, layout.rest_shift
    placed = {b.name: offset for b, offset in zip(buffers, layout.offsets, strict=True)}
    tensors = {t: offset for (kind, t), offset in placed.items() if kind == "tensor"}
    scratch = {op: offset for (kind, op), offset in placed.items() if kind == "scratch"}
    spans = _chain_spans(chain, buffers, layout)
    live = streamed.live
    bound, peak = int(live.max()), steps[int(np.argmax(live))].op
    peak_op: int | None = peak
    if rest is not None:
        tensors |= {t: at + shift for t, at in rest.offsets.items()}
        scratch |= {op + length: at + shift for op, at in rest.scratch_offsets.items()}
        spans += [_later(span, length, shift) for span in rest.spans]
        if rest.bound_bytes > bound:
            bound = rest.bound_bytes
            peak_op = None if rest.peak_op is None else rest.peak_op + length
    plan = Plan(
        order=(*range(length), *(op + length for op in (rest.order if rest else ()))),
        offsets=dict(sorted(tensors.items())),
        scratch_offsets=dict(sorted(scratch.items())),
        spans=tuple(sorted(spans, key=lambda s: (s.first, s.offset, s.last))),
        arena_bytes=layout.arena_bytes,
        bound_bytes=bound,
        peak_op=peak_op,
        row_steps=steps,
    )
    after = tuple(replace(low, op_index=low.op_index + length) for low in parts.rest_lowered)
    return RowPlan(plan, (*streamed.lowered, *after))


def _chain_spans(chain: RowChain, buffers: Sequence[RowBuffer], layout: ChainLayout) -> list[Span]:
    """All buffers of the chain are in use from its first op to its last, the input also before that."""
    length, source = len(chain.ops), next(iter(chain.ops[0].reads), None)
    spans = []
    for buffer, offset in zip(buffers, layout.offsets, strict=True):
        kind, which = buffer.name
        if kind == "scratch":
            spans.append(Span(offset, buffer.size, 1, length, scratch_of=which))
        elif which != chain.output:
            spans.append(Span(offset, buffer.size, 0 if which == source else 1, length, (which,)))
        elif layout.rest is None:
            spans.append(Span(offset, buffer.size, 1, length + 1, (which,)))
    return spans


def _later(span: Span, length: int, shift: int) -> Span:
    """A span of the ops after the chain. Their input is the chain's output, in use from the first op on."""
    scratch_of = None if span.scratch_of is None else span.scratch_of + length
    first = 1 if span.first == 0 else span.first + length
    offset, last = span.offset + shift, span.last + length
    return replace(span, offset=offset, first=first, last=last, scratch_of=scratch_of)
