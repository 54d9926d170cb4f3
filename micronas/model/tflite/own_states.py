"""The variable tensors of ops that keep their own state, SVDF and LSTM -> states of the graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.graph import STATE_POSITIONS, State
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor

_DTYPES: dict[str, type[np.int8 | np.int16]] = {"INT8": np.int8, "INT16": np.int16}


def with_own_states(model: RawModel) -> RawModel:
    """``model`` with each such tensor as an input and an output of its op; unchanged if it has none."""
    if not any(op.kind in STATE_POSITIONS and op.kind != "ASSIGN_VARIABLE" for op in model.ops):
        return model
    tensors, ops, states = list(model.tensors), [], list(model.states)
    for i, op in enumerate(model.ops):
        if op.kind not in STATE_POSITIONS or op.kind == "ASSIGN_VARIABLE":
            ops.append(op)
            continue
        held = [_held(model, i, op, position) for position, _ in STATE_POSITIONS[op.kind]]
        for before in held:
            if any(before == state.before for state in states):
                raise ModelError(f"op #{i} {op.kind} shares its state, tensor {before}, with another op")
            tensors[before] = replace(tensors[before], is_variable=False)
            tensors.append(tensors[before])
            states.append(State(before, len(tensors) - 1, _initial(i, op, tensors[before])))
        after = tuple(state.after for state in states[-len(held) :])
        ops.append(replace(op, outputs=(*op.outputs, *after)))
    return replace(model, tensors=tuple(tensors), ops=tuple(ops), states=tuple(states))


def _held(model: RawModel, index: int, op: RawOp, position: int) -> int:
    tensor = op.inputs[position] if position < len(op.inputs) else -1
    if not 0 <= tensor < len(model.tensors) or not model.tensors[tensor].is_variable:
        raise ModelError(f"op #{index} {op.kind}: its state, input {position}, is not a variable tensor")
    return tensor


def _initial(index: int, op: RawOp, tensor: RawTensor) -> npt.NDArray[np.generic]:
    """As TFLite Micro resets it: int8 by its zero point, int16 by 0."""
    if tensor.type_name not in _DTYPES:
        raise ModelError(
            f"op #{index} {op.kind} keeps its state in {tensor.type_name.lower()}, not int8 or int16"
        )
    is_int8 = tensor.type_name == "INT8"
    fill = tensor.zero_point[0] if is_int8 and tensor.zero_point else 0
    return np.full(tensor.shape, fill, _DTYPES[tensor.type_name])
