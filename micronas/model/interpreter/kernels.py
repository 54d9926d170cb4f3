"""The function that prepares each op."""

from __future__ import annotations

from micronas.model.interpreter import (
    activation,
    binary,
    convolution,
    depthwise,
    fully_connected,
    movement,
    pooling,
    reduction,
    softmax,
)
from micronas.model.interpreter.kernel import Prepare

KERNELS: dict[str, Prepare] = {
    "ADD": binary.prepare_sum,
    "ARG_MAX": movement.prepare_arg_max,
    "AVERAGE_POOL_2D": pooling.prepare_average,
    "CONCATENATION": movement.prepare_concatenation,
    "CONV_2D": convolution.prepare,
    "DEPTHWISE_CONV_2D": depthwise.prepare,
    "DEQUANTIZE": activation.prepare_dequantize,
    "EXPAND_DIMS": movement.prepare_reshape,
    "FULLY_CONNECTED": fully_connected.prepare,
    "HARD_SWISH": activation.prepare_table,
    "LEAKY_RELU": activation.prepare_table,
    "LOGISTIC": activation.prepare_table,
    "MAXIMUM": binary.prepare_extremum,
    "MAX_POOL_2D": pooling.prepare_max,
    "MEAN": reduction.prepare,
    "MINIMUM": binary.prepare_extremum,
    "MUL": binary.prepare_product,
    "PAD": movement.prepare_pad,
    "PADV2": movement.prepare_pad,
    "PRELU": activation.prepare_prelu,
    "QUANTIZE": activation.prepare_quantize,
    "RELU": activation.prepare_table,
    "RELU6": activation.prepare_table,
    "RESHAPE": movement.prepare_reshape,
    "RESIZE_NEAREST_NEIGHBOR": movement.prepare_resize,
    "SOFTMAX": softmax.prepare,
    "SPLIT": movement.prepare_split,
    "SQUEEZE": movement.prepare_reshape,
    "STRIDED_SLICE": movement.prepare_strided_slice,
    "SUB": binary.prepare_sum,
    "SUM": reduction.prepare,
    "TANH": activation.prepare_table,
    "TRANSPOSE": movement.prepare_transpose,
}
