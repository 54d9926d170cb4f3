"""Lowered ops, kept by all that decides them.

The gate of a search lowers thousands of networks that consist of the same few hundred ops. A lowering depends
on its own op, on its tensors and on the target, so the answer for an equal op differs in its indices only. An
op that reads a state is lowered by the ops around it, too, and is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from micronas.codegen.lowering import Lowered, Ref, Target
from micronas.codegen.lowering.operands import OpContext
from micronas.model.graph import ABSENT, Tensor

KEPT_OPS = 4096
MOST_DATA_BYTES = 64
"""Of a constant with values: axes and shapes are smaller, weights of a trained network mostly larger."""
_BY_ITS_NEIGHBOURS = "READ_VARIABLE"

_kept: dict[Target, dict[Hashable, Lowered]] = {}


def lowered_op(context: OpContext, lower: Callable[[OpContext], Lowered]) -> Lowered:
    """``lower(context)``, or what it returned for an equal op, with the indices of this one."""
    key = _key(context, lower)
    if key is None:
        return lower(context)
    kept = _kept.setdefault(context.target, {})
    found = kept.get(key)
    if found is None:
        if len(kept) >= KEPT_OPS:
            kept.clear()
        lowered = lower(context)
        kept[key] = _renumbered(lowered, -1, {t: i for i, t in enumerate(context.op.inputs)})
        return lowered
    return _renumbered(found, context.index, dict(enumerate(context.op.inputs)))


def _renumbered(lowered: Lowered, op_index: int, numbers: dict[int, int]) -> Lowered:
    """With another number of the op, and arguments by other numbers."""
    arguments = tuple([a if isinstance(a, Ref) else numbers[a] for a in lowered.arguments])
    # As ``dataclasses.replace``, in half of its time.
    return Lowered(**{**vars(lowered), "op_index": op_index, "arguments": arguments})


def _key(context: OpContext, lower: Callable[[OpContext], Lowered]) -> Hashable | None:
    """All that a lowering may look at; None if that includes values too large to compare."""
    op, tensors = context.op, context.graph.tensors
    if op.kind == _BY_ITS_NEIGHBOURS:
        return None
    seen: list[Hashable] = [lower, op.kind, op.attrs]
    for number in (*op.inputs, *op.outputs):
        if number == ABSENT:
            seen.append(None)
            continue
        tensor = tensors[number]
        if tensor.data is not None and tensor.data.nbytes > MOST_DATA_BYTES:
            return None
        seen.append(_tensor_key(tensor))
    return *seen, len(op.inputs), *[op.inputs.index(number) for number in op.inputs]


def _tensor_key(tensor: Tensor) -> Hashable:
    """Of plain values, which Python compares fastest."""
    quant = tensor.quant
    scales = None if quant is None else (quant.scale, quant.zero_point, quant.axis)
    data = None if tensor.data is None else tensor.data.tobytes()
    return tensor.shape, tensor.dtype._value_, scales, tensor.is_constant, data
