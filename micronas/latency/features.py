"""The work of an op, in the few quantities that determine its kernel's time.

A run learns from few networks (``model``), so these quantities are few; prices fitted to thousands of ops use
more (``fine_features``). There is one linear formula per kernel class. A class is the kernel's name and the
properties that switch it to another inner loop: the long requantization, rows of whole words, the 3x3 special
case. The quantities are those that the kernels in firmware/lib/mn_kernels loop over; a kernel without its own
formula uses set-up, outputs and inputs.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from micronas.codegen.lowering import Lowered
from micronas.codegen.lowering.rows import at_height
from micronas.latency.kernel_laws import BY_SHIFTS, FROM_ZERO, few_rows, stem_rows, tiles_of
from micronas.latency.lines_law import lines_taps, lines_work
from micronas.model.graph import Graph, Op

FINISHES = ("short", "exact")
NEAR, FAR = "near", "far"
"""How far below the largest input a SOFTMAX computes an exponential; beyond, it is 0."""
_BY_SCALES = (("mn_add_s8", "mn_add_dsp", "mn_add_equal_dsp"), ("mn_mul_s8", "mn_mul_dsp"))
"""Kernels of one op that the quantization chooses from."""
LINES_CLASS = "mn_conv2d_lines_dsp"
"""Of all kernels for one channel, which differ in their taps only: a run has few first layers."""
_END_TAPS = 7
"""What the end of a quad of a line takes, in taps."""
_PART_OF_FOUR = (0.0, 0.7, 0.7, 1.0)
"""What 0 to 3 pixels behind whole quads take, in quads: one or two run as a pair."""


@dataclass(frozen=True)
class OpFeatures:
    """The features of an op: all ops of a ``kernel_class`` have the same list of ``values``."""

    kernel_class: str
    values: tuple[float, ...]


def features_of(graph: Graph, lowered: Sequence[Lowered]) -> tuple[OpFeatures, ...]:
    """One per op. ``graph`` needs its weights: they decide which requantization a kernel uses."""
    return tuple(
        by_steps(graph, op, call, functools.partial(_op_features, op=op))
        for op, call in zip(graph.ops, lowered, strict=True)
    )


def by_steps(
    graph: Graph, op: Op, call: Lowered, features: Callable[[Graph, Lowered], OpFeatures]
) -> OpFeatures:
    """The ``features`` of an op; of one that runs by rows, the sum of those of images of its steps' rows."""
    rows = call.row_call
    if rows is None:
        return features(graph, call)
    if rows.lasting:
        return _gathered(graph, op)
    steps = Counter(rows.heights)
    each = {height: _of_height(graph, op, call, height, features) for height in steps}
    values = zip(*([steps[h] * value for value in each[h].values] for h in steps), strict=True)
    return OpFeatures(each[max(steps)].kernel_class, tuple(map(sum, values)))


def _of_height(
    graph: Graph, op: Op, call: Lowered, height: int, features: Callable[[Graph, Lowered], OpFeatures]
) -> OpFeatures:
    tensors = list(graph.tensors)
    for t in (*graph.activation_inputs(op), op.outputs[0]):
        shape = tensors[t].shape
        tensors[t] = replace(tensors[t], shape=(shape[0], height, *shape[2:]))
    return features(replace(graph, tensors=tuple(tensors)), at_height(call, height))


def _gathered(graph: Graph, op: Op) -> OpFeatures:
    """A mean over all of an image by rows, as the portable kernel that takes it at once: both add element by
    element.
    """
    elements = graph.tensors[op.inputs[0]].elements
    return OpFeatures("mn_average_pool2d_s8", _floats(1, graph.tensors[op.outputs[0]].elements, elements, 1))


def classes_before_training(op: OpFeatures) -> tuple[OpFeatures, ...]:
    """``op`` in each of its possible classes: the scales, which are known after training, decide between
    them.
    """
    kernel, *switches = op.kernel_class.split("/")
    if switches == [NEAR]:  # the placeholder of a scale is far larger than what a trained network has
        classes = [f"{kernel}/{FAR}"]
    elif switches and switches[0] in FINISHES:
        classes = ["/".join([kernel, finish, *switches[1:]]) for finish in FINISHES]
        if "few" in kernel:
            classes += ["/".join([kernel, FINISHES[0], ends]) for ends in (FROM_ZERO, BY_SHIFTS)]
    else:
        classes = next((list(kernels) for kernels in _BY_SCALES if kernel in kernels), [op.kernel_class])
    return tuple(OpFeatures(name, op.values) for name in classes)


def _op_features(graph: Graph, call: Lowered, *, op: Op) -> OpFeatures:
    sizes = {f.name.removeprefix("conv."): f.value for f in call.params if isinstance(f.value, int)}
    shape = graph.tensors[op.outputs[0]].shape
    if op.kind == "CONV_2D":
        return _conv(call, sizes)
    if op.kind == "DEPTHWISE_CONV_2D":
        return _depthwise(call, sizes)
    if op.kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        window = sizes["filter_h"] * sizes["filter_w"]
        outputs = math.prod(shape)
        return OpFeatures(call.kernel, _floats(1, outputs, outputs * window, outputs // shape[-1]))
    inputs = sum(graph.tensors[t].elements for t in graph.activation_inputs(op))
    packed = sum(c.count for c in call.constants if c.name == "weights")
    return OpFeatures(call.kernel, _floats(1, math.prod(shape), inputs, packed))


def _conv(call: Lowered, p: dict[str, int]) -> OpFeatures:
    """Output pixels go in pairs, output channels too; ``packed`` weights are padded to whole groups.

    A block form takes ``quads`` of four pixels at a time, and stages all weights once per block if there are
    several. Tiles of 2x2 outputs are multiplied by quads, too, and transform the weights once per block. A
    stem widens each row of its input once, one of a single channel the words of its lines, a kernel of few
    inputs all weights.
    """
    packed = sum(c.count for c in call.constants if c.name == "weights")
    if "tiles" in call.kernel:
        return _tiles(call, p, packed)
    channel_pairs = -(-p["out_c"] // 2)
    if "stem" in call.kernel:
        inputs, starts, quads = stem_rows(p)
        rows = (p["out_h"] - 1) * p["stride_h"] + 3
        stem = _floats(1, rows * inputs, starts * channel_pairs, quads * channel_pairs)
        return OpFeatures("/".join([call.kernel, _finish(p)]), stem)
    if "few" in call.kernel:
        quads = few_rows(p)[1]
        few = _floats(1, quads * channel_pairs, quads * channel_pairs * p["in_c"])
        return OpFeatures("/".join([call.kernel, _finish(p)]), few)
    if "lines" in call.kernel:
        _, _, quads, _, words = lines_work(call.kernel, p)
        taps = quads * (lines_taps(call.kernel) + _END_TAPS)
        return OpFeatures(f"{LINES_CLASS}/{_finish(p)}", _floats(1, words, taps))
    pixels = p["out_h"] * p["out_w"]
    twice, fours = 2 * -(-pixels // 2), pixels // 4 + _PART_OF_FOUR[pixels % 4]
    terms = packed / (2 * channel_pairs)
    values: list[float] = [1, pixels, twice * channel_pairs, twice * packed, pixels * terms]
    switches = [_finish(p)]
    if quads := p.get("quads", 0):
        blocks = -(-pixels // (4 * quads))
        staged = blocks * packed if quads > 1 else 0
        values = [1, fours, fours * channel_pairs, fours * packed, fours * terms, staged]
    if "1x1" not in call.kernel:
        border = pixels - _inner_pixels(p)
        values += [border * terms, border * p["kernel_h"], pixels * p["kernel_h"]]
        switches.append("words" if p["kernel_w"] * p["in_c"] % 4 == 0 else "bytes")
    return OpFeatures("/".join([call.kernel, *switches]), _floats(*values))


def _tiles(call: Lowered, p: dict[str, int], packed: int) -> OpFeatures:
    down, across = tiles_of(p)
    blocks = -(-down // p["rows"])
    tiles, quads, pairs = down * across, blocks * -(-min(p["rows"], down) * across // 4), -(-p["out_c"] // 2)
    values = _floats(1, tiles * p["in_c"], blocks * packed, quads * pairs, quads * packed)
    return OpFeatures("/".join([call.kernel, _finish(p)]), values)


def _depthwise(call: Lowered, p: dict[str, int]) -> OpFeatures:
    """Channel by channel: a plane is filled, then rows of pairs of outputs; an odd one costs a pair."""
    words, channel_rows = p["kernel_w"] // 2 + 1, p["out_c"] * p["out_h"]
    pairs = -(-p["out_w"] // 2)
    values = _floats(
        1,
        p["out_c"],
        channel_rows,
        channel_rows * pairs,
        channel_rows * (p["out_w"] % 2),
        p["out_c"] * p.get("plane_h", 0) * p.get("plane_w", 0),
        p["in_c"] * p["in_h"] * p["in_w"],
        p["in_c"] * p["in_h"],
        p["out_c"] * p["kernel_h"] * words,
        channel_rows * pairs * p["kernel_h"] * words,
        channel_rows * pairs * p["kernel_h"],
    )
    special = (p["kernel_h"], p["kernel_w"]) == (3, 3) and p["stride_w"] <= 2
    return OpFeatures("/".join([call.kernel, _finish(p), "3x3" if special else "any"]), values)


def _finish(p: dict[str, int]) -> str:
    return FINISHES[bool(p.get("exact_finish"))]


def _inner_pixels(p: dict[str, int]) -> int:
    """Output pixels whose window is wholly inside the input."""
    reach_h, reach_w = (p["kernel_h"] - 1) * p["dilation_h"], (p["kernel_w"] - 1) * p["dilation_w"]
    down = _inner(p["out_h"], p["stride_h"], p["pad_top"], reach_h, p["in_h"])
    across = _inner(p["out_w"], p["stride_w"], p["pad_left"], reach_w, p["in_w"])
    return down * across


def _inner(out: int, stride: int, pad: int, reach: int, size: int) -> int:
    first = -(-pad // stride)
    last = min(out - 1, (size - 1 - reach + pad) // stride)
    return max(0, last - first + 1)


def _floats(*values: float) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
