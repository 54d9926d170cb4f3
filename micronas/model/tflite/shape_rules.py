"""For each op, the required inputs and the resulting output shapes; a file that differs is refused.

All later stages (plan, interpreter, generated C) rely on these rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from micronas.errors import plural
from micronas.model.graph import DType
from micronas.model.tflite.op_view import OpView, Shape
from micronas.model.tflite.recurrent_rules import sequence_lstm, svdf
from micronas.model.tflite.window_rules import conv_2d, depthwise, fully_connected, pool, transpose_conv

MOST_SUMMED = 2**23
"""int8 values less a zero point that an int32 sum holds."""

Rule = Callable[[OpView], tuple[Shape, ...]]


def _reduce(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x = v.int8(0)
    axes = v.axes(1, len(x.shape))
    if math.prod(x.shape[i] for i in axes) > MOST_SUMMED:
        raise v.refuse(f"sums {math.prod(x.shape[i] for i in axes):,} values, {MOST_SUMMED:,} at most")
    kept = v.attrs().keep_dims
    return (tuple(1 if i in axes else d for i, d in enumerate(x.shape) if kept or i not in axes),)


def _binary(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    one, two = v.int8(0), v.int8(1)
    try:
        return (np.broadcast_shapes(one.shape, two.shape),)
    except ValueError as error:
        raise v.refuse(f"shapes {one.shape} and {two.shape} do not broadcast") from error


def _extremum(v: OpView) -> tuple[Shape, ...]:
    shapes = _binary(v)
    first, output = v.tensor(0).quant, v.graph.tensors[v.op.outputs[0]].quant
    if not first == v.tensor(1).quant == output:
        raise v.refuse("inputs and output have different scales, which TFLite's kernel does not rescale")
    return shapes


def _unary(v: OpView) -> tuple[Shape, ...]:
    v.arity(1)
    return (v.int8(0).shape,)


def _softmax(v: OpView) -> tuple[Shape, ...]:
    shapes = _unary(v)
    output = v.graph.tensors[v.op.outputs[0]].quant
    if output is None or output.scale != (1 / 256,) or output.zero_point != (-128,):
        raise v.refuse("the output's scale is not 1/256 with zero point -128, which TFLite's kernel requires")
    if not shapes[0]:
        raise v.refuse("the input is a scalar")
    return shapes


def _quantize(v: OpView) -> tuple[Shape, ...]:
    v.arity(1)
    x = v.tensor(0)
    if x.dtype is DType.UINT8:
        v.check_uint8(x, "input 0")
        return (x.shape,)
    return (x.shape,) if x.dtype is DType.FLOAT32 else _unary(v)


def _prelu(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, alpha = v.int8(0), v.int8(1)
    if alpha.data is None or len(x.shape) > 4 or _binary(v) != (x.shape,):
        raise v.refuse(f"alpha {alpha.shape} must be a constant that broadcasts to {x.shape}")
    return (x.shape,)


def _concatenation(v: OpView) -> tuple[Shape, ...]:
    v.arity(1, 10)  # TFLite Micro's own limit
    parts = [v.int8(i).shape for i in range(len(v.op.inputs))]
    axis = v.axis(v.attrs().axis, len(parts[0]))
    if v.attrs().activation.value != "NONE":
        raise v.refuse("a fused activation is not supported, as in TFLite Micro")
    if len({(*s[:axis], *s[axis + 1 :]) for s in parts}) > 1 or len({len(s) for s in parts}) > 1:
        raise v.refuse(f"inputs {parts} differ in other dimensions than axis {axis}")
    return ((*parts[0][:axis], sum(s[axis] for s in parts), *parts[0][axis + 1 :]),)


def _pad(v: OpView) -> tuple[Shape, ...]:
    v.arity(3 if v.op.kind == "PADV2" else 2)
    x, amounts = v.int8(0), v.integers(1)
    if amounts.size != 2 * len(x.shape) or (amounts < 0).any():
        raise v.refuse(f"paddings {amounts.tolist()} do not fit an input of {x.shape}")
    if v.op.kind == "PADV2" and (v.int8(2).data is None or v.int8(2).elements != 1):
        raise v.refuse("the value to pad with must be a constant")
    return (tuple(d + int(a + b) for d, (a, b) in zip(x.shape, amounts.reshape(-1, 2), strict=True)),)


def _same_bytes(v: OpView) -> tuple[Shape, ...]:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: any shape of as many elements; a shape input must be constant."""
    v.arity(1, 2)
    x, y = v.int8(0), v.graph.tensors[v.op.outputs[0]]
    if len(v.op.inputs) > 1:
        v.integers(1)
    if x.elements != y.elements:
        raise v.refuse(f"shape {x.shape} does not become {y.shape}")
    return (y.shape,)


def _transpose(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, order = v.int8(0), [int(i) for i in v.integers(1)]
    if sorted(order) != list(range(len(x.shape))):
        raise v.refuse(f"{order} is not a permutation of the axes of {x.shape}")
    return (tuple(x.shape[i] for i in order),)


def _strided_slice(v: OpView) -> tuple[Shape, ...]:
    v.arity(4)
    x, a = v.int8(0), v.attrs()
    begin, end, strides = (v.integers(i).tolist() for i in (1, 2, 3))
    if a.ellipsis_mask or a.new_axis_mask:
        raise v.refuse("ellipsis and new-axis masks are not supported, as in TFLite Micro")
    if not len(begin) == len(end) == len(strides) <= len(x.shape) or 0 in strides:
        raise v.refuse(f"begin {begin}, end {end}, strides {strides} do not fit {x.shape}")
    result = []
    for i, size in enumerate(x.shape):
        if i >= len(begin):
            result.append(size)
        elif a.shrink_axis_mask >> i & 1:
            v.axis(begin[i], size)
        else:
            first = None if a.begin_mask >> i & 1 else begin[i]
            last = None if a.end_mask >> i & 1 else end[i]
            result.append(len(range(size)[first : last : strides[i]]))
    return (tuple(result),)


def _split(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, parts = v.int8(1), v.attrs().num_splits
    if v.integers(0).size != 1 or parts != len(v.op.outputs):
        raise v.refuse(f"splits into {plural(parts, 'part')}, but has {plural(len(v.op.outputs), 'output')}")
    axis = v.axis(int(v.integers(0)[0]), len(x.shape))
    if parts < 1 or x.shape[axis] % parts:
        raise v.refuse(f"{x.shape} does not split into {parts} equal parts along axis {axis}")
    part = (*x.shape[:axis], x.shape[axis] // parts, *x.shape[axis + 1 :])
    return tuple(part for _ in v.op.outputs)


def _split_v(v: OpView) -> tuple[Shape, ...]:
    v.arity(3)
    x, sizes = v.int8(0), [int(s) for s in v.integers(1)]
    if v.integers(2).size != 1 or not len(sizes) == v.attrs().num_splits == len(v.op.outputs):
        raise v.refuse(f"{plural(len(sizes), 'size')} for {plural(len(v.op.outputs), 'output')}")
    axis = v.axis(int(v.integers(2)[0]), len(x.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    if min(sizes) < 1 or sum(sizes) != x.shape[axis]:
        raise v.refuse(f"sizes {sizes} do not fill axis {axis} of {x.shape}")
    return tuple((*x.shape[:axis], size, *x.shape[axis + 1 :]) for size in sizes)


def _unpack(v: OpView) -> tuple[Shape, ...]:
    v.arity(1)
    x, parts = v.int8(0), v.attrs().num
    axis = v.axis(v.attrs().axis, len(x.shape))
    if not parts == len(v.op.outputs) == x.shape[axis]:
        raise v.refuse(f"{x.shape} has {x.shape[axis]} slices along axis {axis}, not {parts}")
    return tuple((*x.shape[:axis], *x.shape[axis + 1 :]) for _ in v.op.outputs)


def _pack(v: OpView) -> tuple[Shape, ...]:
    inputs, parts = len(v.op.inputs), v.attrs().num
    v.arity(inputs)
    shapes = [v.int8(i).shape for i in range(inputs)]
    if not inputs or parts != inputs:
        raise v.refuse(f"packs {plural(parts, 'tensor')}, but has {plural(inputs, 'input')}")
    if any(shape != shapes[0] for shape in shapes):
        raise v.refuse(f"inputs of shapes {', '.join(map(str, shapes))} do not stack")
    output = v.graph.tensors[v.op.outputs[0]].quant
    if any(v.tensor(i).quant != output for i in range(inputs)):
        raise v.refuse("inputs and output have different scales, which TFLite's kernel does not rescale")
    axis = v.axis(v.attrs().axis, len(shapes[0]) + 1)
    return ((*shapes[0][:axis], inputs, *shapes[0][axis:]),)


def _reverse(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x = v.int8(0)
    if len(v.axes(1, len(x.shape))) != v.integers(1).size:
        raise v.refuse("reverses an axis twice")
    if v.tensor(0).quant != v.graph.tensors[v.op.outputs[0]].quant:
        raise v.refuse(
            "input and output have different scales, which TFLite's kernel does not rescale",
            remedy="a Bidirectional layer with return_sequences makes it; make it the last recurrent layer, "
            "without return_sequences",
        )
    return (x.shape,)


def _tile(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, times = v.int8(0), [int(m) for m in v.integers(1)]
    if len(times) != len(x.shape) or min(times, default=0) < 1:
        raise v.refuse(f"multiples {times} do not fit an input of {x.shape}")
    return (tuple(d * m for d, m in zip(x.shape, times, strict=True)),)


def _unscaled(rule: Rule) -> Rule:
    """``rule`` for an op that moves values as they are: all its tensors then share one quantization."""

    def check(v: OpView) -> tuple[Shape, ...]:
        shapes = rule(v)
        source = v.graph.tensors[v.graph.activation_inputs(v.op)[0]].quant
        if any(v.graph.tensors[t].quant != source for t in v.op.outputs):
            raise v.refuse("input and output have different scales, which TFLite's kernel does not rescale")
        return shapes

    return check


def _log_softmax(v: OpView) -> tuple[Shape, ...]:
    shapes = _unary(v)
    output = v.graph.tensors[v.op.outputs[0]].quant
    if output is None or output.scale != (16 / 256,) or output.zero_point != (127,):
        raise v.refuse("the output's scale is not 16/256 with zero point 127, which TFLite's kernel requires")
    if not shapes[0]:
        raise v.refuse("the input is a scalar")
    return shapes


def _batch_matmul(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, y, a = v.int8(0).shape, v.int8(1).shape, v.attrs()
    if not (2 <= len(x) <= 5 and 2 <= len(y) <= 5):
        raise v.refuse(f"operands {x} and {y} are not of rank 2 to 5")
    rows, depth = (x[-1], x[-2]) if a.adj_x else x[-2:]
    depth2, columns = (y[-1], y[-2]) if a.adj_y else y[-2:]
    try:
        batch = np.broadcast_shapes(x[:-2], y[:-2])
    except ValueError as error:
        raise v.refuse(f"the batches of {x} and {y} do not broadcast") from error
    if depth != depth2:
        raise v.refuse(f"{x} and {y} do not multiply: {depth} against {depth2} terms")
    return ((*batch, rows, columns),)


def _assign_variable(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    state, value = v.int8(0).shape, v.int8(1).shape
    if state != value:
        raise v.refuse(f"assigns {value} to a variable of {state}")
    return (state,)


def _arg_max(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x = v.int8(0)
    axes = v.axes(1, len(x.shape))
    if len(axes) != 1:
        raise v.refuse("needs one axis")
    return (tuple(d for i, d in enumerate(x.shape) if i != axes[0]),)


def _resize_bilinear(v: OpView) -> tuple[Shape, ...]:
    if v.attrs().align_corners and v.attrs().half_pixel_centers:
        raise v.refuse("has both aligned corners and half-pixel centres, which TFLite refuses")
    return _resize(v)


def _resize(v: OpView) -> tuple[Shape, ...]:
    v.arity(2)
    x, size = v.int8(0, rank=4), v.integers(1)
    if size.size != 2 or (size < 1).any():
        raise v.refuse(f"size {size.tolist()} is not a (height, width)")
    return ((x.shape[0], int(size[0]), int(size[1]), x.shape[3]),)


RULES: dict[str, Rule] = {
    "ADD": _binary,
    "ARG_MAX": _arg_max,
    "ASSIGN_VARIABLE": _assign_variable,
    "AVERAGE_POOL_2D": pool,
    "BATCH_MATMUL": _batch_matmul,
    "CONCATENATION": _concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": _unary,
    "ELU": _unary,
    "EXPAND_DIMS": _same_bytes,
    "FULLY_CONNECTED": fully_connected,
    "GELU": _unary,
    "HARD_SWISH": _unary,
    "LEAKY_RELU": _unary,
    "LOGISTIC": _unary,
    "LOG_SOFTMAX": _log_softmax,
    "MAXIMUM": _extremum,
    "MAX_POOL_2D": pool,
    "MEAN": _reduce,
    "MINIMUM": _extremum,
    "MUL": _binary,
    "PACK": _pack,
    "PAD": _pad,
    "PADV2": _pad,
    "PRELU": _prelu,
    "QUANTIZE": _quantize,
    "READ_VARIABLE": _unary,
    "REDUCE_MAX": _unscaled(_reduce),
    "RELU": _unary,
    "RELU6": _unary,
    "RESHAPE": _same_bytes,
    "RESIZE_BILINEAR": _unscaled(_resize_bilinear),
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "REVERSE_V2": _reverse,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "SPLIT_V": _unscaled(_split_v),
    "SQUEEZE": _same_bytes,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _binary,
    "SUM": _reduce,
    "SVDF": svdf,
    "TANH": _unary,
    "TILE": _unscaled(_tile),
    "TRANSPOSE": _transpose,
    "TRANSPOSE_CONV": transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": sequence_lstm,
    "UNPACK": _unscaled(_unpack),
}
