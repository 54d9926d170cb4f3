"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, which change their states where they lie."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering import Constant, Lowered, Ref, StructField
from micronas.codegen.lowering.operands import OpContext, int8_constant, quant_of
from micronas.model.fixed_point.multiplier import wrap_int32
from micronas.model.fixed_point.op_parameters import Requant
from micronas.model.fixed_point.recurrent import cell_parameters, gate_requant, svdf_parameters
from micronas.model.graph import Tensor
from micronas.model.op_attributes import SequenceLstm, Svdf

_GATES = ("input", "forget", "cell", "output")
_POWER_OF_Q3_12 = -12


def lower_svdf(context: OpContext) -> Lowered:
    """One call of ``mn_svdf_s8``; the outputs are y and the state."""
    attrs = context.op.attrs
    assert isinstance(attrs, Svdf)
    x, feature, time, state = (context.input(i) for i in (0, 1, 2, 4))
    y = context.int8_output()
    quants = [quant_of(context, tensor) for tensor in (x, feature, time, state, y)]
    factors = svdf_parameters(*quants)
    units = time.shape[0] // attrs.rank
    return Lowered(
        op_index=context.index,
        kernel="mn_svdf_s8",
        header="mn_svdf.h",
        params_type="mn_svdf",
        params=(
            StructField("feature_weights", "const int8_t *", Ref("feature_weights")),
            StructField("feature_bias", "const int32_t *", Ref("feature_bias")),
            StructField("time_weights", "const int16_t *", Ref("time_weights")),
            StructField("bias", "const int32_t *", Ref("bias")),
            StructField("in_n", "int32_t", feature.shape[1]),
            StructField("units", "int32_t", units),
            StructField("rank", "int32_t", attrs.rank),
            StructField("memory", "int32_t", time.shape[1]),
            *_factor("feature", factors.feature),
            *_factor("time", factors.time),
            StructField("out_zero_point", "int32_t", quant_of(context, y).zero_point[0]),
        ),
        constants=(
            int8_constant("feature_weights", feature),
            _folded_bias(context, "feature_bias", 1, None, 0),
            _int16_constant("time_weights", time),
            _bias(context, "bias", 3, units),
        ),
        arguments=(context.argument(0),),
    )


def lower_sequence_lstm(context: OpContext) -> Lowered:
    """One call of ``mn_lstm_s8``; the outputs are y, the hidden and the cell state."""
    attrs = context.op.attrs
    assert isinstance(attrs, SequenceLstm)
    x, hidden, cell = (context.input(i) for i in (0, 18, 19))
    units = hidden.elements
    factors = cell_parameters(quant_of(context, cell), quant_of(context, hidden), attrs.cell_clip)
    return Lowered(
        op_index=context.index,
        kernel="mn_lstm_s8",
        header="mn_lstm.h",
        params_type="mn_lstm",
        params=(
            *(field for number in range(4) for field in _gate_fields(context, number)),
            StructField("steps", "int32_t", x.elements // x.shape[2]),
            StructField("in_n", "int32_t", x.shape[2]),
            StructField("units", "int32_t", units),
            *_factor("forget", factors.forget),
            *_factor("update", factors.input),
            *_factor("hidden", factors.hidden),
            StructField("clip", "int32_t", factors.clip),
            StructField("tanh_shift", "int32_t", factors.power - _POWER_OF_Q3_12),
            StructField("out_zero_point", "int32_t", quant_of(context, hidden).zero_point[0]),
        ),
        constants=tuple(c for number in range(4) for c in _gate_constants(context, number)),
        arguments=(context.argument(0),),
    )


def _gate_fields(context: OpContext, number: int) -> tuple[StructField, ...]:
    gate = f"gates[{number}]"
    names = [
        f"{_GATES[number]}_{part}" for part in ("weights", "recurrent_weights", "bias", "recurrent_bias")
    ]
    sources = [quant_of(context, context.input(i)) for i in (0, 18)]
    weights = [quant_of(context, context.input(i + number)) for i in (1, 5)]
    own, recurrent = (gate_requant(s, w) for s, w in zip(sources, weights, strict=True))
    return (
        StructField(f"{gate}.weights", "const int8_t *", Ref(names[0])),
        StructField(f"{gate}.recurrent_weights", "const int8_t *", Ref(names[1])),
        StructField(f"{gate}.bias", "const int32_t *", Ref(names[2])),
        StructField(f"{gate}.recurrent_bias", "const int32_t *", Ref(names[3])),
        *_factor(f"{gate}.input", own),
        *_factor(f"{gate}.recurrent", recurrent),
    )


def _gate_constants(context: OpContext, number: int) -> tuple[Constant, ...]:
    name = _GATES[number]
    return (
        int8_constant(f"{name}_weights", context.constant(1 + number)),
        int8_constant(f"{name}_recurrent_weights", context.constant(5 + number)),
        _folded_bias(context, f"{name}_bias", 1 + number, 12 + number, 0),
        _folded_bias(context, f"{name}_recurrent_bias", 5 + number, None, 18),
    )


def _folded_bias(context: OpContext, name: str, weights: int, bias: int | None, source: int) -> Constant:
    """bias - zero_point * sum(weights): the kernels multiply their inputs as they are."""
    tensor = context.constant(weights)
    if tensor.data is None:
        return Constant(name, "int32_t", tensor.shape[0])
    zero_point = quant_of(context, context.input(source)).zero_point[0]
    folded = -zero_point * tensor.data.astype(np.int64).sum(axis=1)
    if bias is not None:
        folded = folded + context.values(bias)
    return Constant(name, "int32_t", tensor.shape[0], wrap_int32(folded).astype(np.int32))


def _int16_constant(name: str, tensor: Tensor) -> Constant:
    values = None if tensor.data is None else tensor.data.reshape(-1)
    return Constant(name, "int16_t", tensor.elements, values)


def _bias(context: OpContext, name: str, position: int, count: int) -> Constant:
    values = context.values(position) if context.has_input(position) else np.zeros(count, np.int64)
    return Constant(name, "int32_t", count, values.astype(np.int32))


def _factor(name: str, factor: Requant) -> tuple[StructField, StructField]:
    return (
        StructField(f"{name}_multiplier", "int32_t", factor.multiplier),
        StructField(f"{name}_shift", "int32_t", factor.shift),
    )
