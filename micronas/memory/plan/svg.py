"""The memory plan as a picture: bytes upwards, time to the right, one box per tensor."""

from __future__ import annotations

from html import escape

from micronas.memory.plan.arena_plan import Bank, Plan, Span
from micronas.model.graph import Graph

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 860, 320, 64, 34, 10


_STYLE = """<style>
text { font: 11px system-ui, sans-serif; fill: #667085 }
.mid { text-anchor: middle } .end { text-anchor: end } .name { fill: #1c2330 } .grid { stroke: #e3e6eb }
.bank { stroke: #1c2330; stroke-dasharray: 4 3 }
.tensor { fill: #7c93b8; fill-opacity: .55; stroke: #1f5fd0 }
.scratch { fill: #d9822b; fill-opacity: .55 }
</style><rect width="100%" height="100%" fill="#ffffff"/>"""


def plan_file(graph: Graph, plan: Plan) -> str:
    """The picture as a standalone SVG file with its style inside."""
    head, rest = plan_svg(graph, plan).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg">{_STYLE}{rest}\n'


def plan_svg(graph: Graph, plan: Plan) -> str:
    """SVG of ``plan`` for a page with styles; each box has a tooltip with its tensor and bytes."""
    steps = len(plan.order) + 2
    column = (_WIDTH - _LEFT) / steps
    scale = (_HEIGHT - _BOTTOM - _TOP) / max(1, plan.arena_bytes)
    parts = [_box(graph, plan, span, column, scale) for span in plan.spans]
    for step in range(steps):
        x = _LEFT + (step + 0.5) * column
        parts.append(f'<text class="mid" x="{x:.1f}" y="{_HEIGHT - 18}">{_step_name(plan, step)}</text>')
    parts += [_bank_text(bank, scale) for bank in plan.banks]
    for share in (0.0, 0.5, 1.0):
        y = _HEIGHT - _BOTTOM - share * plan.arena_bytes * scale
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = f"{share * plan.arena_bytes:,.0f}"
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{text}</text>')
    parts.append(f'<text class="mid name" x="{_WIDTH / 2}" y="{_HEIGHT - 3}">op</text>')
    return (
        f'<svg class="plan" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="memory plan">'
        + "".join(parts)
        + "</svg>"
    )


def _box(graph: Graph, plan: Plan, span: Span, column: float, scale: float) -> str:
    x, width = _LEFT + span.first * column, (span.last - span.first + 1) * column
    height = span.size * scale
    y = _HEIGHT - _BOTTOM - span.offset * scale - height
    kind = "scratch" if span.scratch_of is not None else "tensor"
    bank = plan.bank_at(span.offset)
    where = f"{span.offset - bank.start:,} of {bank.name}" if bank else f"{span.offset:,}"
    tip = f"{_name(graph, span)}: {span.size:,} bytes at {where}"
    return (
        f'<rect class="{kind}" x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height:.1f}">'
        f"<title>{escape(tip)}</title></rect>"
    )


def _bank_text(bank: Bank, scale: float) -> str:
    """A line at the start of the memory, and its name."""
    y = _HEIGHT - _BOTTOM - bank.start * scale
    return (
        f'<line class="bank" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="name" x="{_LEFT + 4}" y="{y - 4:.1f}">{escape(bank.name)}</text>'
    )


def _name(graph: Graph, span: Span) -> str:
    if span.scratch_of is not None:
        return f"scratch of op {span.scratch_of} ({graph.ops[span.scratch_of].kind})"
    tensor = span.tensors[0]
    shape = "x".join(str(n) for n in graph.tensors[tensor].shape[1:])
    maker = next((i for i, op in enumerate(graph.ops) if tensor in op.outputs), None)
    return f"input {shape}" if maker is None else f"output {shape} of op {maker} ({graph.ops[maker].kind})"


def _step_name(plan: Plan, step: int) -> str:
    if step == 0:
        return "in"
    return "out" if step > len(plan.order) else str(plan.order[step - 1])
