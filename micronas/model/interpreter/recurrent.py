"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: each takes its state and gives the next one."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.int16_functions import sigmoid_int16, tanh_int16
from micronas.model.fixed_point.multiplier import IntArray, multiply_by_quantized_multiplier, wrap_int32
from micronas.model.fixed_point.op_parameters import Requant
from micronas.model.fixed_point.recurrent import cell_parameters, gate_requant, svdf_parameters
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    input_tensor,
    optional_data,
    output_tensor,
    quant_of,
)
from micronas.model.op_attributes import SequenceLstm, Svdf


def prepare_svdf(graph: Graph, op: Op) -> Kernel:
    """SVDF: each filter's newest value joins its memory; a unit sums its filters, weighted over time."""
    attrs = op.attrs
    assert isinstance(attrs, Svdf)
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    source, output = quant_of(x), quant_of(y)
    feature, time = data_of(graph, op, 1).astype(np.int64), data_of(graph, op, 2).astype(np.int64)
    weights, weights_in_time, state = (quant_of(input_tensor(graph, op, i)) for i in (1, 2, 4))
    parameters = svdf_parameters(source, weights, weights_in_time, state, output)
    bias = optional_data(graph, op, 3)
    shape = input_tensor(graph, op, 4).shape

    def run(values: list[Any]) -> list[Array]:
        centred = values[0].reshape(len(values[0]), -1).astype(np.int64) - source.zero_point[0]
        newest = np.clip(_scaled(centred @ feature.T, parameters.feature), -(2**15), 2**15 - 1)
        memory = values[4].reshape(len(centred), *time.shape).astype(np.int64)
        memory = np.concatenate([memory[:, :, 1:], newest[:, :, np.newaxis]], axis=2)
        sums = (memory * time).sum(axis=2).reshape(len(centred), -1, attrs.rank).sum(axis=2)
        total = wrap_int32(sums if bias is None else sums + bias.astype(np.int64))
        result = np.clip(_scaled(total, parameters.time) + output.zero_point[0], -128, 127)
        held = memory.astype(np.int16).reshape(len(centred), *shape)
        return [result.astype(np.int8).reshape(-1, *y.shape), held]

    return run


def prepare_lstm(graph: Graph, op: Op) -> Kernel:
    """The LSTM: four gates per step; int16 throughout, the hidden state in int8."""
    attrs = op.attrs
    assert isinstance(attrs, SequenceLstm)
    x, hidden, cell = (input_tensor(graph, op, i) for i in (0, 18, 19))
    y, zero_point = output_tensor(graph, op), quant_of(hidden).zero_point[0]
    factors = cell_parameters(quant_of(cell), quant_of(hidden), attrs.cell_clip)
    gates = [_Gate(graph, op, number) for number in range(4)]

    def step(row: IntArray, h: IntArray, c: IntArray) -> tuple[IntArray, IntArray]:
        sums = [gate(row, h) for gate in gates]
        update, forget, output = (sigmoid_int16(sums[i]) for i in (0, 1, 3))
        kept = _int16(_scaled(forget * c, factors.forget))
        new = _int16(_scaled(update * tanh_int16(sums[2], -12), factors.input))
        c = _int16(kept + new)
        if factors.clip:
            c = np.clip(c, -factors.clip, factors.clip)
        product = tanh_int16(c, factors.power) * output
        return np.clip(_scaled(product, factors.hidden) + zero_point, -128, 127), c

    def run(values: list[Any]) -> list[Array]:
        samples = len(values[0])
        rows = values[0].reshape(samples, -1, x.shape[2]).astype(np.int64)
        h, c = (values[i].reshape(samples, -1).astype(np.int64) for i in (18, 19))
        outputs = []
        for number in range(rows.shape[1]):
            h, c = step(rows[:, number], h, c)
            outputs.append(h)
        result = np.stack(outputs, axis=1).astype(np.int8).reshape(samples, *y.shape)
        states = (h.astype(np.int8).reshape(samples, *hidden.shape), c.astype(np.int16))
        return [result, states[0], states[1].reshape(samples, *cell.shape)]

    return run


class _Gate:
    """The sum of a gate in Q3.12: weights of the input and of the hidden state, each rescaled by itself."""

    def __init__(self, graph: Graph, op: Op, number: int) -> None:
        self._bias = data_of(graph, op, 12 + number).astype(np.int64)
        self._weights = [data_of(graph, op, i + number).astype(np.int64).T for i in (1, 5)]
        sources = [quant_of(input_tensor(graph, op, i)) for i in (0, 18)]
        weights = [quant_of(input_tensor(graph, op, i + number)) for i in (1, 5)]
        self._zero_points = [quant.zero_point[0] for quant in sources]
        self._factors = [gate_requant(s, w) for s, w in zip(sources, weights, strict=True)]

    def __call__(self, row: IntArray, hidden: IntArray) -> IntArray:
        from_input = wrap_int32((row - self._zero_points[0]) @ self._weights[0] + self._bias)
        from_hidden = wrap_int32((hidden - self._zero_points[1]) @ self._weights[1])
        return _int16(
            _int16(_scaled(from_input, self._factors[0])) + _int16(_scaled(from_hidden, self._factors[1]))
        )


def _scaled(value: IntArray, factor: Requant) -> IntArray:
    return multiply_by_quantized_multiplier(value, factor.multiplier, factor.shift)


def _int16(value: IntArray) -> IntArray:
    return np.clip(value, -(2**15), 2**15 - 1)
