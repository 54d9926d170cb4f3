"""What random ops are made of: scales, zero points, activations, values, shapes, from tame to absurd."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.graph import Quant
from micronas.model.op_attributes import Activation
from tests.support.graph_builder import float32

Rng = np.random.Generator


def pick(rng: Rng, *choices):
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def random_quant(rng: Rng, scale: float | None = None) -> Quant:
    """A per-tensor quantization; zero points sit at the ends of int8 as often as inside."""
    if scale is None:
        scale = 10.0 ** rng.uniform(-3.0, 0.5)
    return Quant((float32(scale),), (int(pick(rng, -128, 127, 0, rng.integers(-128, 128))),))


def random_activation(rng: Rng) -> Activation:
    return pick(
        rng, Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1
    )


def spread(rng: Rng) -> float:
    """How far the output's scale is from the natural one: mostly near it, now and then absurd."""
    return float(10.0 ** (rng.uniform(-4, 4) if chance(rng, 0.1) else rng.uniform(-1.0, 1.0)))


def int8_values(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
    low = pick(rng, -127, -127, -128)
    return rng.integers(low, 128, shape).astype(np.int8)


def random_shape(rng: Rng, rank: int, largest: int = 6) -> tuple[int, ...]:
    return (1, *(int(d) for d in rng.integers(1, largest + 1, rank - 1)))


def rescaled(rng: Rng, quant: Quant) -> Quant:
    return quant if chance(rng, 0.2) else random_quant(rng, quant.scale[0] * spread(rng))
