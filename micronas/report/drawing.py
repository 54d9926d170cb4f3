"""A network as a drawing: its ops from top to bottom, their output shapes, and where bytes and cycles are.

It is as wide as a phone, so that its text is as large there as the page's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from micronas.memory.ledger.items import dims
from micronas.model.graph import Graph, Op
from micronas.model.op_attributes import Conv2D, DepthwiseConv2D, Pool2D
from micronas.report.front_networks import FrontNetwork

WIDTH, ROW, HEAD = 360, 30, 46
_BOX_LEFT, _BOX_WIDTH, _BOX_HEIGHT = 24, 104, 20
_BOX_MIDDLE = _BOX_LEFT + _BOX_WIDTH / 2
_SHAPE_LEFT = 133
_BARS_LEFT, _BAR_STEP, _BAR_WIDTH = 205, 53, 46
_LANES = 4

_KINDS = {"CONV_2D": "conv", "DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense"}


@dataclass(frozen=True)
class _Bars:
    """A column of bars: its two lines of heading, its values, and their unit for the tooltip."""

    heading: tuple[str, str]
    values: tuple[float, ...]
    unit: str

    def share(self, place: int) -> float:
        return self.values[place] / (max(self.values) or 1.0)


def draw(network: FrontNetwork) -> str:
    """The drawing as SVG text for a page with styles."""
    graph, bars = network.graph, _columns(network)
    height = HEAD + ROW * len(graph.ops) + _BOX_HEIGHT
    parts = [_headings(bars), _row_text(0, f"input {_shape(graph, graph.inputs[0])}")]
    parts += [_wire(graph, place) for place in range(len(graph.ops))]
    parts += [_op(network, place, bars) for place in range(len(graph.ops))]
    label = f"architecture of trial {network.record.trial.number}"
    head = f'<svg class="net" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">'
    return f"{head}{''.join(parts)}</svg>"


def op_title(graph: Graph, op: Op) -> str:
    """``Conv 3×3 /2``: kind, window and stride."""
    match op.attrs:
        case Conv2D(stride_h=stride):
            _, high, wide, _ = graph.tensors[op.inputs[1]].shape
            return f"Conv {high}×{wide}{_stride(stride)}"
        case DepthwiseConv2D(stride_h=stride):
            _, high, wide, _ = graph.tensors[op.inputs[1]].shape
            return f"Depthw. {high}×{wide}{_stride(stride)}"
        case Pool2D(filter_h=high, filter_w=wide, stride_h=stride):
            return f"{op.kind.split('_')[0].capitalize()} pool {high}×{wide}{_stride(stride)}"
    if op.kind == "FULLY_CONNECTED":
        return "Dense"
    return op.kind.replace("_", " ").capitalize()[:18]


def _stride(stride: int) -> str:
    return f" /{stride}" if stride > 1 else ""


def _columns(network: FrontNetwork) -> tuple[_Bars, ...]:
    rows, costs = network.ledger.ops, network.costs
    if len(rows) != len(network.graph.ops):
        return ()
    bars = (
        _Bars(("flash, B", "constants"), tuple(float(r.constant_bytes) for r in rows), "bytes of constants"),
        _Bars(("SRAM, B", "in use"), tuple(float(r.live_bytes) for r in rows), "bytes of the arena in use"),
    )
    if costs is None:
        return bars
    what, source = costs.what.split(", ")
    return (*bars, _Bars((what.replace("instructions", "instr."), source), costs.values, costs.what))


def _headings(bars: Sequence[_Bars]) -> str:
    texts = []
    for column, one in enumerate(bars):
        x = _BARS_LEFT + column * _BAR_STEP
        texts += [
            f'<text x="{x}" y="{12 + 11 * line}">{escape(t)}</text>' for line, t in enumerate(one.heading)
        ]
    return "".join(texts)


def _middle(place: int) -> float:
    """Height of an op's row; -1 is the input's."""
    return HEAD + ROW * (place + 1)


def _row_text(place: int, text: str) -> str:
    return f'<text x="{_BOX_MIDDLE}" y="{_middle(place - 1) + 3}" class="mid name">{escape(text)}</text>'


def _wire(graph: Graph, place: int) -> str:
    """Lines from the ops whose outputs this one reads: straight from the one above, else around the boxes."""
    x, parts = _BOX_MIDDLE, []
    for source in sources(graph, place):
        if source == place - 1:
            top = _middle(source) + (_BOX_HEIGHT / 2 if source >= 0 else 7)
            parts.append(
                f'<line class="wire" x1="{x}" x2="{x}" y1="{top}" y2="{_middle(place) - _BOX_HEIGHT / 2}"/>'
            )
        else:
            lane = _BOX_LEFT - 6 - 4 * (place % _LANES)
            start, end = _middle(source), _middle(place)
            parts.append(f'<path class="wire" d="M{_BOX_LEFT} {start}H{lane}V{end}H{_BOX_LEFT}"/>')
    return "".join(parts)


def sources(graph: Graph, place: int) -> list[int]:
    """The ops whose outputs op ``place`` reads, -1 for the network's input."""
    maker = {tensor: index for index, op in enumerate(graph.ops) for tensor in op.outputs}
    return [maker.get(tensor, -1) for tensor in graph.activation_inputs(graph.ops[place])]


def _op(network: FrontNetwork, place: int, bars: Sequence[_Bars]) -> str:
    graph = network.graph
    op, y = graph.ops[place], _middle(place)
    inner = [
        f"<title>{escape(_tip(network, place, bars))}</title>",
        f'<rect class="op {_KINDS.get(op.kind, "plain")}" x="{_BOX_LEFT}" y="{y - _BOX_HEIGHT / 2}" '
        f'width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="4"/>',
        f'<text x="{_BOX_MIDDLE}" y="{y + 4}" class="mid name">{escape(op_title(graph, op))}</text>',
        f'<text x="{_SHAPE_LEFT}" y="{y + 4}">{_shape(graph, op.outputs[0])}</text>',
    ]
    inner += [_bar(one, place, _BARS_LEFT + column * _BAR_STEP, y) for column, one in enumerate(bars)]
    return f"<g>{''.join(inner)}</g>"


def _bar(bars: _Bars, place: int, x: float, y: float) -> str:
    width = max(0.5, bars.share(place) * _BAR_WIDTH)
    return (
        f'<text x="{x}" y="{y}" class="small">{short(bars.values[place])}</text>'
        f'<rect class="share" x="{x}" y="{y + 3}" width="{width:.1f}" height="6"/>'
    )


def short(value: float) -> str:
    """``812``, ``23.7k`` or ``1.2M``: exact below 10,000."""
    if value < 10_000:
        return f"{value:,.0f}"
    return f"{value / 1000:.1f}k" if value < 1_000_000 else f"{value / 1_000_000:.1f}M"


def _tip(network: FrontNetwork, place: int, bars: Sequence[_Bars]) -> str:
    rows = network.ledger.ops
    title = (
        rows[place].title
        if len(rows) == len(network.graph.ops)
        else op_title(network.graph, network.graph.ops[place])
    )
    lines = [f"trial {network.record.trial.number}, {title}"]
    lines += [f"{one.values[place]:,.0f} {one.unit}" for one in bars]
    if network.ledger.lowered:
        lines.append(f"kernel {network.ledger.lowered[place].kernel}")
    return "\n".join(lines)


def _shape(graph: Graph, tensor: int) -> str:
    return escape(dims(graph.tensors[tensor].shape[1:]).replace("x", "×"))
