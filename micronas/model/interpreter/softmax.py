"""SOFTMAX over the last dimension in fixed point; the 256 possible exponentials are looked up."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.functions import SUM_INTEGER_BITS, exp_table, one_over_one_plus_x
from micronas.model.fixed_point.multiplier import (
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from micronas.model.fixed_point.op_parameters import softmax_parameters
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, quant_of
from micronas.model.op_attributes import Softmax


def prepare(graph: Graph, op: Op) -> Kernel:
    """SOFTMAX to the fixed output scale 1/256, zero point -128."""
    assert isinstance(op.attrs, Softmax)
    parameters = softmax_parameters(quant_of(input_tensor(graph, op)), op.attrs.beta)
    exps = exp_table(parameters.input.multiplier, parameters.input.shift, parameters.diff_min)
    addends = rounding_divide_by_pot(exps, SUM_INTEGER_BITS)

    def run(values: list[Any]) -> list[Array]:
        x = values[0].astype(np.intp)
        difference = x.max(axis=-1, keepdims=True) - x
        total = addends[difference].sum(axis=-1, keepdims=True)
        scale, bits_over_unit = _reciprocal(total)
        probability = saturating_rounding_doubling_high_mul(scale, exps[difference])
        result = rounding_divide_by_pot(probability, bits_over_unit + 31 - 8) - 128
        return [np.where(exps[difference] > 0, np.clip(result, -128, 127), -128).astype(np.int8)]

    return run


def _reciprocal(total: Array) -> tuple[Array, Array]:
    """1 / total for total in Q12 as (Q0 value, bits to shift right): total is first scaled to [1, 2)."""
    bit_length = np.frexp(total.astype(np.float64))[1].astype(np.int64)
    headroom = 32 - bit_length  # leading zeros of the 32-bit value
    fraction = (total << headroom) - (1 << 31)
    return one_over_one_plus_x(fraction), SUM_INTEGER_BITS - headroom
