"""A function that the converter left in float, as an int8 function: DEQUANTIZE -> ELU -> QUANTIZE.

TensorFlow's converter quantizes no ELU. All three ops together map each of 256 values to one, and so does
TensorFlow Lite Micro's int8 ELU. Where its table is the same, the three ops become that one. It nearly always
is: the two differ only in how they round, and a value on the border is left in float, which is then refused.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from micronas.errors import ModelError
from micronas.model.fixed_point.lookup_tables import lookup_table
from micronas.model.fixed_point.multiplier import INT8_MAX, INT8_MIN
from micronas.model.graph import Quant
from micronas.model.op_attributes import NoAttrs
from micronas.model.tflite.decode import RawModel, RawOp, RawTensor

_MARGIN = 1e-4
"""Of an output step: further from a border of rounding than the float functions of two C libraries differ."""


def fold_float_functions(model: RawModel) -> RawModel:
    """``model`` with each DEQUANTIZE -> ELU -> QUANTIZE of equal results as an int8 ELU."""
    chains = [chain for i in range(len(model.ops)) if (chain := _chain(model, i)) is not None]
    if not chains:
        return model
    folded = {id(chain[-1]): chain for chain in chains}
    gone = {id(op) for chain in chains for op in chain[:-1]}
    ops = tuple(_folded(folded[id(op)]) if id(op) in folded else op for op in model.ops if id(op) not in gone)
    return replace(model, ops=ops)


def _folded(chain: tuple[RawOp, RawOp, RawOp]) -> RawOp:
    return replace(chain[1], inputs=chain[0].inputs, outputs=chain[2].outputs)


def _chain(model: RawModel, index: int) -> tuple[RawOp, RawOp, RawOp] | None:
    """The three ops around the ELU at ``index``, if nothing else reads what they pass on."""
    elu = model.ops[index]
    if elu.kind != "ELU" or (len(elu.inputs), len(elu.outputs)) != (1, 1):
        return None
    read = Counter(t for op in model.ops for t in op.inputs) + Counter(model.outputs)
    if read[elu.inputs[0]] != 1 or read[elu.outputs[0]] != 1:
        return None
    before = next((op for op in model.ops if op.kind == "DEQUANTIZE" and op.outputs == elu.inputs), None)
    after = next((op for op in model.ops if op.kind == "QUANTIZE" and op.inputs == elu.outputs), None)
    if before is None or after is None or (len(before.inputs), len(after.outputs)) != (1, 1):
        return None
    return (before, elu, after) if _same_results(model, before, after) else None


def _same_results(model: RawModel, before: RawOp, after: RawOp) -> bool:
    ends = (before.inputs[0], after.outputs[0])
    if not all(0 <= t < len(model.tensors) for t in ends):
        return False
    source, output = (_quant(model.tensors[t]) for t in ends)
    if source is None or output is None:
        return False
    try:
        table = lookup_table("ELU", source, output, NoAttrs())
    except ModelError:
        return False
    return all(
        _in_float(value, source, output) == int(table[value - INT8_MIN])
        for value in range(INT8_MIN, INT8_MAX + 1)
    )


def _quant(tensor: RawTensor) -> Quant | None:
    is_int8 = tensor.type_name == "INT8" and (len(tensor.scale), len(tensor.zero_point)) == (1, 1)
    positive = is_int8 and math.isfinite(tensor.scale[0]) and tensor.scale[0] > 0
    return Quant(tensor.scale, tensor.zero_point) if positive else None


def _in_float(value: int, source: Quant, output: Quant) -> int | None:
    """What the three ops make of ``value``; None if it is too close to a border of rounding."""
    real = np.float32(source.scale[0] * (value - source.zero_point[0]))
    made = real if real >= 0 else np.float32(math.expm1(real))
    steps = float(made / np.float32(output.scale[0]))
    if real < 0 and abs(abs(steps) % 1.0 - 0.5) < _MARGIN:
        return None
    rounded = math.copysign(math.floor(abs(steps) + 0.5), steps)
    return int(np.clip(rounded + output.zero_point[0], INT8_MIN, INT8_MAX))
