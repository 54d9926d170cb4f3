"""The work of an op, in the few quantities that determine its kernel's time.

There is one linear formula per kernel class. A class is the kernel's name and the properties that switch it
to another inner loop: the long requantization, rows of whole words, the 3x3 special case. The quantities are
those that the kernels in firmware/lib/mn_kernels loop over; a kernel without its own formula uses set-up,
outputs and inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.codegen.lowering import Lowered
from micronas.latency.kernel_laws import Law, Sizes, conv_law, dense_law, plane_law, strip_law, tap_list_law
from micronas.model.graph import Graph, Op

_FINISHES = ("short", "exact")
_WITH_FINISH = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_BY_SCALES = (("mn_add_s8", "mn_add_dsp", "mn_add_equal_dsp"), ("mn_mul_s8", "mn_mul_dsp"))
"""Kernels of one op that the quantization chooses from."""


@dataclass(frozen=True)
class OpFeatures:
    """The features of an op: all ops of a ``kernel_class`` have the same list of ``values``."""

    kernel_class: str
    values: tuple[float, ...]


def features_of(graph: Graph, lowered: Sequence[Lowered]) -> tuple[OpFeatures, ...]:
    """One per op. ``graph`` needs its weights: they decide which requantization a kernel uses."""
    found, before = [], ""
    for op, call in zip(graph.ops, lowered, strict=True):
        found.append(_op_features(graph, op, call, is_cold=call.kernel != before))
        before = call.kernel
    return tuple(found)


def classes_before_training(op: OpFeatures) -> tuple[OpFeatures, ...]:
    """``op`` in each of its possible classes: the scales, which are known after training, decide between
    them.
    """
    kernel, *switches = op.kernel_class.split("/")
    if switches and switches[0] in _FINISHES:
        classes = ["/".join([kernel, finish, *switches[1:]]) for finish in _FINISHES]
    else:
        classes = next((list(kernels) for kernels in _BY_SCALES if kernel in kernels), [op.kernel_class])
    return tuple(OpFeatures(name, op.values) for name in classes)


def _op_features(graph: Graph, op: Op, call: Lowered, *, is_cold: bool) -> OpFeatures:
    sizes = {f.name.removeprefix("conv."): f.value for f in call.params if isinstance(f.value, int)}
    packed = sum(c.count for c in call.constants if c.name == "weights")
    if op.kind in _WITH_FINISH:
        law = _law(op.kind, call.kernel, packed, sizes, is_cold)
        finish = _FINISHES[bool(sizes.get("exact_finish"))]
        return OpFeatures("/".join([call.kernel, finish, *law.switches]), _floats(*law.values))
    return OpFeatures(call.kernel, _floats(1, *_work(graph, op, call, sizes, packed)))


def _work(graph: Graph, op: Op, call: Lowered, sizes: Sizes, packed: int) -> tuple[float, ...]:
    """What the kernels without a choice of requantization loop over."""
    shape = graph.tensors[op.outputs[0]].shape
    outputs, inputs = math.prod(shape), sum(graph.tensors[t].elements for t in graph.activation_inputs(op))
    if op.kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        return outputs, outputs * sizes["filter_h"] * sizes["filter_w"], outputs // shape[-1]
    if op.kind == "CONCATENATION":
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
    if kind == "CONV_2D":
        return conv_law(kernel, packed, sizes)
    if kind == "FULLY_CONNECTED":
        return dense_law(packed, sizes, is_cold=is_cold)
    if kernel == "mn_depthwise_dsp":
        return strip_law(sizes)
    return tap_list_law(sizes) if kernel == "mn_depthwise_pixels_dsp" else plane_law(sizes)


def _floats(*values: float) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
