"""A network with a channel that no input can change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.model.graph import Graph


def with_constant_channel(graph: Graph, channel: int = 3) -> Graph:
    """``graph`` with zero weights and bias for one output of its first op."""
    weights, bias = graph.ops[0].inputs[1:3]
    tensors = list(graph.tensors)
    for t in (weights, bias):
        data = np.array(tensors[t].data)
        data[channel] = 0
        tensors[t] = replace(tensors[t], data=data)
    return replace(graph, tensors=tuple(tensors))
