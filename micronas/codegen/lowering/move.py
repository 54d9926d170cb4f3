"""TRANSPOSE, STRIDED_SLICE, REVERSE_V2 and TILE: the output is a strided view of the input.

NumPy knows the view: an array that holds each element's own index is transposed or sliced, and its strides
are the kernel's steps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.codegen.lowering import Lowered, StructField
from micronas.codegen.lowering.operands import OpContext
from micronas.model.op_attributes import StridedSlice

_RANK = 5


def lower_transpose(context: OpContext) -> Lowered:
    """One call of ``mn_move_s8``."""
    order = tuple(int(a) for a in context.values(1).reshape(-1))
    return _lower(context, _indices(context).transpose(order))


def lower_strided_slice(context: OpContext) -> Lowered:
    """One call of ``mn_move_s8``."""
    attrs = context.op.attrs
    assert isinstance(attrs, StridedSlice)
    begin, end, strides = (context.values(i).reshape(-1) for i in (1, 2, 3))
    if attrs.ellipsis_mask or attrs.new_axis_mask:
        raise context.refuse("ellipsis and new-axis masks are not supported")
    slices = []
    for i, size in enumerate(context.input(0).shape[: len(begin)]):
        if attrs.shrink_axis_mask >> i & 1:
            first = int(begin[i]) % size
            slices.append(slice(first, first + 1))
        else:
            start = None if attrs.begin_mask >> i & 1 else int(begin[i])
            stop = None if attrs.end_mask >> i & 1 else int(end[i])
            slices.append(slice(start, stop, int(strides[i])))
    return _lower(context, _indices(context)[tuple(slices)])


def lower_reverse(context: OpContext) -> Lowered:
    """One call of ``mn_move_s8``, with negative steps."""
    return _lower(context, np.flip(_indices(context), [int(a) for a in context.values(1).reshape(-1)]))


def lower_tile(context: OpContext) -> Lowered:
    """One call of ``mn_move_s8``: a repetition is a dimension of step 0."""
    times = [int(m) for m in context.values(1).reshape(-1)]
    pairs = list(zip(times, context.input(0).shape, strict=True))
    dimensions = _indices(context).reshape([d for _, extent in pairs for d in (1, extent)])
    return _lower(context, _joined(np.broadcast_to(dimensions, [d for pair in pairs for d in pair])))


def _joined(view: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The same view in as few dimensions as it takes."""
    merged: list[tuple[int, int]] = []
    for extent, stride in zip(view.shape, view.strides, strict=True):
        if extent == 1:
            continue
        if merged and merged[-1][1] == extent * stride:
            extent *= merged.pop()[0]
        merged.append((extent, stride))
    shape, strides = [d for d, _ in merged], [s for _, s in merged]
    return np.lib.stride_tricks.as_strided(view, shape, strides)


def _indices(context: OpContext) -> npt.NDArray[np.int32]:
    x = context.activation(0)
    return np.arange(x.elements, dtype=np.int32).reshape(x.shape)


def _lower(context: OpContext, view: npt.NDArray[np.int32]) -> Lowered:
    if view.size != context.int8_output().elements or view.size == 0:
        raise context.refuse(f"the view of {view.size} elements does not fill {context.output().shape}")
    dimensions = [(d, s // view.itemsize) for d, s in zip(view.shape, view.strides, strict=True) if d > 1]
    if len(dimensions) > _RANK:
        raise context.refuse(f"{len(dimensions)} dimensions, the kernel has {_RANK}")
    full = [(1, 1)] * (_RANK - len(dimensions)) + dimensions
    return Lowered(
        op_index=context.index,
        kernel="mn_move_s8",
        header="mn_move.h",
        params_type="mn_move",
        params=(
            StructField("first", "int32_t", int(view.flat[0])),
            StructField("extent", "int32_t", tuple(d for d, _ in full)),
            StructField("step", "int32_t", tuple(s for _, s in full)),
        ),
        constants=(),
        arguments=(context.argument(0),),
    )
