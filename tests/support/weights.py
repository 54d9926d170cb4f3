"""Graphs of a shape alone, filled with weights for tests that need bytes but no sense in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from micronas.model.graph import Graph, Tensor
from micronas.model.net import Net, shape_graph


def zero_weights(net: Net) -> Graph:
    """The graph of ``net`` with zeros for weights: sizes and code do not depend on them."""
    return _filled(shape_graph(net), lambda tensor: np.zeros(tensor.shape))


def random_weights(graph: Graph) -> Graph:
    """The shape-only graph with small random weights."""
    rng = np.random.default_rng(3)
    return _filled(graph, lambda tensor: rng.integers(-9, 9, tensor.shape))


def _filled(graph: Graph, values: Callable[[Tensor], np.ndarray]) -> Graph:
    def filled(tensor: Tensor) -> Tensor:
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        return replace(tensor, data=values(tensor).astype(tensor.dtype.value))

    return replace(graph, tensors=tuple(filled(t) for t in graph.tensors))
