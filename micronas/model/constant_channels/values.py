"""Which channels of which tensors are constant, and their values. Op by op, an output channel is a candidate
if no channel that varies reaches it through a weight other than zero. The reference interpreter then runs the
op once on the constants, with arbitrary values for the other channels: a candidate is constant if it is
uniform over all pixels. A constant other than the zero point that enters a padded window is not uniform at
the border, and therefore not constant here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.constant_channels.channel_preserving import is_plain_mixer, is_tie
from micronas.model.graph import Graph, Op
from micronas.model.interpreter import run_batch

Values = dict[int, npt.NDArray[np.int64]]
"""Tensor -> the constant of each channel, or ``VARIES``. All channels of tensors that are not listed vary."""

VARIES = 1000


def constant_values(graph: Graph) -> Values:
    """The constant channels of every activation of ``graph``."""
    values: Values = {}
    for op in graph.ops:
        if not (is_plain_mixer(graph, op) or is_tie(graph, op)):
            continue
        candidates = _candidates(graph, op, values)
        if candidates.any():
            values[op.outputs[0]] = np.where(candidates, _uniform(graph, op, values), VARIES)
    return values


def channel_values(graph: Graph, tensor: int, values: Values) -> npt.NDArray[np.int64]:
    """``values`` of one tensor; ``VARIES`` for all channels if it is not listed."""
    return values.get(tensor, np.full(graph.tensors[tensor].shape[-1], VARIES, np.int64))


def _candidates(graph: Graph, op: Op, values: Values) -> npt.NDArray[np.bool_]:
    sources = [channel_values(graph, t, values) == VARIES for t in graph.activation_inputs(op)]
    varies = np.logical_or.reduce(sources)
    if is_plain_mixer(graph, op):
        return np.array([not row[..., varies].any() for row in _weights(graph, op)])
    if op.kind == "DEPTHWISE_CONV_2D":
        return np.asarray(~varies | ~_weights(graph, op)[0].any(axis=(0, 1)))
    return np.asarray(~varies)


def _weights(graph: Graph, op: Op) -> npt.NDArray[np.generic]:
    data = graph.tensors[op.inputs[1]].data
    assert data is not None, "constant channels can only be found in trained networks"
    return data


def _uniform(graph: Graph, op: Op, values: Values) -> npt.NDArray[np.int64]:
    """The value of every output channel that is uniform over all pixels; ``VARIES`` for the others."""
    sources = graph.activation_inputs(op)
    probe = Graph("probe", graph.tensors, (op,), sources, op.outputs)
    result = run_batch(probe, [_filled(graph, t, values) for t in sources])[0]
    rows = result.reshape(-1, result.shape[-1]).astype(np.int64)
    return np.where((rows == rows[0]).all(axis=0), rows[0], VARIES)


def _filled(graph: Graph, tensor: int, values: Values) -> npt.NDArray[np.int8]:
    shape, channels = graph.tensors[tensor].shape, channel_values(graph, tensor, values)
    return np.broadcast_to(np.where(channels == VARIES, 0, channels), shape).astype(np.int8)
