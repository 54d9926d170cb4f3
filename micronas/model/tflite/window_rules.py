"""Shape rules of the ops with weights or a sliding window; see ``shape_rules``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.graph import ABSENT, DType, Tensor
from micronas.model.op_attributes import Activation
from micronas.model.tflite.op_view import OpView, Shape
from micronas.model.window import output_size

_BIAS_TOLERANCE = 0.02
"""Of the output's scale; ``GetQuantizedConvolutionMultipler`` of TFLite allows as much."""
_INT32_MAX = 2**31 - 1


def _spatial(v: OpView, x: Tensor, kernel: tuple[int, int], dilation: tuple[int, int] = (1, 1)) -> Shape:
    a = v.attrs()
    v.positive(stride_h=a.stride_h, stride_w=a.stride_w, dilation_h=dilation[0], dilation_w=dilation[1])
    v.positive(kernel_h=kernel[0], kernel_w=kernel[1])
    v.positive(window_h=(kernel[0] - 1) * dilation[0] + 1, window_w=(kernel[1] - 1) * dilation[1] + 1)
    size = tuple(
        output_size(x.shape[1 + i], kernel[i], (a.stride_h, a.stride_w)[i], a.padding, dilation[i])
        for i in (0, 1)
    )
    if min(size) < 1:
        raise v.refuse(f"its {kernel[0]}x{kernel[1]} window does not fit an input of {x.shape}")
    return size


def _weights(v: OpView, rank: int, channel_axis: int, bias_at: int = 2) -> Tensor:
    """Constant symmetric int8 weights with one scale, or one per output channel; then the bias."""
    w = v.tensor(1)
    if w.data is None or w.dtype is not DType.INT8 or len(w.shape) != rank:
        raise v.refuse(f"weights must be a constant int8 tensor of rank {rank}")
    if w.quant is None or any(w.quant.zero_point):
        raise v.refuse("weights must be quantized symmetrically (zero point 0)")
    if w.quant.per_channel and w.quant.axis != channel_axis:
        raise v.refuse(f"weights have scales along axis {w.quant.axis}, not {channel_axis}")
    v.check_scales(w, "the weights' input")
    if min(w.shape) < 1:
        raise v.refuse(f"weights have shape {w.shape}")
    bias = _bias(v, w.shape[channel_axis], bias_at)
    check_accumulator(v, w.data, channel_axis, bias)
    return w


def _bias(v: OpView, channels: int, position: int) -> npt.NDArray[np.int64]:
    """The bias of each channel, checked; zeros where there is none."""
    if len(v.op.inputs) <= position or v.op.inputs[position] == ABSENT:
        return np.zeros(channels, np.int64)
    bias = v.tensor(position)
    if bias.data is None or bias.dtype is not DType.INT32 or bias.shape != (channels,):
        raise v.refuse(f"bias must be a constant int32 vector of {channels}")
    values = np.asarray(bias.data, np.int64)
    _check_bias_scale(v, bias, values)
    return values


def _check_bias_scale(v: OpView, bias: Tensor, values: npt.NDArray[np.int64]) -> None:
    """By TFLite's own measure: the kernels take the bias's scale for input scale x weight scale."""
    x, w, y = _source(v).quant, v.tensor(1).quant, v.graph.tensors[v.op.outputs[0]].quant
    if bias.quant is None or x is None or w is None or y is None:
        return
    products = np.broadcast_to(np.multiply(x.scale[0], w.scale), values.shape)
    scales = np.broadcast_to(bias.quant.scale, values.shape)
    wrong = (np.abs(products - scales) > _BIAS_TOLERANCE * y.scale[0]) & (values != 0)
    if wrong.any():
        c = int(np.argmax(wrong))
        raise v.refuse(
            f"the bias of channel {c} has scale {scales[c]:g}, but input x weight scale is {products[c]:g}"
        )


def _source(v: OpView) -> Tensor:
    """What the weights are multiplied with; in TRANSPOSE_CONV it comes after the output's shape."""
    return v.tensor(2 if v.op.kind == "TRANSPOSE_CONV" else 0)


def check_accumulator(
    v: OpView, weights: npt.NDArray[np.generic], channel_axis: int, bias: npt.NDArray[np.int64]
) -> None:
    """Refuse sums that may exceed 32 bits, which no kernel can hold."""
    x = _source(v).quant
    if x is None:
        return  # refused elsewhere, by name
    others = tuple(axis for axis in range(weights.ndim) if axis != channel_axis)
    wide = weights.astype(np.int64)
    start = np.abs(bias - x.zero_point[0] * wide.sum(axis=others))
    most = start + 128 * np.abs(wide).sum(axis=others)
    if most.max(initial=0) > _INT32_MAX:
        c = int(np.argmax(most))
        raise v.refuse(
            f"the sums of channel {c} reach {most[c]:,}, more than the {_INT32_MAX:,} of an int32 "
            f"(its bias is {bias[c]:,})"
        )


def conv_2d(v: OpView) -> tuple[Shape, ...]:
    """CONV_2D, including grouped ones."""
    v.arity(2, 3)
    x, w, a = v.int8(0, rank=4), _weights(v, 4, 0), v.attrs()
    groups, rest = divmod(x.shape[3], w.shape[3])
    if rest or groups < 1 or w.shape[0] % groups:
        raise v.refuse(f"weights {w.shape} do not fit {x.shape[3]} input channels")
    size = _spatial(v, x, (w.shape[1], w.shape[2]), (a.dilation_h, a.dilation_w))
    return ((x.shape[0], *size, w.shape[0]),)


def depthwise(v: OpView) -> tuple[Shape, ...]:
    """DEPTHWISE_CONV_2D."""
    v.arity(2, 3)
    x, w, a = v.int8(0, rank=4), _weights(v, 4, 3), v.attrs()
    if w.shape[0] != 1 or w.shape[3] != x.shape[3] * a.depth_multiplier:
        raise v.refuse(f"weights {w.shape} do not fit {x.shape[3]} channels x {a.depth_multiplier}")
    size = _spatial(v, x, (w.shape[1], w.shape[2]), (a.dilation_h, a.dilation_w))
    return ((x.shape[0], *size, w.shape[3]),)


def fully_connected(v: OpView) -> tuple[Shape, ...]:
    """FULLY_CONNECTED."""
    v.arity(2, 3)
    x = v.int8(0)
    units, depth = _weights(v, 2, 0).shape
    if x.elements % depth:
        raise v.refuse(f"input {x.shape} is not a multiple of the weights' depth {depth}")
    if v.attrs().keep_num_dims:
        if x.shape[-1] != depth:
            raise v.refuse(f"weights of depth {depth} do not fit an input of {x.shape}")
        return ((*x.shape[:-1], units),)
    return ((x.elements // depth, units),)


def transpose_conv(v: OpView) -> tuple[Shape, ...]:
    """TRANSPOSE_CONV: the output's shape is an input, and must be one that a convolution turns into x."""
    v.arity(3, 4)
    w, x, a = _weights(v, 4, 0, bias_at=3), v.int8(2, rank=4), v.attrs()
    v.positive(stride_h=a.stride_h, stride_w=a.stride_w)
    shape = tuple(int(d) for d in v.integers(0))
    if a.activation is not Activation.NONE:
        raise v.refuse("a fused activation is not supported, as in TFLite Micro")
    if w.shape[3] != x.shape[3]:
        raise v.refuse(f"weights {w.shape} do not fit {x.shape[3]} input channels")
    if len(shape) != 4 or min(shape) < 1 or (shape[0], shape[3]) != (x.shape[0], w.shape[0]):
        raise v.refuse(f"output shape {shape} does not fit an input of {x.shape} and weights of {w.shape}")
    strides = (a.stride_h, a.stride_w)
    back = tuple(output_size(shape[1 + i], w.shape[1 + i], strides[i], a.padding) for i in (0, 1))
    if back != x.shape[1:3]:
        raise v.refuse(f"output shape {shape} does not come from an input of {x.shape} by strides {strides}")
    return (shape,)


def pool(v: OpView) -> tuple[Shape, ...]:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    v.arity(1)
    x, a = v.int8(0, rank=4), v.attrs()
    return ((x.shape[0], *_spatial(v, x, (a.filter_h, a.filter_w)), x.shape[3]),)
