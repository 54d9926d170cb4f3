"""Random ops that keep a state of their own."""

from __future__ import annotations

import numpy as np

from micronas.model.graph import ABSENT, DType, Graph, Quant
from micronas.model.op_attributes import Activation, SequenceLstm, Svdf
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.random_parts import chance, int8_values, pick, random_quant

Rng = np.random.Generator


def svdf(rng: Rng) -> Graph:
    inputs, units, rank, memory = (int(v) for v in rng.integers(1, 9, 4))
    filters, b, x_quant = units * rank, GraphBuilder(), random_quant(rng, 10.0 ** rng.uniform(-2, -1))
    feature, time = _weights(10.0 ** rng.uniform(-3, -2)), _weights(10.0 ** rng.uniform(-5, -4))
    state_quant = _weights(x_quant.scale[0] * feature.scale[0] * 10.0 ** rng.uniform(-1, 1))
    sums = float32(np.float32(state_quant.scale[0]) * np.float32(time.scale[0]))
    relu = chance(rng, 0.5)
    out = random_quant(rng, sums * 1e7 * 10.0 ** rng.uniform(-1, 1))
    x = b.input((1, inputs), x_quant)
    constants = [
        b.constant(int8_values(rng, (filters, inputs)), DType.INT8, feature),
        b.constant(rng.integers(-32767, 32768, (filters, memory)), DType.INT16, time),
        b.constant(rng.integers(-(10**6), 10**6, units), DType.INT32, Quant((sums,), (0,))),
    ]
    before = b.state(np.zeros((1, filters * memory)), state_quant, DType.INT16, own=True)
    y = b.value((1, units), Quant(out.scale, (-128,)) if relu else out)
    after = b.value((1, filters * memory), state_quant, DType.INT16)
    attrs = Svdf(rank, Activation.RELU if relu else Activation.NONE)
    b.op("SVDF", [x, *constants, before], [y, after], attrs)
    return b.graph([y])


def sequence_lstm(rng: Rng) -> Graph:
    steps, inputs, units = (int(v) for v in rng.integers(1, 8, 3))
    b, x_quant = GraphBuilder(), random_quant(rng, 10.0 ** rng.uniform(-2.5, -1))
    h_quant = Quant((float32(1 / pick(rng, 128, 100, 300)),), (int(rng.integers(-60, 60)),))
    cell_quant = Quant((2.0 ** -int(rng.integers(8, 16)),), (0,))
    time_major = steps == 1 and chance(
        rng, 0.5
    )  # with more steps, the first dimension would look like a batch
    x = b.input((1, steps, inputs), x_quant)
    own, recurrent, bias = [], [], []
    for _ in range(4):
        w, r = _weights(10.0 ** rng.uniform(-3, -1.5)), _weights(10.0 ** rng.uniform(-3, -1.5))
        own.append(b.constant(int8_values(rng, (units, inputs)), DType.INT8, w))
        recurrent.append(b.constant(int8_values(rng, (units, units)), DType.INT8, r))
        scale = Quant((float32(np.float32(x_quant.scale[0]) * np.float32(w.scale[0])),), (0,))
        bias.append(b.constant(rng.integers(-3000, 3001, units), DType.INT32, scale))
    hidden = b.state(np.full((1, units), h_quant.zero_point[0]), h_quant, own=True)
    cell = b.state(np.zeros((1, units)), cell_quant, DType.INT16, own=True)
    y = b.value((*b.tensors[x].shape[:2], units), h_quant)
    after = [b.value((1, units), h_quant), b.value((1, units), cell_quant, DType.INT16)]
    nothing = [ABSENT]
    inputs_of = [x, *own, *recurrent, *nothing * 3, *bias, *nothing * 2, hidden, cell, *nothing * 4]
    clip = float32(pick(rng, 0.0, 0.0, 0.5, 10.0))
    b.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs_of, [y, *after], SequenceLstm(4, clip, 0.0, time_major))
    return b.graph([y])


def _weights(scale: float) -> Quant:
    return Quant((float32(scale),), (0,))
