"""Lowering of an op that runs on some rows of its output at a time.

The op is lowered as if its images had as many rows as one step takes, so that kernel, scratch and blocks are
those of such an image. What differs from step to step (rows, and padding at the upper edge) is set in a copy
of the parameters. The lower edge needs nothing: the image of a step ends with its last row.
"""

from __future__ import annotations

from dataclasses import replace

from micronas.codegen.lowering import Lowered, RowCall, RowMember, StructField, Target
from micronas.codegen.lowering.lower import LOWERINGS
from micronas.codegen.lowering.operands import OpContext
from micronas.codegen.lowering.row_source import lower_row_source
from micronas.codegen.lowering.row_window import RowOp, row_bytes
from micronas.model.graph import Graph

ROW_KERNEL = "mn_drop_rows"
"""The function that networks with such ops call besides their kernels."""

_FEW_PIXELS = 255
"""Whose sum, of -128 each, is within 16 bits."""

_IMAGE = (RowMember("in_h", "in_rows"), RowMember("out_h", "out_rows"), RowMember("pad_top", "pad_top"))
_TURNED = (RowMember("in_w", "in_rows"), RowMember("out_w", "out_rows"), RowMember("pad_left", "pad_top"))
_POOLED = (RowMember("rows", "in_rows"), RowMember("begins", "second"), RowMember("ends", "out_rows"))


def lower_rows(graph: Graph, index: int, op: RowOp, rows: int, target: Target) -> Lowered:
    """Op ``index`` of ``graph`` in steps of ``rows`` rows."""
    if not op.reads:
        return lower_row_source(graph, op, rows)
    low = _gathering(graph, index, target) if op.gathers else _windows(graph, index, op, rows, target)
    x, y = (graph.tensors[t] for t in (op.reads[0], op.writes))
    members = _members(low, row_bytes(y))
    call = RowCall(members, row_bytes(x), row_bytes(y), rows, stride=op.stride, lasting=op.gathers)
    return replace(low, row_call=call)


def with_members_of(low: Lowered) -> Lowered:
    """``low`` after a change of its kernel: the members that a step sets have the new kernel's names."""
    assert low.row_call is not None
    return replace(low, row_call=replace(low.row_call, members=_members(low, low.row_call.y_bytes)))


def at_height(low: Lowered, rows: int) -> Lowered:
    """``low``, which runs by rows, with the parameters of a step of ``rows`` rows without padding above."""
    call = low.row_call
    assert call is not None
    change = {m.member: _less(m, call, call.rows - rows) for m in call.members}
    fields = (
        replace(f, value=f.value - change[f.name]) if f.name in change and isinstance(f.value, int) else f
        for f in low.params
    )
    return replace(low, params=tuple(fields))


def _less(member: RowMember, call: RowCall, fewer: int) -> int:
    """By how much a member is less in a step of ``fewer`` rows fewer."""
    return member.scale * {"out_rows": fewer, "in_rows": fewer * call.stride}.get(member.of, 0)


def _members(low: Lowered, y_bytes: int) -> tuple[RowMember, ...]:
    if low.params_type == "mn_depthwise":
        steps = {f.name: f.value for f in low.params if isinstance(f.value, int)}
        return _TURNED if steps["x_column"] > steps["x_row"] else _IMAGE
    if low.params_type in ("mn_conv2d", "mn_pool2d"):
        return _IMAGE
    if low.params_type in ("mn_conv2d_block", "mn_conv2d_lines", "mn_conv2d_tiles"):
        return tuple(replace(member, member=f"conv.{member.member}") for member in _IMAGE)
    if low.params_type == "mn_add":
        return (RowMember("shape.extent[3]", "out_rows", y_bytes),)
    return _POOLED if low.params_type == "mn_pool_rows" else (RowMember("count", "out_rows", y_bytes),)


def _windows(graph: Graph, index: int, op: RowOp, rows: int, target: Target) -> Lowered:
    tensors, columns = list(graph.tensors), graph.tensors[op.reads[0]].shape[2]
    for t, height in (*((t, op.most_in_rows(rows)) for t in op.reads), (op.writes, rows)):
        _, _, width, channels = tensors[t].shape
        tensors[t] = replace(tensors[t], shape=(1, height, width, channels))
    band = replace(graph, tensors=tuple(tensors), ops=(graph.ops[index],), states=())
    context = OpContext(band, 0, replace(target, upright=columns == 1, by_rows=True))
    return replace(LOWERINGS[context.op.kind](context), op_index=index)


def _gathering(graph: Graph, index: int, target: Target) -> Lowered:
    """The mean over all rows and columns; its sums are kept as int16, if these hold them, else as int32."""
    whole = LOWERINGS[graph.ops[index].kind](OpContext(graph, index, target))
    x = graph.tensors[graph.ops[index].inputs[0]]
    _, height, width, channels = x.shape
    few = height * width <= _FEW_PIXELS
    clamp = {f.name: f.value for f in whole.params}
    return Lowered(
        op_index=index,
        kernel="mn_average_few_rows_s8" if few else "mn_average_rows_s8",
        header="mn_pool_rows.h",
        params_type="mn_pool_rows",
        params=(
            StructField("rows", "int16_t", 0),
            StructField("columns", "int16_t", width),
            StructField("channels", "int16_t", channels),
            StructField("begins", "int16_t", 0),
            StructField("ends", "int16_t", 0),
            StructField("out_min", "int16_t", clamp["out_min"]),
            StructField("out_max", "int16_t", clamp["out_max"]),
            StructField("count", "int32_t", height * width),
        ),
        constants=(),
        arguments=whole.arguments,
        scratch_bytes=(2 if few else 4) * channels,
    )
