"""Random one-op graphs, and TFLite Micro's own interpreter to say what they compute.

    rng = np.random.default_rng(7)
    graph = random_case("CONV_2D", rng)           # weights, scales, shapes, options: all random
    inputs = random_inputs(graph, rng, samples=3) # one (3, ...) array per graph input
    outputs = run_tflm(graph, inputs)             # one (3, ...) array per graph output

``random_case`` draws what the field's converters can emit and the corners besides: odd sizes, asymmetric SAME
padding, strides over kernels, zero points at the ends, rescaling by much less and by more than one.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from micronas.graph import (
    ABSENT,
    Activation,
    Attrs,
    Binary,
    Concatenation,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    LeakyRelu,
    NoAttrs,
    Op,
    Padding,
    Pool2D,
    Quant,
    Reduce,
    ResizeNearest,
    Softmax,
    Split,
    StridedSlice,
    Tensor,
)
from micronas.tflite.writer import write

Rng = np.random.Generator
Array = npt.NDArray[np.generic]


# --- the oracle -------------------------------------------------------------------------------------


def tflm_interpreter(model: bytes, arena_bytes: int = 4_000_000):
    """A TFLite Micro interpreter of the wheel; skips the test where the wheel is not installed."""
    import pytest

    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    return runtime.Interpreter.from_bytes(bytes(model), arena_size=arena_bytes)


def tflm_allocations(model: bytes) -> dict[str, int]:
    """What the interpreter says it allocated, in bytes: ``head``, ``tail`` and ``total``."""
    interpreter = tflm_interpreter(model)
    with tempfile.TemporaryFile() as log:
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)  # the report goes to the C library's stderr
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        log.seek(0)
        text = log.read().decode()
    found = re.findall(r"Arena allocation (head|tail|total) (\d+) bytes", text)
    return {name: int(number) for name, number in found}


def run_tflm(graph: Graph, inputs: list[Array], model: bytes | None = None) -> list[Array]:
    """TFLite Micro's outputs, one array (samples, ...) per output; ``model`` defaults to ``write(graph)``."""
    interpreter = tflm_interpreter(write(graph) if model is None else model)
    shapes = [graph.tensors[t].shape for t in graph.inputs]
    results: list[list[Array]] = [[] for _ in graph.outputs]
    for sample in range(len(inputs[0])):
        for i, (values, shape) in enumerate(zip(inputs, shapes, strict=True)):
            interpreter.set_input(np.ascontiguousarray(values[sample].reshape(shape)), i)
        interpreter.invoke()
        for i, result in enumerate(results):
            result.append(np.array(interpreter.get_output(i)))
    return [
        np.stack(result).reshape(len(inputs[0]), *batched(graph.tensors[t].shape))
        for result, t in zip(results, graph.outputs, strict=True)
    ]


def batched(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A tensor's shape without its leading batch of 1, which the sample axis takes the place of."""
    return shape[1:] if shape and shape[0] == 1 else shape


def random_inputs(graph: Graph, rng: Rng, samples: int) -> list[Array]:
    """Values over the whole range of each input's type, shaped (samples, ...)."""
    arrays: list[Array] = []
    for t in graph.inputs:
        tensor = graph.tensors[t]
        shape = (samples, *batched(tensor.shape))
        if tensor.dtype is DType.FLOAT32:
            arrays.append(rng.normal(0.0, 3.0, shape).astype(np.float32))
        else:
            arrays.append(rng.integers(-128, 128, shape).astype(np.int8))
    return arrays


# --- building blocks --------------------------------------------------------------------------------


class GraphBuilder:
    """Collects tensors and ops; ``graph()`` closes the network."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[int] = []

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def value(self, shape: tuple[int, ...], quant: Quant | None, dtype: DType = DType.INT8) -> int:
        return self._add(Tensor(f"t{len(self.tensors)}", tuple(int(d) for d in shape), dtype, quant))

    def input(self, shape: tuple[int, ...], quant: Quant | None, dtype: DType = DType.INT8) -> int:
        self.inputs.append(self.value(shape, quant, dtype))
        return self.inputs[-1]

    def constant(self, data: npt.ArrayLike, dtype: DType, quant: Quant | None = None) -> int:
        array = np.asarray(data, dtype.value)
        return self._add(Tensor(f"c{len(self.tensors)}", array.shape, dtype, quant, True, array))

    def op(self, kind: str, inputs: list[int], outputs: list[int], attrs: Attrs = NoAttrs()) -> None:  # noqa: B008
        self.ops.append(Op(kind, tuple(inputs), tuple(outputs), attrs))

    def graph(self, outputs: list[int], name: str = "case") -> Graph:
        return Graph(name, tuple(self.tensors), tuple(self.ops), tuple(self.inputs), tuple(outputs))


def pick(rng: Rng, *choices):
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def float32(value: float) -> float:
    return float(np.float32(value))


def random_quant(rng: Rng, scale: float | None = None) -> Quant:
    """A per-tensor quantization; zero points sit at the ends of int8 as often as inside."""
    if scale is None:
        scale = 10.0 ** rng.uniform(-3.0, 0.5)
    return Quant((float32(scale),), (int(pick(rng, -128, 127, 0, rng.integers(-128, 128))),))


def random_activation(rng: Rng) -> Activation:
    return pick(
        rng, Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1
    )


def _spread(rng: Rng) -> float:
    """How far the output's scale is from the natural one: mostly near it, now and then absurd."""
    return float(10.0 ** (rng.uniform(-4, 4) if chance(rng, 0.1) else rng.uniform(-1.0, 1.0)))


def _same_or_valid(size: int, kernel: int, stride: int, padding: Padding) -> int:
    return -(-size // stride) if padding is Padding.SAME else -(-(size - kernel + 1) // stride)


def _int8(rng: Rng, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
    low = pick(rng, -127, -127, -128)
    return rng.integers(low, 128, shape).astype(np.int8)


def _shape(rng: Rng, rank: int, largest: int = 6) -> tuple[int, ...]:
    return (1, *(int(d) for d in rng.integers(1, largest + 1, rank - 1)))


class _Weighted:
    """Scales, weights, bias and output quantization of a convolution or dense layer."""

    def __init__(
        self, rng: Rng, b: GraphBuilder, x: Quant, shape: tuple[int, ...], axis: int, terms: int
    ) -> None:
        channels = shape[axis]
        per_channel = channels > 1 and chance(rng, 0.7)
        scales = 10.0 ** rng.uniform(-3, -1) * rng.uniform(0.2, 1.0, channels if per_channel else 1)
        scale = tuple(float32(s) for s in scales)
        self.weights = b.constant(
            _int8(rng, shape), DType.INT8, Quant(scale, (0,) * len(scale), axis if per_channel else 0)
        )
        bias_scale = tuple(float32(np.float32(x.scale[0]) * np.float32(s)) for s in scale)
        magnitude = 4000.0 * np.sqrt(terms)
        bias = rng.integers(-int(magnitude), int(magnitude) + 1, channels)
        bias_quant = Quant(bias_scale, (0,) * len(scale))
        self.bias = ABSENT if chance(rng, 0.2) else b.constant(bias, DType.INT32, bias_quant)
        self.output = random_quant(rng, x.scale[0] * float(np.mean(scales)) * magnitude / 64.0 * _spread(rng))

    def inputs(self, x: int) -> list[int]:
        return [x, self.weights] if self.bias == ABSENT else [x, self.weights, self.bias]


# --- one function per op ----------------------------------------------------------------------------


def _window(rng: Rng) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], Padding]:
    """Sizes, kernel, strides, dilations, padding such that the output is not empty."""
    padding = pick(rng, Padding.SAME, Padding.VALID)
    kernel = rng.integers(1, 6, 2)
    stride = rng.integers(1, 4, 2)
    dilation = rng.integers(1, 4, 2) if chance(rng, 0.2) else np.array([1, 1])
    size = rng.integers(1, 11, 2)
    if padding is Padding.VALID:
        size = np.maximum(size, (kernel - 1) * dilation + 1)
    pairs = [(int(v[0]), int(v[1])) for v in (size, kernel, stride, dilation)]
    return pairs[0], pairs[1], pairs[2], pairs[3], padding


def _output_hw(size, kernel, stride, dilation, padding) -> tuple[int, int]:
    h, w = (
        _same_or_valid(s, (k - 1) * d + 1, t, padding)
        for s, k, t, d in zip(size, kernel, stride, dilation, strict=True)
    )
    return h, w


def conv_2d(rng: Rng) -> Graph:
    size, kernel, stride, dilation, padding = _window(rng)
    groups = pick(rng, 1, 1, 1, 2, 3)
    filter_in, per_group = int(rng.integers(1, 12)), int(rng.integers(1, 8))
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input((1, *size, filter_in * groups), x_quant)
    terms = kernel[0] * kernel[1] * filter_in
    w = _Weighted(rng, b, x_quant, (per_group * groups, *kernel, filter_in), 0, terms)
    y = b.value((1, *_output_hw(size, kernel, stride, dilation, padding), per_group * groups), w.output)
    b.op("CONV_2D", w.inputs(x), [y], Conv2D(*stride, padding, random_activation(rng), *dilation))
    return b.graph([y])


def depthwise_conv_2d(rng: Rng) -> Graph:
    size, kernel, stride, dilation, padding = _window(rng)
    channels, multiplier = int(rng.integers(1, 12)), pick(rng, 1, 1, 1, 2, 3, 8)
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input((1, *size, channels), x_quant)
    w = _Weighted(rng, b, x_quant, (1, *kernel, channels * multiplier), 3, kernel[0] * kernel[1])
    y = b.value((1, *_output_hw(size, kernel, stride, dilation, padding), channels * multiplier), w.output)
    attrs = DepthwiseConv2D(multiplier, *stride, padding, random_activation(rng), *dilation)
    b.op("DEPTHWISE_CONV_2D", w.inputs(x), [y], attrs)
    return b.graph([y])


def fully_connected(rng: Rng) -> Graph:
    keep_num_dims = chance(rng, 0.2)
    shape = _shape(rng, 3) if keep_num_dims else (1, int(rng.integers(1, 70)))
    units = int(rng.integers(1, 20))
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input(shape, x_quant)
    w = _Weighted(rng, b, x_quant, (units, shape[-1]), 0, shape[-1])
    y = b.value((*shape[:-1], units), w.output)
    b.op("FULLY_CONNECTED", w.inputs(x), [y], FullyConnected(random_activation(rng), keep_num_dims))
    return b.graph([y])


def _pool(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        size, kernel, stride, _, padding = _window(rng)
        size = (max(size[0], kernel[0]), max(size[1], kernel[1])) if padding is Padding.VALID else size
        channels, quant = int(rng.integers(1, 10)), random_quant(rng)
        b = GraphBuilder()
        x = b.input((1, *size, channels), quant)
        y = b.value((1, *_output_hw(size, kernel, stride, (1, 1), padding), channels), quant)
        b.op(kind, [x], [y], Pool2D(*kernel, *stride, padding, random_activation(rng)))
        return b.graph([y])

    return case


def _reduce(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        rank = int(rng.integers(2, 5))
        shape = _shape(rng, rank, 9)
        count = int(rng.integers(1, rank))
        axes = sorted(int(a) for a in rng.choice(np.arange(1, rank), count, replace=False))
        if rank == 4 and chance(rng, 0.5):
            axes = [1, 2]
        keep = chance(rng, 0.5)
        result = tuple(1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes)
        quant = random_quant(rng)
        elements = float(np.prod([shape[a] for a in axes])) if kind == "SUM" else 1.0
        out = quant if chance(rng, 0.2) else random_quant(rng, quant.scale[0] * elements * _spread(rng))
        b = GraphBuilder()
        x = b.input(shape, quant)
        written = [a - rank if chance(rng, 0.2) else a for a in axes]
        axis = b.constant(np.array(written), DType.INT32)
        y = b.value(result, out)
        b.op(kind, [x, axis], [y], Reduce(keep))
        return b.graph([y])

    return case


def _broadcast_shapes(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Two shapes and what they broadcast to; equal ones half of the time."""
    full = _shape(rng, int(rng.integers(1, 5)))
    if chance(rng, 0.5):
        return full, full, full
    one = tuple(1 if chance(rng, 0.4) else d for d in full)
    two = tuple(1 if chance(rng, 0.4) else d for d in full)
    result = tuple(max(p, q) for p, q in zip(one, two, strict=True))
    return (one, two, result) if chance(rng, 0.5) else (two, one, result)


def _binary(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        shape1, shape2, result = _broadcast_shapes(rng)
        quant1, quant2 = random_quant(rng), random_quant(rng)
        natural = quant1.scale[0] + quant2.scale[0]
        if kind == "MUL":
            natural = quant1.scale[0] * quant2.scale[0] * 100.0
        out = random_quant(rng, natural * _spread(rng))
        if kind in ("MAXIMUM", "MINIMUM"):
            quant2 = out = quant1
        b = GraphBuilder()
        x1 = b.input(shape1, quant1)
        constant = chance(rng, 0.3)
        x2 = b.constant(_int8(rng, shape2), DType.INT8, quant2) if constant else b.input(shape2, quant2)
        y = b.value(result, out)
        activation = Activation.NONE if kind in ("MAXIMUM", "MINIMUM") else random_activation(rng)
        b.op(kind, [x2, x1] if constant and chance(rng, 0.5) else [x1, x2], [y], Binary(activation))
        return b.graph([y])

    return case


def concatenation(rng: Rng) -> Graph:
    rank = int(rng.integers(2, 5))
    axis = int(rng.integers(1, rank))
    base, quant = _shape(rng, rank), random_quant(rng)
    b = GraphBuilder()
    widths = [int(v) for v in rng.integers(1, 6, int(rng.integers(1, 5)))]
    parts = [b.input((*base[:axis], width, *base[axis + 1 :]), quant) for width in widths]
    y = b.value((*base[:axis], sum(widths), *base[axis + 1 :]), quant)
    b.op("CONCATENATION", parts, [y], Concatenation(axis - rank if chance(rng, 0.3) else axis))
    return b.graph([y])


def _pad(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        shape, quant = _shape(rng, int(rng.integers(2, 5))), random_quant(rng)
        amounts = rng.integers(0, 4, (len(shape), 2))
        amounts[0] = 0
        b = GraphBuilder()
        x = b.input(shape, quant)
        inputs = [x, b.constant(amounts, DType.INT32)]
        if kind == "PADV2":
            inputs.append(b.constant(_int8(rng, ()), DType.INT8, quant))
        y = b.value(tuple(int(d + a.sum()) for d, a in zip(shape, amounts, strict=True)), quant)
        b.op(kind, inputs, [y])
        return b.graph([y])

    return case


def reshape(rng: Rng) -> Graph:
    shape, quant = _shape(rng, 4), random_quant(rng)
    target = pick(rng, (1, int(np.prod(shape))), (1, shape[1] * shape[2], shape[3]), (1, shape[1], -1))
    elements = int(np.prod(shape))
    solved = tuple(elements // -int(np.prod(target)) if d == -1 else d for d in target)
    b = GraphBuilder()
    x = b.input(shape, quant)
    inputs = [x] if chance(rng, 0.2) else [x, b.constant(target, DType.INT32)]
    y = b.value(solved, quant)
    b.op("RESHAPE", inputs, [y])
    return b.graph([y])


def squeeze(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = (1, *(1 if chance(rng, 0.5) else d for d in _shape(rng, 3)[1:]), 1)
    x = b.input(shape, quant)
    y = b.value((1, *(d for d in shape[1:-1] if d != 1 or chance(rng, 0.3))), quant)
    b.op("SQUEEZE", [x], [y])
    return b.graph([y])


def expand_dims(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = _shape(rng, int(rng.integers(2, 4)))
    axis = int(rng.integers(1, len(shape) + 1))
    x = b.input(shape, quant)
    written = axis - len(shape) - 1 if chance(rng, 0.3) else axis
    y = b.value((*shape[:axis], 1, *shape[axis:]), quant)
    b.op("EXPAND_DIMS", [x, b.constant(written, DType.INT32)], [y])
    return b.graph([y])


def transpose(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = _shape(rng, int(rng.integers(2, 5)))
    order = [0, *(int(v) + 1 for v in rng.permutation(len(shape) - 1))]
    x = b.input(shape, quant)
    y = b.value(tuple(shape[i] for i in order), quant)
    b.op("TRANSPOSE", [x, b.constant(order, DType.INT32)], [y])
    return b.graph([y])


def strided_slice(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = _shape(rng, int(rng.integers(2, 5)), 8)
    begin, end, strides, result = [], [], [], []
    begin_mask = end_mask = shrink_mask = 0
    for i, dim in enumerate(shape):
        start = int(rng.integers(0, dim))
        stop = int(rng.integers(start + 1, dim + 1))
        step = int(rng.integers(1, 4)) * (1 if chance(rng, 0.8) else -1)
        if step < 0:
            start, stop = stop - 1, start - 1
            stop = stop if stop >= 0 else -dim - 1
        if i and chance(rng, 0.2):
            shrink_mask, step = shrink_mask | 1 << i, 1
            stop = start + 1
        elif chance(rng, 0.2):
            begin_mask |= 1 << i
        elif chance(rng, 0.2):
            end_mask |= 1 << i
        first = None if begin_mask >> i & 1 else start
        last = None if end_mask >> i & 1 or stop == -dim - 1 else stop
        if not shrink_mask >> i & 1:
            result.append(len(range(dim)[first:last:step]))
        if first is not None and step > 0 and start and chance(rng, 0.2):
            start -= dim
            stop = start + 1 if shrink_mask >> i & 1 else stop
        begin.append(start)
        end.append(stop)
        strides.append(step)
    x = b.input(shape, quant)
    constants = [b.constant(v, DType.INT32) for v in (begin, end, strides)]
    y = b.value(tuple(result), quant)
    b.op(
        "STRIDED_SLICE",
        [x, *constants],
        [y],
        StridedSlice(begin_mask, end_mask, shrink_axis_mask=shrink_mask),
    )
    return b.graph([y])


def split(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    rank, parts = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    axis, shape = int(rng.integers(1, rank)), list(_shape(rng, rank))
    axis_tensor = b.constant(axis - rank if chance(rng, 0.3) else axis, DType.INT32)
    part = tuple(shape)
    shape[axis] *= parts
    x = b.input(tuple(shape), quant)
    ys = [b.value(part, quant) for _ in range(parts)]
    b.op("SPLIT", [axis_tensor, x], ys, Split(parts))
    return b.graph(ys)


def softmax(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), _shape(rng, int(rng.integers(2, 5)), 12)
    x = b.input(shape, random_quant(rng, 10.0 ** rng.uniform(-4, 1.5)))
    y = b.value(shape, Quant((1 / 256,), (-128,)))
    b.op("SOFTMAX", [x], [y], Softmax(float32(pick(rng, 1.0, 1.0, rng.uniform(0.1, 3.0)))))
    return b.graph([y])


def _unary(kind: str, output: Callable[[Rng, Quant], Quant]) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        b, shape = GraphBuilder(), (1, int(rng.integers(1, 200)))
        quant = random_quant(rng, 10.0 ** rng.uniform(-3, 1))
        x = b.input(shape, quant)
        y = b.value(shape, output(rng, quant))
        attrs = LeakyRelu(float32(rng.uniform(0.0, 1.5))) if kind == "LEAKY_RELU" else NoAttrs()
        b.op(kind, [x], [y], attrs)
        return b.graph([y])

    return case


def _rescaled(rng: Rng, quant: Quant) -> Quant:
    return quant if chance(rng, 0.2) else random_quant(rng, quant.scale[0] * _spread(rng))


def _hard_swish_output(rng: Rng, quant: Quant) -> Quant:
    """TFLite Micro refuses an output scale below 1/128 of the input's."""
    out = _rescaled(rng, quant)
    return Quant((max(out.scale[0], float32(quant.scale[0] / 100.0)),), out.zero_point)


def prelu(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), _shape(rng, 4)
    quant, alpha_quant = random_quant(rng), random_quant(rng, 10.0 ** rng.uniform(-3, -1))
    x = b.input(shape, quant)
    alpha_shape = pick(rng, (1, 1, shape[3]), (1, 1, 1, shape[3]), shape, shape[1:])
    alpha = b.constant(_int8(rng, alpha_shape), DType.INT8, alpha_quant)
    y = b.value(shape, _rescaled(rng, quant))
    b.op("PRELU", [x, alpha], [y])
    return b.graph([y])


def quantize(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), _shape(rng, 3), random_quant(rng)
    from_float = chance(rng, 0.4)
    x = b.input(shape, None, DType.FLOAT32) if from_float else b.input(shape, quant)
    y = b.value(shape, random_quant(rng) if from_float else _rescaled(rng, quant))
    b.op("QUANTIZE", [x], [y])
    return b.graph([y])


def dequantize(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), _shape(rng, 3)
    x = b.input(shape, random_quant(rng))
    y = b.value(shape, None, DType.FLOAT32)
    b.op("DEQUANTIZE", [x], [y])
    return b.graph([y])


def arg_max(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), _shape(rng, int(rng.integers(2, 5)), 9)
    axis = int(rng.integers(1, len(shape)))
    x = b.input(shape, random_quant(rng))
    written = axis - len(shape) if chance(rng, 0.3) else axis
    y = b.value((*shape[:axis], *shape[axis + 1 :]), None, DType.INT32)
    b.op("ARG_MAX", [x, b.constant(written, DType.INT32)], [y])
    return b.graph([y])


def resize_nearest_neighbor(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), _shape(rng, 4), random_quant(rng)
    size = [int(v) for v in rng.integers(1, 13, 2)]
    align, half = pick(rng, (False, False), (True, False), (False, True))
    x = b.input(shape, quant)
    y = b.value((1, *size, shape[3]), quant)
    b.op("RESIZE_NEAREST_NEIGHBOR", [x, b.constant(size, DType.INT32)], [y], ResizeNearest(align, half))
    return b.graph([y])


CASES: dict[str, Callable[[Rng], Graph]] = {
    "ADD": _binary("ADD"),
    "ARG_MAX": arg_max,
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "EXPAND_DIMS": expand_dims,
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": _unary("HARD_SWISH", _hard_swish_output),
    "LEAKY_RELU": _unary("LEAKY_RELU", _rescaled),
    "LOGISTIC": _unary("LOGISTIC", lambda rng, quant: Quant((1 / 256,), (-128,))),
    "MAXIMUM": _binary("MAXIMUM"),
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "MEAN": _reduce("MEAN"),
    "MINIMUM": _binary("MINIMUM"),
    "MUL": _binary("MUL"),
    "PAD": _pad("PAD"),
    "PADV2": _pad("PADV2"),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "RELU": _unary("RELU", _rescaled),
    "RELU6": _unary("RELU6", lambda rng, quant: quant),
    "RESHAPE": reshape,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor,
    "SOFTMAX": softmax,
    "SPLIT": split,
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "SUB": _binary("SUB"),
    "SUM": _reduce("SUM"),
    "TANH": _unary("TANH", lambda rng, quant: Quant((1 / 128,), (0,))),
    "TRANSPOSE": transpose,
}


def random_case(kind: str, rng: Rng) -> Graph:
    """A random network of the one op ``kind`` (TFLite's name), ready for ``write`` and ``run_tflm``."""
    return CASES[kind](rng)
