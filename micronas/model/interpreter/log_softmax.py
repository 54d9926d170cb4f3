"""LOG_SOFTMAX over the last dimension in fixed point."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.functions import exp_addends, log_of_sum
from micronas.model.fixed_point.multiplier import (
    multiply_by_quantized_multiplier,
    rounding_divide_by_pot,
)
from micronas.model.fixed_point.op_parameters import SOFTMAX_INTEGER_BITS, log_softmax_parameters
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, quant_of

_OUTPUT_INTEGER_BITS = 4


def prepare(graph: Graph, op: Op) -> Kernel:
    """LOG_SOFTMAX to the fixed output scale 16/256, zero point 127."""
    parameters = log_softmax_parameters(quant_of(input_tensor(graph, op)))
    forward = parameters.softmax.input
    difference_q5 = multiply_by_quantized_multiplier(-np.arange(256), forward.multiplier, forward.shift)
    addends = exp_addends(forward.multiplier, forward.shift, parameters.softmax.diff_min)

    def run(values: list[Any]) -> list[Array]:
        x = values[0].astype(np.int64)
        below_max = x.max(axis=-1, keepdims=True) - x
        log_sum = log_of_sum(addends[below_max].sum(axis=-1, keepdims=True))
        lowest = multiply_by_quantized_multiplier(
            log_sum - 2**31, parameters.reverse.multiplier, parameters.reverse.shift
        )
        lowest = np.maximum(parameters.softmax.diff_min - 1, lowest)
        bits = 31 - SOFTMAX_INTEGER_BITS - _OUTPUT_INTEGER_BITS
        result = rounding_divide_by_pot(difference_q5[below_max] - log_sum, bits) + 127
        return [np.where(-below_max > lowest, np.clip(result, -128, 127), -128).astype(np.int8)]

    return run
