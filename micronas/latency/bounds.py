"""The fewest cycles of an op on a core with the DSP extension, without flash: an estimate for comparison.

Cycles per multiply-accumulate of a Cortex-M4 with two multiplications per SMLAD, operands loaded once per
register block and requantization without a branch, derived by hand for each kind of kernel. An op that takes
twice its bound could be twice as fast; one at 1.2 has little to gain.
"""

from __future__ import annotations

from micronas.board import Core
from micronas.model.graph import Graph, Op

_CONV, _WIDE_1X1, _NARROW_1X1, _STEM = 1.03, 1.08, 1.56, 1.20
_TILES = 0.56  # 16 of 36 multiplications; a tenth for transforms of inputs and sums, at 32 channels
_PLANES, _PIXELS, _DENSE = 1.98, 2.29, 1.23
_ADD_PER_OUTPUT = 12.0
_WIDE, _FEW = 32, 3
"""Input channels from which a 1x1 convolution is wide, and up to which a convolution is a stem."""


def bound_cycles(graph: Graph, op: Op, kernel: str, core: Core) -> float | None:
    """Cycles of a Cortex-M4; None for ops and cores that have no bound."""
    if not core.has_dsp:
        return None
    output = graph.tensors[op.outputs[0]]
    if op.kind == "ADD":
        return _ADD_PER_OUTPUT * output.elements
    per_mac = _per_mac(graph, op, kernel)
    return None if per_mac is None else per_mac * op_macs(graph, op)


def op_macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of a convolution or dense layer, padding included; 0 for any other op."""
    if op.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    output, weights = graph.tensors[op.outputs[0]], graph.tensors[op.inputs[1]]
    if op.kind == "FULLY_CONNECTED":
        return output.elements // weights.shape[0] * weights.elements
    return output.shape[1] * output.shape[2] * weights.elements


def _per_mac(graph: Graph, op: Op, kernel: str) -> float | None:
    if op.kind == "FULLY_CONNECTED":
        return _DENSE
    if op.kind == "DEPTHWISE_CONV_2D":
        return _PIXELS if "pixels" in kernel else _PLANES
    if op.kind != "CONV_2D":
        return None
    channels = graph.tensors[op.inputs[0]].shape[-1]
    if channels <= _FEW:
        return _STEM
    if "tiles" in kernel:
        return _TILES
    if "1x1" not in kernel:
        return _CONV
    return _WIDE_1X1 if channels >= _WIDE else _NARROW_1X1
