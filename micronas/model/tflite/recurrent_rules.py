"""Shape rules of the ops that keep a state of their own; see ``shape_rules``."""

from __future__ import annotations

import math

from micronas.model.graph import ABSENT, DType, Tensor
from micronas.model.op_attributes import Activation
from micronas.model.tflite.op_view import OpView, Shape

_LSTM_INPUTS = 24
_TANH = 4
_VARIANTS = {
    "peephole weights": range(9, 12),
    "a projection": range(16, 18),
    "layer normalisation": range(20, 24),
}


def svdf(v: OpView) -> tuple[Shape, ...]:
    """SVDF with an int16 state: (1, inputs) to (1, units), and the state."""
    v.arity(5)
    x, a = v.int8(0, rank=2), v.attrs()
    v.positive(rank=a.rank)
    filters, inputs = _constant(v, 1, DType.INT8, "feature weights", rank=2).shape
    rows, memory = _constant(v, 2, DType.INT16, "time weights", rank=2).shape
    if x.shape != (1, inputs) or rows != filters or filters % a.rank:
        raise v.refuse(
            f"weights for {inputs} inputs, {filters} filters and rank {a.rank} do not fit {x.shape}"
        )
    if v.op.inputs[3] != ABSENT:
        _bias(v, 3, filters // a.rank)
    _int16_state(v, 4, filters * memory)
    output = v.graph.tensors[v.op.outputs[0]]
    at_low_end = output.quant is not None and output.quant.zero_point == (-128,)
    if a.activation is not Activation.NONE and not (a.activation is Activation.RELU and at_low_end):
        raise v.refuse(f"TFLite's kernel does not apply {a.activation.value}")
    return (1, filters // a.rank), v.tensor(4).shape


def sequence_lstm(v: OpView) -> tuple[Shape, ...]:
    """An LSTM with an int8 hidden and an int16 cell state, over a sequence in one batch."""
    v.arity(_LSTM_INPUTS)
    x, a = v.int8(0, rank=3), v.attrs()
    _refuse_variants(v)
    steps_at = 0 if a.time_major else 1
    units = v.tensor(2).shape[0] if v.tensor(2).shape else 0
    if x.shape[1 - steps_at] != 1:
        raise v.refuse(f"input {x.shape} has a batch of {x.shape[1 - steps_at]}, not 1")
    for position in range(1, 9):
        shape = (units, x.shape[2] if position < 5 else units)
        if _constant(v, position, DType.INT8, "weights", rank=2).shape != shape:
            raise v.refuse(f"weights at input {position} are {v.tensor(position).shape}, not {shape}")
    for position in range(12, 16):
        _bias(v, position, units)
    if v.int8(18).elements != units:
        raise v.refuse(f"the hidden state has {v.tensor(18).elements} elements, not {units}")
    cell = _int16_state(v, 19, units)
    scale = cell.quant.scale[0] if cell.quant else 0.0
    if math.frexp(scale)[0] != 0.5 or not 2**-15 <= scale <= 1:
        raise v.refuse("the cell state's scale is not a power of two from 2^-15 to 1")
    return (*x.shape[:2], units), v.tensor(18).shape, cell.shape


def _refuse_variants(v: OpView) -> None:
    for name, positions in _VARIANTS.items():
        if any(v.op.inputs[p] != ABSENT for p in positions):
            raise v.refuse(f"has {name}, which TFLite Micro's kernel does not compute")
    if v.attrs().activation_code != _TANH:
        raise v.refuse(f"its activation has code {v.attrs().activation_code}, not {_TANH} (tanh)")
    if v.attrs().cell_clip < 0:
        raise v.refuse(f"cell_clip is {v.attrs().cell_clip:g}")


def _constant(v: OpView, position: int, dtype: DType, what: str, rank: int) -> Tensor:
    """Constant symmetric weights with one scale."""
    tensor = v.tensor(position)
    if tensor.data is None or tensor.dtype is not dtype or len(tensor.shape) != rank or min(tensor.shape) < 1:
        raise v.refuse(f"{what} (input {position}) must be a constant {dtype.value} tensor of rank {rank}")
    if tensor.quant is None or tensor.quant.per_channel or any(tensor.quant.zero_point):
        raise v.refuse(f"{what} (input {position}) must have one scale and zero point 0")
    v.check_scales(tensor, what)
    return tensor


def _bias(v: OpView, position: int, count: int) -> None:
    tensor = v.tensor(position)
    if tensor.data is None or tensor.dtype is not DType.INT32 or tensor.shape != (count,):
        raise v.refuse(f"bias (input {position}) must be a constant int32 vector of {count}")


def _int16_state(v: OpView, position: int, elements: int) -> Tensor:
    tensor = v.tensor(position)
    if tensor.dtype is not DType.INT16 or tensor.elements != elements:
        raise v.refuse(f"its state is {tensor.dtype.value} {tensor.shape}, not int16 of {elements} elements")
    if tensor.quant is None or tensor.quant.per_channel or any(tensor.quant.zero_point):
        raise v.refuse("its int16 state must have one scale and zero point 0")
    v.check_scales(tensor, "the state")
    return tensor
