"""Consistency checks of a graph: each value is written once, before it is read, with the right shape."""

from __future__ import annotations

import math

from micronas.errors import ModelError, plural
from micronas.model.graph import ABSENT, DType, Graph, state_updates
from micronas.model.tflite.op_view import OpView, Shape
from micronas.model.tflite.shape_rules import RULES

MAX_ACTIVATION_BYTES = 1 << 28
"""No microcontroller has close to 256 MB; a larger tensor means a damaged shape."""

_NOT_RESCALED = frozenset(
    {
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "EXPAND_DIMS",
        "MAX_POOL_2D",
        "PAD",
        "PADV2",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "SPLIT",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TRANSPOSE",
    }
)
_FLATTENED = frozenset({"FULLY_CONNECTED"})


def check_structure(graph: Graph) -> None:
    """Raise ``ModelError`` that names the op, for the first inconsistency."""
    for t in (*graph.inputs, *graph.outputs):
        _check_size(graph, t)
    _check_order(graph)
    for i in range(len(graph.ops)):
        _check_op(OpView(graph, i))


def _check_order(graph: Graph) -> None:
    written = set(graph.sources)
    if len(written) != len(graph.sources):
        raise ModelError("a tensor is listed twice as an input of the graph")
    if any(graph.tensors[t].is_constant for t in written):
        raise ModelError("an input of the graph is a constant")
    for i in range(len(graph.ops)):
        view = OpView(graph, i)
        for t in view.op.inputs:
            if t != ABSENT and not graph.tensors[t].is_constant and t not in written:
                raise view.refuse(f"reads tensor {t}, which is not written yet")
        for t in view.op.outputs:
            if t in written or graph.tensors[t].is_constant:
                raise view.refuse(f"writes tensor {t}, which already has a value")
            written.add(t)
    for t in graph.outputs:
        if t not in written:
            raise ModelError(f"output tensor {t} is never written")


def _check_op(view: OpView) -> None:
    if not view.graph.activation_inputs(view.op):
        raise view.refuse("has only constant inputs; let the converter fold it")
    expected = RULES[view.op.kind](view)
    if view.op.kind in _NOT_RESCALED:
        _check_same_scale(view)
    if len(expected) != len(view.op.outputs):
        raise view.refuse(f"{plural(len(view.op.outputs), 'output')}, not {len(expected)}")
    for t, shape in zip(view.op.outputs, expected, strict=True):
        _check_size(view.graph, t)
        _check_output(view, t, shape)


def _check_same_scale(view: OpView) -> None:
    """TFLite's kernels of these ops move or compare the bytes as they are."""
    op, tensors = view.op, view.graph.tensors
    ends = [t for t in (*op.inputs, *op.outputs) if t != ABSENT and tensors[t].dtype is DType.INT8]
    quants = [quant for t in ends if (quant := tensors[t].quant) is not None]
    if not all(quants[0].alike(quant) for quant in quants):
        raise view.refuse(
            "input and output have different scales or zero points, which TFLite's kernel does not rescale"
        )


def _check_output(view: OpView, t: int, shape: Shape) -> None:
    tensor = view.graph.tensors[t]
    flat_alike = view.op.kind in _FLATTENED and math.prod(tensor.shape) == math.prod(shape)
    if tensor.shape != shape and not (flat_alike and tensor.shape[-1:] == shape[-1:]):
        raise view.refuse(f"output has shape {tensor.shape}, but {shape} follows from its inputs")
    if any(after == t and tensor.dtype is DType.INT16 for _, after in state_updates(view.op)):
        return  # a state, which the op's rule has checked
    special = {"DEQUANTIZE": DType.FLOAT32, "ARG_MAX": DType.INT32}.get(view.op.kind)
    if view.op.kind == "QUANTIZE" and tensor.dtype is DType.UINT8:
        view.check_uint8(tensor, "output")
    elif special is None:
        view.check_int8(tensor, "output")
    elif tensor.dtype is not special:
        raise view.refuse(f"output is {tensor.dtype.value}, not {special.value}")


def _check_size(graph: Graph, t: int) -> None:
    tensor = graph.tensors[t]
    if any(dim < 1 for dim in tensor.shape) or len(tensor.shape) > 5 or tensor.nbytes > MAX_ACTIVATION_BYTES:
        raise ModelError(f"tensor {t} ({tensor.name}) has the shape {tensor.shape}")
