"""The relaxed stack of normal and reduction cells, with one set of edge weights per kind of cell."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.space.cell.arch import CELL_INPUTS
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.strategy.darts.mixture import conv_norm_relu, depthwise_norm_relu, mixed_edges
from micronas.strategy.dnas.parameters import FreshParameters, ParameterSource, StoredParameters

Tensor: TypeAlias = Any
Array: TypeAlias = npt.NDArray[np.float32]

NORMAL, REDUCTION = 0, 1


class CellSupernet:
    """All cells with ``nodes`` nodes. ``alphas`` is flat: per kind of cell the logits of all operations on
    all edges, then the logits of the edges (``alpha_count`` in all).
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        nodes: int,
        *,
        stack: tuple[bool, ...],
        channels: int,
        partial: int,
        seed: int,
    ) -> None:
        self._classes, self._channels, self._partial = classes, channels, partial
        self._edges, self._stack = CellEdges(nodes), stack
        count = len(self._edges.all)
        self._alpha_sizes = [count * len(OPS), count] * 2
        self.alpha_count = sum(self._alpha_sizes)
        fresh = FreshParameters(seed)
        self._forward(fresh, tf.zeros(self.alpha_count), tf.zeros((1, *input_shape)))
        self._shapes = [value.shape for value in fresh.values]
        self.initial: Array = np.concatenate([value.ravel() for value in fresh.values])

    def __call__(self, weights: Tensor, alphas: Tensor, x: Tensor) -> Tensor:
        """Logits (batch, classes)."""
        return self._forward(StoredParameters(self._shapes, weights, tf.zeros(0)), alphas, x)

    def edge_weights(self, alphas: Array) -> tuple[EdgeWeights, EdgeWeights]:
        """The weights of the normal and of the reduction cell for ``alphas``."""
        relaxed = self._relaxed(tf.constant(alphas))
        normal, reduction = (EdgeWeights(ops.numpy(), edges.numpy()) for ops, edges in relaxed)
        return normal, reduction

    def _relaxed(self, alphas: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Per kind of cell: softmax over operations (edges, ops), softmax over a node's edges (edges,)."""
        parts = tf.split(alphas, self._alpha_sizes)
        return [self._softmaxed(ops, edges) for ops, edges in zip(parts[::2], parts[1::2], strict=True)]

    def _softmaxed(self, ops: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        into = [tf.nn.softmax(tf.gather(edges, self._edges.into(n))) for n in range(self._edges.nodes)]
        return tf.nn.softmax(tf.reshape(ops, (-1, len(OPS)))), tf.concat(into, 0)

    def _forward(self, source: ParameterSource, alphas: Tensor, x: Tensor) -> Tensor:
        relaxed, channels = self._relaxed(alphas), self._channels
        before = conv_norm_relu(source, x, channels, 3, 2)
        previous = conv_norm_relu(source, depthwise_norm_relu(source, before, 3, 1), channels, 1, 1)
        for reduces in self._stack:
            channels *= 2 if reduces else 1
            ops, edges = relaxed[REDUCTION if reduces else NORMAL]
            inputs = _fitted(source, previous, before, channels)
            before, previous = previous, self._cell(source, inputs, ops, edges, reduces)
        features = tf.reduce_mean(previous, (1, 2))
        kernel = source.kernel((int(features.shape[-1]), self._classes), int(features.shape[-1]))
        return features @ kernel + source.vector(self._classes, 0.0)

    def _cell(
        self, source: ParameterSource, inputs: list[Tensor], ops: Tensor, edges: Tensor, reduces: bool
    ) -> Tensor:
        """Concatenated values of the nodes."""
        nodes = self._edges.nodes
        sums: list[Tensor] = [0.0] * nodes
        values = list(inputs)
        for index in range(CELL_INPUTS + nodes - 1):
            if index >= CELL_INPUTS:
                values.append(sums[index - CELL_INPUTS])
            leaving = self._edges.out_of(index)
            stride = 2 if reduces and index < CELL_INPUTS else 1
            mixed = mixed_edges(source, values[index], tf.gather(ops, leaving), stride, self._partial)
            for place, edge in enumerate(leaving):
                sums[self._edges.all[edge][1]] += edges[edge] * mixed[:, :, :, place]
        return tf.concat(sums, -1)


def _fitted(source: ParameterSource, previous: Tensor, before: Tensor, channels: int) -> list[Tensor]:
    """Both inputs in the cell's channels and in the plane of the later one."""
    stride = 2 if before.shape[1:3] != previous.shape[1:3] else 1
    return [
        conv_norm_relu(source, previous, channels, 1, 1),
        conv_norm_relu(source, before, channels, 1, stride),
    ]
