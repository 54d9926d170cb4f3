"""Random ops that compute each value, or each row, from the values at the same place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import (
    Activation,
    Binary,
    Gelu,
    LeakyRelu,
    NoAttrs,
    Softmax,
)
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.random_parts import (
    chance,
    int8_values,
    pick,
    random_activation,
    random_quant,
    random_shape,
    rescaled,
    spread,
)

Rng = np.random.Generator


def _broadcast_shapes(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Two shapes and what they broadcast to; equal ones half of the time."""
    full = random_shape(rng, int(rng.integers(1, 5)))
    if chance(rng, 0.5):
        return full, full, full
    one = tuple(1 if chance(rng, 0.4) else d for d in full)
    two = tuple(1 if chance(rng, 0.4) else d for d in full)
    result = tuple(max(p, q) for p, q in zip(one, two, strict=True))
    return (one, two, result) if chance(rng, 0.5) else (two, one, result)


def binary(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        shape1, shape2, result = _broadcast_shapes(rng)
        quant1, quant2 = random_quant(rng), random_quant(rng)
        natural = quant1.scale[0] + quant2.scale[0]
        if kind == "MUL":
            natural = quant1.scale[0] * quant2.scale[0] * 100.0
        out = random_quant(rng, natural * spread(rng))
        if kind in ("MAXIMUM", "MINIMUM"):
            quant2 = out = quant1
        b = GraphBuilder()
        x1 = b.input(shape1, quant1)
        constant = chance(rng, 0.3)
        x2 = b.constant(int8_values(rng, shape2), DType.INT8, quant2) if constant else b.input(shape2, quant2)
        y = b.value(result, out)
        activation = Activation.NONE if kind in ("MAXIMUM", "MINIMUM") else random_activation(rng)
        b.op(kind, [x2, x1] if constant and chance(rng, 0.5) else [x1, x2], [y], Binary(activation))
        return b.graph([y])

    return case


def unary(kind: str, output: Callable[[Rng, Quant], Quant]) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        b, shape = GraphBuilder(), (1, int(rng.integers(1, 200)))
        quant = random_quant(rng, 10.0 ** rng.uniform(-3, 1))
        x = b.input(shape, quant)
        y = b.value(shape, output(rng, quant))
        attrs = LeakyRelu(float32(rng.uniform(0.0, 1.5))) if kind == "LEAKY_RELU" else NoAttrs()
        b.op(kind, [x], [y], attrs)
        return b.graph([y])

    return case


def hard_swish_output(rng: Rng, quant: Quant) -> Quant:
    """TFLite Micro refuses an output scale below 1/128 of the input's."""
    out = rescaled(rng, quant)
    return Quant((max(out.scale[0], float32(quant.scale[0] / 100.0)),), out.zero_point)


def prelu(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, 4)
    quant, alpha_quant = random_quant(rng), random_quant(rng, 10.0 ** rng.uniform(-3, -1))
    x = b.input(shape, quant)
    alpha_shape = pick(rng, (1, 1, shape[3]), (1, 1, 1, shape[3]), shape, shape[1:])
    alpha = b.constant(int8_values(rng, alpha_shape), DType.INT8, alpha_quant)
    y = b.value(shape, rescaled(rng, quant))
    b.op("PRELU", [x, alpha], [y])
    return b.graph([y])


def quantize(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), random_shape(rng, 3), random_quant(rng)
    source, result = pick(
        rng, *(["float32", "int8"],) * 2, ["uint8", "int8"], ["int8", "uint8"], ["int8"] * 2
    )
    x = b.input(shape, None if source == "float32" else of_type(quant, source), DType(source))
    y_quant = random_quant(rng) if source == "float32" else of_type(rescaled(rng, quant), result)
    y = b.value(shape, y_quant, DType(result))
    b.op("QUANTIZE", [x], [y])
    return b.graph([y])


def of_type(quant: Quant, dtype: str) -> Quant:
    """The same real values as uint8: the zero point is 128 higher."""
    return quant if dtype == "int8" else Quant(quant.scale, (quant.zero_point[0] + 128,))


def dequantize(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, 3)
    x = b.input(shape, random_quant(rng))
    y = b.value(shape, None, DType.FLOAT32)
    b.op("DEQUANTIZE", [x], [y])
    return b.graph([y])


def softmax(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, int(rng.integers(2, 5)), 12)
    x = b.input(shape, random_quant(rng, 10.0 ** rng.uniform(-4, 1.5)))
    y = b.value(shape, Quant((1 / 256,), (-128,)))
    b.op("SOFTMAX", [x], [y], Softmax(float32(pick(rng, 1.0, 1.0, rng.uniform(0.1, 3.0)))))
    return b.graph([y])


def log_softmax(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, int(rng.integers(2, 5)), 12)
    x = b.input(shape, random_quant(rng, 10.0 ** rng.uniform(-4, 1.5)))
    y = b.value(shape, Quant((16 / 256,), (127,)))
    b.op("LOG_SOFTMAX", [x], [y])
    return b.graph([y])


def gelu(rng: Rng) -> Graph:
    b, shape, quant = (
        GraphBuilder(),
        (1, int(rng.integers(1, 200))),
        random_quant(rng, 10.0 ** rng.uniform(-3, 1)),
    )
    x = b.input(shape, quant)
    y = b.value(shape, rescaled(rng, quant))
    b.op("GELU", [x], [y], Gelu(chance(rng, 0.5)))
    return b.graph([y])
