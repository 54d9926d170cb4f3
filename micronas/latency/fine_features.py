"""The work of an op in all quantities that its kernel loops over, for prices fitted to thousands of ops.

The quantities and switches of convolutions and dense layers are in ``kernel_laws``. A run that learns from a
few dozen networks of its own takes fewer of them (``features``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from micronas.codegen.lowering import Lowered
from micronas.latency.features import FAR, FINISHES, NEAR, OpFeatures, by_steps
from micronas.latency.kernel_laws import (
    Law,
    Sizes,
    conv_law,
    dense_law,
    direct_law,
    fours_law,
    plane_law,
    pool_work,
    strip_law,
    tap_list_law,
)
from micronas.model.graph import Graph, Op

_FEW_DIFFERENCES = 32
_WITH_FINISH = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def fine_features_of(graph: Graph, lowered: Sequence[Lowered]) -> tuple[OpFeatures, ...]:
    """One per op. ``graph`` needs its weights: they decide which requantization a kernel uses."""
    found, before = [], ""
    for op, call in zip(graph.ops, lowered, strict=True):
        is_cold = call.kernel != before
        found.append(by_steps(graph, op, call, functools.partial(_op_features, op=op, is_cold=is_cold)))
        before = call.kernel
    return tuple(found)


def _op_features(graph: Graph, call: Lowered, *, op: Op, is_cold: bool) -> OpFeatures:
    sizes = {f.name.removeprefix("conv."): f.value for f in call.params if isinstance(f.value, int)}
    packed = sum(c.count for c in call.constants if c.name == "weights")
    if op.kind in _WITH_FINISH:
        law = _law(op.kind, call.kernel, packed, sizes, is_cold)
        finish = FINISHES[bool(sizes.get("exact_finish"))]
        return OpFeatures("/".join([call.kernel, finish, *law.switches]), _floats(*law.values))
    if op.kind in ("SOFTMAX", "LOG_SOFTMAX"):
        outputs = graph.tensors[op.outputs[0]].elements
        return OpFeatures("/".join([call.kernel, _reach(sizes)]), _floats(1, outputs))
    return OpFeatures(call.kernel, _floats(1, *_work(graph, op, call, sizes, packed)))


def _reach(sizes: Sizes) -> str:
    """Whether many differences have an exponential to compute. With a large input scale, it is 0 for most."""
    return FAR if -sizes["diff_min"] >= _FEW_DIFFERENCES else NEAR


def _work(graph: Graph, op: Op, call: Lowered, sizes: Sizes, packed: int) -> tuple[float, ...]:
    """What the kernels without a choice of requantization loop over."""
    shape = graph.tensors[op.outputs[0]].shape
    outputs, inputs = math.prod(shape), sum(graph.tensors[t].elements for t in graph.activation_inputs(op))
    if op.kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        return pool_work(sizes)
    if call.kernel == "mn_concat_s8":
        return _concatenation(call, sizes, outputs)
    if op.kind == "TRANSPOSE_CONV":
        return outputs, sizes["in_h"] * sizes["in_w"] * packed, inputs
    if op.kind == "BATCH_MATMUL":
        return outputs, outputs * sizes["depth"], inputs
    return outputs, inputs, packed


def _concatenation(call: Lowered, sizes: Sizes, outputs: int) -> tuple[float, ...]:
    """A copy per row and input; of whole words, unless a run ends within one."""
    runs = next(c.values for c in call.constants if c.name == "run_bytes")
    ragged = runs is not None and any(int(run) % 4 for run in runs.tolist())
    return sizes["outer"], sizes["outer"] * sizes["inputs"], outputs, outputs * ragged


def _law(kind: str, kernel: str, packed: int, sizes: Sizes, is_cold: bool) -> Law:
    if kernel.endswith("_direct_s8"):
        return direct_law(packed, sizes)
    if kind == "CONV_2D":
        return conv_law(kernel, packed, sizes)
    if kind == "FULLY_CONNECTED":
        return dense_law(packed, sizes, is_cold=is_cold)
    if kernel == "mn_depthwise_dsp":
        return strip_law(sizes)
    if kernel == "mn_depthwise_fours_dsp":
        return fours_law(sizes)
    return tap_list_law(sizes) if kernel == "mn_depthwise_pixels_dsp" else plane_law(sizes)


def _floats(*values: float) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
