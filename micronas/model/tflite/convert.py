"""Decoded file -> ``Graph``: checks first, then tensors and ops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.graph import ABSENT, DType, Graph, Op, Quant, Tensor
from micronas.model.tflite.decode import RawModel, RawTensor
from micronas.model.tflite.float_functions import fold_float_functions
from micronas.model.tflite.fold_shapes import fold_shapes
from micronas.model.tflite.refuse import WEIGHTED, refuse_foreign
from micronas.model.tflite.structure import check_structure
from micronas.model.tflite.variables import with_states

MAX_RANK = 8


def to_graph(model: RawModel, name: str) -> Graph:
    """The graph of a decoded int8 model; raises ``ModelError`` for unsupported models."""
    model = fold_float_functions(fold_shapes(with_states(model)))
    refuse_foreign(model)
    used, biases = _used_tensors(model), _biases(model)
    graph = Graph(
        name=name,
        tensors=tuple(_tensor(raw, i, i in used, i in biases) for i, raw in enumerate(model.tensors)),
        ops=tuple(Op(op.kind, op.inputs, op.outputs, op.attrs) for op in model.ops),
        inputs=model.inputs,
        outputs=model.outputs,
        states=model.states,
    )
    check_structure(graph)
    return graph


def _used_tensors(model: RawModel) -> frozenset[int]:
    used = {t for op in model.ops for t in (*op.inputs, *op.outputs)}
    return frozenset(used | set(model.inputs) | set(model.outputs)) - {ABSENT}


def _biases(model: RawModel) -> frozenset[int]:
    """Constants that are the bias of an op, and nothing else."""
    at = dict.fromkeys(WEIGHTED, 2) | {"TRANSPOSE_CONV": 3}
    places = [(t, k == at.get(op.kind)) for op in model.ops for k, t in enumerate(op.inputs) if t != ABSENT]
    biases, others = {t for t, is_bias in places if is_bias}, {t for t, is_bias in places if not is_bias}
    return frozenset(t for t in biases - others if model.tensors[t].type_name == "INT32")


def _without_ones(raw: RawTensor) -> tuple[int, ...]:
    """A bias is a vector, though converters have written it as (16, 1), and with its weights' axis."""
    return tuple(dim for dim in raw.shape if dim != 1) or (math.prod(raw.shape),)


def _tensor(raw: RawTensor, index: int, used: bool, is_bias: bool) -> Tensor:
    """Unused tensors may be of any type (their data is dropped); the writer leaves them out."""
    if not used:
        return Tensor(raw.name, (0,), DType.INT8)
    raw = replace(raw, shape=_without_ones(raw)) if is_bias else raw
    _check_form(raw, index)
    data = _constant(raw, index)
    return Tensor(
        name=raw.name,
        shape=raw.shape,
        dtype=DType[raw.type_name],
        quant=_quant(replace(raw, axis=0) if is_bias else raw, index),
        is_constant=data is not None,
        data=data,
    )


def _check_form(raw: RawTensor, index: int) -> None:
    if raw.type_name not in DType.__members__:
        raise ModelError(f"tensor {index} ({raw.name}) is of type {raw.type_name.lower()}")
    empty_matrix = len(raw.shape) > 1 and 0 in raw.shape
    if len(raw.shape) > MAX_RANK or any(dim < 0 for dim in raw.shape) or empty_matrix:
        raise ModelError(f"tensor {index} ({raw.name}) has an invalid shape: the file is damaged")


def _constant(raw: RawTensor, index: int) -> npt.NDArray[np.generic] | None:
    elements = math.prod(raw.shape)
    dtype = np.dtype(DType[raw.type_name].value).newbyteorder("<")
    if raw.data.size == 0 and elements > 0:
        return None
    if raw.data.size != elements * dtype.itemsize:
        raise ModelError(
            f"tensor {index} ({raw.name}) of shape {raw.shape} has {raw.data.size} bytes of data, "
            f"not {elements * dtype.itemsize}: the file is damaged"
        )
    return np.frombuffer(raw.data.tobytes(), dtype).reshape(raw.shape)


def _quant(raw: RawTensor, index: int) -> Quant | None:
    if not raw.scale:
        return None
    where = f"tensor {index} ({raw.name})"
    if not raw.zero_point and raw.type_name in ("INT8", "UINT8"):
        raise ModelError(
            f"{where} has a scale but no zero point; TensorFlow Lite refuses it too, "
            "and TensorFlow Lite Micro ignores the scale",
            remedy="convert the model again; a converter writes both",
        )
    zero_point = raw.zero_point or (0,) * len(raw.scale)
    if len(zero_point) != len(raw.scale):
        raise ModelError(f"{where} has {len(raw.scale)} scales and {len(zero_point)} zero points")
    if not all(0.0 < s < math.inf or (s == 0.0 and len(raw.scale) > 1) for s in raw.scale):
        raise ModelError(f"{where} has a scale that is not a positive number")
    if len(raw.scale) == 1:
        return Quant(raw.scale, zero_point)
    if not 0 <= raw.axis < len(raw.shape) or raw.shape[raw.axis] != len(raw.scale):
        raise ModelError(f"{where}: {len(raw.scale)} scales do not fit axis {raw.axis} of {raw.shape}")
    return Quant(raw.scale, zero_point, raw.axis)
