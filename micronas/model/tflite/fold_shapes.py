"""Shapes that a file computes at run time, computed once: SHAPE -> STRIDED_SLICE -> PACK -> RESHAPE.

Keras writes this chain for ``Flatten`` and ``Reshape`` when ``Input`` has no batch size. With the batch of 1
that a microcontroller runs, every dimension is known, so the integers become constants and the ops go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.model.op_attributes import Axis, Concatenation, Pack, Reduce, StridedSlice
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor

Integers = npt.NDArray[np.int64]

_TYPES = {"INT32": "<i4", "INT64": "<i8"}
_MOST_ELEMENTS = 64
"""Of a shape or its parts. Anything larger is data, not a shape."""


def fold_shapes(model: RawModel) -> RawModel:
    """``model`` without the ops that compute with shapes alone; their results are constants of it."""
    tensors, kept, folded = list(model.tensors), [], []
    for op in model.ops:
        value = _value(op, tensors) if _foldable(op, model) else None
        if value is None:
            kept.append(op)
            continue
        t = op.outputs[0]
        data = np.frombuffer(value.astype(_TYPES[tensors[t].type_name]).tobytes(), np.uint8)
        tensors[t] = replace(tensors[t], shape=value.shape, data=data)
        folded.append(op)
    if not folded:
        return model
    return replace(model, tensors=tuple(tensors), ops=_needed(kept, folded, model.outputs))


def _needed(kept: list[RawOp], folded: list[RawOp], outputs: tuple[int, ...]) -> tuple[RawOp, ...]:
    """``kept`` without ops whose results only ``folded`` ones read."""
    unread = {t for op in folded for t in op.inputs}
    while True:
        read = {t for op in kept for t in op.inputs} | set(outputs)
        needed = [op for op in kept if not set(op.outputs) <= unread - read]
        if len(needed) == len(kept):
            return tuple(needed)
        unread |= {t for op in kept for t in op.inputs}
        kept = needed


def _foldable(op: RawOp, model: RawModel) -> bool:
    if op.kind != "SHAPE" and op.kind not in _FUNCTIONS:
        return False
    indices = (*op.inputs, *op.outputs)
    if len(op.outputs) != 1 or not op.inputs or not all(0 <= t < len(model.tensors) for t in indices):
        return False
    return op.outputs[0] not in model.outputs and model.tensors[op.outputs[0]].type_name in _TYPES


def _value(op: RawOp, tensors: Sequence[RawTensor]) -> Integers | None:
    """The op's result, or None if it depends on more than constants and known shapes."""
    sources = [tensors[t] for t in op.inputs]
    if op.kind == "SHAPE":
        return np.array(sources[0].shape, np.int64) if _is_known(sources[0]) else None
    values = [_integers(tensor) for tensor in sources]
    if any(value is None for value in values):
        return None
    try:
        return np.asarray(_FUNCTIONS[op.kind](op, values), np.int64)
    except (ValueError, IndexError, TypeError, AttributeError):
        return None  # the op stays, and is refused for what is wrong with it


def _is_known(tensor: RawTensor) -> bool:
    """Whether all dimensions but the first, the batch, are fixed."""
    return all(dim > 0 for dim in tensor.shape) and all(dim >= 0 for dim in tensor.signature[1:])


def _integers(tensor: RawTensor) -> Integers | None:
    dtype = _TYPES.get(tensor.type_name)
    if dtype is None or not tensor.data.size or tensor.data.size > _MOST_ELEMENTS * np.dtype(dtype).itemsize:
        return None
    elements = int(np.prod(tensor.shape, dtype=np.int64))
    if elements * np.dtype(dtype).itemsize != tensor.data.size:
        return None
    return np.frombuffer(tensor.data.tobytes(), dtype).astype(np.int64).reshape(tensor.shape)


def _strided_slice(op: RawOp, values: list[Any]) -> Integers:
    source, begin, end, strides = values
    a = op.attrs
    if not isinstance(a, StridedSlice) or a.ellipsis_mask or a.new_axis_mask:
        raise ValueError
    index: list[int | slice] = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        if a.shrink_axis_mask >> i & 1:
            index.append(int(first))
        else:
            start = None if a.begin_mask >> i & 1 else int(first)
            index.append(slice(start, None if a.end_mask >> i & 1 else int(last), int(step)))
    return np.asarray(source[tuple(index)])


def _gather(op: RawOp, values: list[Any]) -> Integers:
    return np.asarray(np.take(values[0], values[1], axis=_axis(op)))


def _axis(op: RawOp) -> int:
    assert isinstance(op.attrs, Axis | Concatenation | Pack)
    return op.attrs.axis


def _product(op: RawOp, values: list[Any]) -> Integers:
    assert isinstance(op.attrs, Reduce)
    axes = tuple(int(i) for i in np.ravel(values[1]))
    return np.asarray(np.prod(values[0], axis=axes, keepdims=op.attrs.keep_dims))


_FUNCTIONS: dict[str, Callable[[RawOp, list[Any]], Integers]] = {
    "ADD": lambda op, v: np.asarray(v[0] + v[1]),
    "CAST": lambda op, v: np.asarray(v[0]),
    "CONCATENATION": lambda op, v: np.concatenate(v, axis=_axis(op)),
    "EXPAND_DIMS": lambda op, v: np.expand_dims(v[0], int(v[1])),
    "GATHER": _gather,
    "MUL": lambda op, v: np.asarray(v[0] * v[1]),
    "PACK": lambda op, v: np.stack(v, axis=_axis(op)),
    "REDUCE_PROD": _product,
    "STRIDED_SLICE": _strided_slice,
    "SUB": lambda op, v: np.asarray(v[0] - v[1]),
}
