"""Which channels must stay. An op that mixes channels needs a channel of its input unless the channel's
constant can be added exactly to its bias, or all its weights for the channel are zero. Ops that do not mix
channels have the same channels in inputs and outputs. All other ops, and the inputs and outputs of the graph,
need all channels. The set of needed channels only grows, so it is propagated until nothing changes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.constant_channels.channel_preserving import is_plain_mixer, is_tie
from micronas.model.constant_channels.values import VARIES, Values, channel_values
from micronas.model.graph import ABSENT, Graph, Op
from micronas.model.op_attributes import Conv2D, Padding

Mask = npt.NDArray[np.bool_]


def kept_channels(graph: Graph, values: Values) -> dict[int, Mask]:
    """Per activation, whether each channel stays; at least one does."""
    kept = {t: np.zeros(graph.tensors[t].shape[-1:] or (1,), np.bool_) for t in graph.activations}
    for t in (*graph.sources, *graph.outputs):
        kept[t][:] = True
    while True:
        before = {t: mask.copy() for t, mask in kept.items()}
        for op in reversed(graph.ops):
            _pass_on(graph, op, values, kept)
        for mask in kept.values():
            mask[0] |= not mask.any()
        if all(np.array_equal(before[t], mask) for t, mask in kept.items()):
            return kept


def _pass_on(graph: Graph, op: Op, values: Values, kept: dict[int, Mask]) -> None:
    sources = graph.activation_inputs(op)
    if is_plain_mixer(graph, op):
        kept[sources[0]] |= _needed_by_mixer(graph, op, values, kept[op.outputs[0]])
    elif is_tie(graph, op):
        ends = (*sources, op.outputs[0])
        union = np.logical_or.reduce([kept[t] for t in ends])
        for t in ends:
            kept[t] |= union
    else:
        for t in (*sources, *op.outputs):
            kept[t][:] = True


def _needed_by_mixer(graph: Graph, op: Op, values: Values, outputs: Mask) -> Mask:
    x, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]].data
    assert weights is not None
    assert x.quant is not None
    axes = tuple(range(weights.ndim - 1))
    used = np.asarray((weights[outputs] != 0).any(axis=axes))
    constant = channel_values(graph, op.inputs[0], values)
    neutral = constant == x.quant.zero_point[0]
    foldable = neutral | (constant != VARIES) if _folds(graph, op) else neutral
    return np.asarray(used & ~foldable)


def _folds(graph: Graph, op: Op) -> bool:
    """Whether a constant contributes equally to every output: there is a bias, and no padding in between."""
    if len(op.inputs) < 3 or op.inputs[2] == ABSENT:
        return False
    if not isinstance(op.attrs, Conv2D):
        return True
    return op.attrs.padding is Padding.VALID or graph.tensors[op.inputs[1]].shape[1:3] == (1, 1)
